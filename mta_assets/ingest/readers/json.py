"""JSON (an array of objects, or an object that holds one) and NDJSON. Numbers keep the text they were written in, as in CSV."""

import json
import re
import sys
from collections.abc import Iterator
from decimal import Decimal

import ijson
import numpy as np
import polars as pl

from mta_assets.config import SourceConfig
from mta_assets.errors import DataError
from mta_assets.ingest.readers.base import BATCH_BYTES, MAX_RECORD, MOST_COLUMNS, Batches, Malformed, RawBatch, RawTable
from mta_assets.ingest.streams import Stream

Numbered = tuple[int, object]
Cells = dict[str, str | None]
Events = Iterator[tuple[str, object]]
_BATCH_ROWS = 50_000
_DEEPEST = 64
_MOST_DIGITS = sys.int_info.default_max_str_digits
_TOO_LONG = re.compile(rb"[0-9]{%d}" % (_MOST_DIGITS + 1))


def read_ndjson(text: Stream, _: SourceConfig) -> RawTable:
    """One JSON object per line; a line that is none is set aside. A row's number is its line's."""
    return RawTable(batches=_batches(_parsed_lines(text)), fixed_columns=False)


def read_json(text: Stream, _: SourceConfig) -> RawTable:
    """The objects of the array that the document is or holds, streamed. Raises DataError where the document breaks off."""
    return RawTable(batches=_batches(_parsed_items(text)), fixed_columns=False)


def is_one_document(first: bytes) -> bool:
    """Whether text that starts with these bytes is one JSON document rather than one object per line."""
    start = first.lstrip()
    if not start.startswith(b"{"):
        return start.startswith(b"[")
    line, _, rest = start.partition(b"\n")
    another = rest.lstrip().startswith(b"{")
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return not (another and line.rstrip().endswith(b"}"))
    return not another and any(isinstance(value, list) and value and isinstance(value[0], dict) for value in record.values())


def _parsed_lines(text: Stream) -> Iterator[Numbered | Malformed]:
    for number, line in enumerate(iter(lambda: text.readline(BATCH_BYTES), b""), start=1):
        if not line.strip():
            continue
        try:
            yield number, json.loads(line, parse_float=Decimal, parse_constant=_missing_or_text)
        except (ValueError, RecursionError) as error:
            yield Malformed(
                row=number,
                reason=f"is no JSON object: {str(error)[:200]}",
                remedy="write one complete JSON object per line",
                record=line[:MAX_RECORD].decode("utf-8", "replace"),
            )


def _missing_or_text(constant: str) -> str | None:
    """NaN is how data frames write a missing number; the infinities are numbers that no rule lets pass."""
    return None if constant == "NaN" else constant


def _parsed_items(text: Stream) -> Iterator[Numbered]:
    number = 0
    try:
        for number, item in enumerate(_items(ijson.basic_parse(_Readable(text))) if text.peek(1) else (), start=1):
            yield number, item
    except (ijson.JSONError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"The JSON breaks off after {number:,} rows: {reason}. Send the file again, complete and valid.") from error


class _Readable:
    """A document that is not read on where a number has more digits than Python reads: ijson's parser in C breaks the process there."""

    def __init__(self, text: Stream) -> None:
        self._text, self._end = text, b""

    def read(self, size: int = -1) -> bytes:
        """The next bytes. Raises ValueError when they have, with those before, too many digits in a row."""
        data = self._text.read(size)
        around = self._end + data
        if _TOO_LONG.search(around):
            raise ValueError(f"it has a number of more than {_MOST_DIGITS:,} digits")
        self._end = around[-_MOST_DIGITS:]
        return data


def _items(events: Events) -> Iterator[object]:
    """The elements of the array that the document is, or of the first array of objects within it; else the document itself."""
    event, value = next(events)
    if event == "start_array":
        yield from _elements(events)
    elif event != "start_map":
        yield value
    else:
        yield from _elements_within(events)
    for _ in events:  # to its end, where what should not follow is found
        pass


def _elements(events: Events) -> Iterator[object]:
    for event, value in events:
        if event == "end_array":
            return
        yield _built(event, value, events)


def _elements_within(events: Events) -> Iterator[object]:
    """Of an object that was just opened."""
    document: dict[str, object] = {}
    is_found = False
    for what, key in events:
        if what == "end_map":
            break
        event, value = next(events)
        first = next(events) if event == "start_array" and not is_found else None
        if first is not None and first[0] == "start_map":
            is_found = True
            yield _built(*first, events)
            yield from _elements(events)
        elif first is not None:
            document[str(key)] = [_built(*first, events), *_elements(events)] if first[0] != "end_array" else []
        else:
            built = _built(event, value, events)
            document |= {} if is_found else {str(key): built}
    if not is_found:
        yield document


def _built(event: str, value: object, events: Events, depth: int = 0) -> object:
    """The value that starts with this event. ijson's own builder needs memory that grows with the square of the depth."""
    if depth > _DEEPEST:
        raise ValueError(f"values are nested more than {_DEEPEST} deep")
    if event == "start_array":
        return [_built(*element, events, depth + 1) for element in iter(lambda: next(events), ("end_array", None))]
    if event == "start_map":
        return {str(key): _built(*next(events), events, depth + 1) for _, key in iter(lambda: next(events), ("end_map", None))}
    return value


def _batches(parsed: Iterator[Numbered | Malformed]) -> Batches:
    """Batches of bounded size. The loop over rows is the price of JSON: each object is parsed by itself."""
    rows: dict[int, Cells] = {}
    malformed: list[Malformed] = []
    size = 0
    for row in parsed:
        number, cells = (row.row, row) if isinstance(row, Malformed) else (row[0], _cells(*row))
        if isinstance(cells, Malformed):
            malformed.append(cells)
        else:
            rows[number] = cells
            size += sum(len(name) + len(cell or "") for name, cell in cells.items())
        if size > BATCH_BYTES // 2 or len(rows) + len(malformed) >= _BATCH_ROWS:
            yield _batch(rows, malformed)
            rows, malformed, size = {}, [], 0
    yield _batch(rows, malformed)


def _batch(rows: dict[int, Cells], malformed: list[Malformed]) -> RawBatch:
    names = dict.fromkeys(name for cells in rows.values() for name in cells)
    if len(names) > MOST_COLUMNS:
        raise DataError(
            f"Its objects have {len(names):,} different keys; {MOST_COLUMNS:,} are read at most. A key names a column, not a value."
        )
    frame = pl.DataFrame({name: [cells.get(name) for cells in rows.values()] for name in names}, schema=dict.fromkeys(names, pl.String))
    return RawBatch(cells=frame, row=np.fromiter(rows, dtype=np.int64, count=len(rows)), malformed=tuple(malformed))


def _cells(number: int, parsed: object) -> Cells | Malformed:
    """The object's values as text, empty ones as None; what is nested stays JSON."""
    if not isinstance(parsed, dict):
        return _unusable(number, parsed, f"it is a {type(parsed).__name__}")
    try:
        cells = {name.strip(): _text(value) for name, value in parsed.items()}
        "".join((*cells, *filter(None, cells.values()))).encode()  # a lone surrogate is no text
    except (ValueError, RecursionError) as error:
        return _unusable(number, parsed, str(error)[:200])
    return cells


def _unusable(number: int, parsed: object, why: str) -> Malformed:
    return Malformed(
        row=number,
        reason=f"is no usable JSON object: {why}",
        remedy="write each row as one flat JSON object with valid text",
        record=ascii(parsed)[:MAX_RECORD],
    )


def _text(value: object) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str) if isinstance(value, dict | list) else str(value)
