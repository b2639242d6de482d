"""CSV: delimiter and header found, cells read by Arrow in blocks, every row numbered as a spreadsheet does. A bad row is set aside, not fatal."""

import csv
import io
import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv as arrow_csv

from mta_assets.config import SourceConfig
from mta_assets.contracts.arrays import Ints
from mta_assets.errors import DataError
from mta_assets.ingest.readers.base import BATCH_BYTES, MAX_RECORD, MOST_COLUMNS, Batches, Malformed, RawBatch, RawTable, unique_names
from mta_assets.ingest.readers.lines import Ahead, Lines
from mta_assets.ingest.readers.text import cells_as_json, shown, text_cells
from mta_assets.ingest.streams import Stream

DELIMITERS = (",", ";", "\t", "|")
_SNIFFED_ROWS = 50
_BLOCKS_AHEAD = 4
_MOST_MALFORMED = 500_000  # in one go, without a sound row: they are held in memory until the next sound row


def read_csv(text: Stream, source: SourceConfig) -> RawTable:
    """The table in `text` (UTF-8 bytes). Raises DataError, at once or while it is read, when it is no table."""
    lines = Lines(text, source.quote)
    sample = lines.first.decode("utf-8", "replace")
    delimiter = source.delimiter or _delimiter(sample, source.quote)
    header = next(iter(_rows(sample, delimiter, source.quote, 1)), [])
    if not header:
        return RawTable(batches=_none(), fixed_columns=True)
    if len(header) > MOST_COLUMNS:
        raise DataError(
            f"The header has {len(header):,} columns; {MOST_COLUMNS:,} are read at most. Check the delimiter, or leave columns out."
        )
    batches = _batches(_Blocks(lines, unique_names(header), delimiter, source.quote))
    return RawTable(batches=batches, fixed_columns=True, hint=_delimiter_hint(header, delimiter))


def found_delimiter(first: bytes, source: SourceConfig) -> str:
    """What separates the cells of text that starts with these bytes."""
    return source.delimiter or _delimiter(first.lstrip(b"\r\n").decode("utf-8", "replace"), source.quote)


def _rows(sample: str, delimiter: str, quote: str, most: int) -> list[list[str]]:
    rows = []
    try:
        for row in itertools.islice(csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter, quotechar=quote), most):
            rows.append(row)  # noqa: PERF402  what was read before an error counts
    except csv.Error:
        pass  # a cell too large for a header or a guess
    return rows


def _delimiter(sample: str, quote: str) -> str:
    """The usual delimiter that cuts the header and the rows under it into the same number of cells, the most cells on a tie."""

    def fit(delimiter: str) -> tuple[float, int]:
        widths = [len(row) for row in _rows(sample, delimiter, quote, _SNIFFED_ROWS) if row]
        return (widths.count(widths[0]) / len(widths), widths[0]) if widths and widths[0] > 1 else (0.0, 0)

    return max(DELIMITERS, key=fit)


def _delimiter_hint(header: list[str], delimiter: str) -> str:
    others = [other for other in (*DELIMITERS, ":", "^", "~") if other != delimiter and other in header[0]]
    if len(header) > 1 or not others:
        return ""
    return f"The whole header is one column and contains {others[0]!r}: set delimiter: {others[0]!r} for this source in mta.yaml. "


class _Blocks:
    """Arrow's streaming reader over the lines: blocks of sound rows, and the numbers and texts of the others."""

    def __init__(self, lines: Lines, names: tuple[str, ...], delimiter: str, quote: str) -> None:
        self.lines, self.names = lines, names
        self.malformed: list[Malformed] = []
        self._ahead = Ahead(lines, _BLOCKS_AHEAD)
        self._set_aside_bytes = 0
        self._keys = [str(position) for position in range(len(names))]  # names may repeat each other's spelling, positions do not
        self._parse = arrow_csv.ParseOptions(
            delimiter=delimiter,
            quote_char=quote,
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=self._set_aside,
        )

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            reader = self._opened()  # outlives the loop: freeing it waits for its thread, which `end` lets go
            self._ahead.opened()
            for block in reader:
                self._ahead.used()
                yield block
        except pa.ArrowInvalid as error:
            raise DataError(self._why(str(error))) from error
        finally:
            self._ahead.end()

    def _opened(self) -> arrow_csv.CSVStreamingReader:
        return arrow_csv.open_csv(
            self._ahead,
            read_options=arrow_csv.ReadOptions(block_size=BATCH_BYTES, use_threads=False, column_names=self._keys, skip_rows_after_names=1),
            parse_options=self._parse,
            convert_options=arrow_csv.ConvertOptions(
                check_utf8=False,  # `Lines` has seen to it
                column_types=dict.fromkeys(self._keys, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )

    def _set_aside(self, row: arrow_csv.InvalidRow) -> str:
        self.malformed.append(
            Malformed(
                row=row.number + self.lines.skipped,
                reason=f"has {row.actual_columns} fields where the header has {row.expected_columns}",
                remedy="quote fields that contain the delimiter; a field too few or many may also be a missing closing quote further up",
                record=shown(row.text[:MAX_RECORD]),
            )
        )
        self._set_aside_bytes += len(row.text) + 1
        if self._set_aside_bytes > BATCH_BYTES // 8:  # of a block without any sound row nothing else tells that it was used
            self._ahead.used()
            self._set_aside_bytes = 0
        return "skip" if len(self.malformed) <= _MOST_MALFORMED else "error"

    def _why(self, error: str) -> str:
        if len(self.malformed) > _MOST_MALFORMED:
            first = self.malformed[0]
            return f"{_MOST_MALFORMED:,} rows on end do not fit the header (row {first.row} {first.reason}). Check delimiter and quote."
        if "straddl" in error:
            return (
                f"A row is longer than {BATCH_BYTES >> 20} MB: usually a quote that is never closed. Check the quoting and send it again."
            )
        return f"It cannot be taken apart as CSV ({error}). Check delimiter and quote, or declare the source's format in mta.yaml."


def _none() -> Batches:
    yield from ()


def _batches(blocks: _Blocks) -> Batches:
    empty = RawBatch.empty(blocks.names)
    yield empty  # so that a header alone is checked like any other
    following = blocks.lines.skipped + 2  # the header is the row before
    for block, is_last in _marking_last(iter(blocks)):
        row, malformed = _numbered(block.num_rows, following, blocks.malformed)
        del blocks.malformed[: len(malformed)]
        following = max([int(row[-1]) if len(row) else 0, *(bad.row for bad in malformed[-1:]), following - 1]) + 1
        unclosed = is_last and blocks.lines.quotes % 2 == 1
        yield _batch(block.rename_columns(blocks.names), row, malformed, marked=blocks.lines.marked, unclosed=unclosed)
    yield replace(empty, malformed=tuple(blocks.malformed))


def _marking_last(blocks: Iterator[pa.RecordBatch]) -> Iterator[tuple[pa.RecordBatch, bool]]:
    held = next(blocks, None)
    while held is not None:
        following = next(blocks, None)
        yield held, following is None
        held = following


def _numbered(sound: int, first: int, malformed: list[Malformed]) -> tuple[Ints, list[Malformed]]:
    """The numbers of a block's `sound` rows, from `first` on, and which malformed rows stand among them (those after belong to later blocks)."""
    irregular = np.array([bad.row for bad in malformed], dtype=np.int64)
    sound_before = irregular - first - np.arange(len(irregular))
    index = np.arange(sound)
    row = first + index + np.searchsorted(sound_before, index, side="right")
    return row, malformed[: int(np.searchsorted(sound_before, sound, side="left"))]


def _batch(block: pa.RecordBatch, row: Ints, malformed: list[Malformed], *, marked: bool, unclosed: bool) -> RawBatch:
    cells, row, garbled = text_cells(block, row, marked=marked)
    if cells.height and all(cells.select(pl.all().null_count()).row(0)):
        blank = cells.select(pl.all_horizontal(pl.all().is_null())).to_series()
        cells, row = cells.filter(~blank), row[~blank.to_numpy()]
    if unclosed and cells.height and any("\n" in (cell or "") for cell in cells.row(-1)):
        malformed = [*malformed, _swallowed(cells.tail(1), int(row[-1]))]
        cells, row = cells.head(-1), row[:-1]
    return RawBatch(cells=cells, row=row, malformed=(*malformed, *garbled))


def _swallowed(cells: pl.DataFrame, row: int) -> Malformed:
    return Malformed(
        row=row,
        reason="opens a quote that is never closed, so that the lines after it look like one cell",
        remedy="close the quote in this row and send the file again",
        record=cells_as_json(cells)[0],
    )
