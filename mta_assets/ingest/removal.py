"""A raw file without some of its rows: same format, encoding and compression, the other rows byte for byte. Which rows, and where to, callers say."""

import codecs
import gzip
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import IO, cast

import pyarrow as pa
import pyarrow.parquet as pq

from mta_assets.config import SourceConfig
from mta_assets.errors import DataError
from mta_assets.ingest.readers.base import BATCH_BYTES
from mta_assets.ingest.readers.csv import found_delimiter
from mta_assets.ingest.readers.detect import PARQUET, format_of
from mta_assets.ingest.streams import CHUNK, GZIP, ZSTD, opened, utf16

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


def write_without(path: Path, target: Path, rows: Collection[int], source: SourceConfig) -> None:
    """Write to `target` what `path` says without these rows, numbered as its reader counts. Raises DataError when the file cannot be read."""
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == PARQUET:
        _write_parquet(path, target, rows)
        return
    with opened(path) as stream, _compressed(target, magic) as out:
        encoding = utf16(first := stream.peek(CHUNK), source.encoding)
        pieces = iter(lambda: stream.read(CHUNK), b"")
        if encoding:
            text = b"".join(pieces).decode(encoding).encode("utf-8", "surrogatepass")
            out.write(b"".join(_without([text], rows, source, first=text[:CHUNK])).decode("utf-8", "surrogatepass").encode(encoding))
        else:
            out.writelines(_without(pieces, rows, source, first=first))


def _compressed(target: Path, magic: bytes) -> IO[bytes]:
    if magic.startswith(GZIP):
        return cast("IO[bytes]", gzip.GzipFile(target, "wb", mtime=0))
    return cast("IO[bytes]", pa.CompressedOutputStream(str(target), "zstd")) if magic.startswith(ZSTD) else target.open("wb")


def _without(pieces: Iterable[bytes], rows: Collection[int], source: SourceConfig, *, first: bytes) -> Iterator[bytes]:
    """The text of one of the text formats without the rows. Structure is ASCII in every encoding but UTF-16, so that the rest need not be understood."""
    first = first.removeprefix(codecs.BOM_UTF8)
    written: Callable[[], Iterator[bytes]] = {
        "csv": lambda: _csv(pieces, rows, source, first),
        "ndjson": lambda: _ndjson(pieces, rows),
        "json": lambda: _json(b"".join(pieces).decode("latin-1"), rows),
    }[format_of(first, source)]
    return written()


def _csv(pieces: Iterable[bytes], rows: Collection[int], source: SourceConfig, first: bytes) -> Iterator[bytes]:
    quote, delimiter = source.quote.encode(), found_delimiter(first, source).encode()
    number, is_open, begun = 0, False, False
    for line in _lines(pieces):
        begun = begun or bool(line.strip(b"\r\n"))
        if not is_open:
            number += 1
        is_open = begun and _open_after(line, delimiter, quote, is_open=is_open)
        if number not in rows:
            yield line


def _open_after(line: bytes, delimiter: bytes, quote: bytes, *, is_open: bool) -> bool:
    """Whether a quoted cell is still open at the line's end. is_open: whether one was at its start."""
    at = 0
    if not is_open and line.startswith(quote):
        is_open, at = True, 1
    while True:
        while is_open:
            end = line.find(quote, at)
            if end < 0:
                return True
            is_open = line[end + 1 : end + 2] == quote  # two stand for one
            at = end + (2 if is_open else 1)
        cut = line.find(delimiter, at)
        if cut < 0:
            return False
        at = cut + len(delimiter)
        if line.startswith(quote, at):
            is_open, at = True, at + 1


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Lines with their ends: CR LF, LF or CR."""
    held = b""
    for piece in pieces:
        *whole, held = (held + piece).splitlines(keepends=True) or [b""]
        yield from whole
        if held.endswith(b"\n"):
            yield held
            held = b""
    yield from held.splitlines(keepends=True)


def _ndjson(pieces: Iterable[bytes], rows: Collection[int]) -> Iterator[bytes]:
    text = _Readable(pieces)
    for number, line in enumerate(iter(lambda: text.readline(BATCH_BYTES), b""), start=1):
        if number not in rows:
            yield line


class _Readable:
    """Pieces of bytes as lines that end at LF alone, as the reader of NDJSON counts them."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces, self._held = iter(pieces), b""

    def readline(self, size: int) -> bytes:
        """The next line with its end, or `size` bytes of it."""
        while b"\n" not in self._held and len(self._held) < size and (piece := next(self._pieces, b"")):
            self._held += piece
        end = self._held.find(b"\n", 0, size)
        cut = size if end < 0 else end + 1
        line, self._held = self._held[:cut], self._held[cut:]
        return line


def _json(text: str, rows: Collection[int]) -> Iterator[bytes]:
    """text: every byte as one character."""
    try:
        start = _array(text, _SPACE.match(text, 3 if text.startswith("ï»¿") else 0).end())  # type: ignore[union-attr]  # it matches nothing as well
        yield from (part.encode("latin-1") for part in _json_parts(text, start, rows))
    except (ValueError, RecursionError) as error:
        raise DataError(f"It cannot be taken apart as JSON ({error}). Send it again, complete and valid.") from error


def _json_parts(text: str, start: int | None, rows: Collection[int]) -> Iterator[str]:
    if start is None:  # the document itself is the one row
        yield "[]\n" if 1 in rows else text
        return
    elements, end = _elements(text, start + 1)
    kept = [element for number, element in enumerate(elements, start=1) if number not in rows]
    yield from (text[: start + 1], ",".join(kept), text[end:])


def _elements(text: str, at: int) -> tuple[list[str], int]:
    """The elements of the array that was opened before `at`, each with the white space before it, and where it is closed."""
    elements: list[str] = []
    while True:
        begin = _after_space(text, at)
        if text[begin : begin + 1] == "]":
            return elements, begin
        _, end = _DECODER.raw_decode(text, begin)
        elements.append(text[at:end])
        at = _after_space(text, end)
        if text[at : at + 1] == ",":
            at += 1


def _array(text: str, at: int) -> int | None:
    """Where the array of rows begins: the document, or the first array of objects within it; None when there is none."""
    if text[at : at + 1] == "[":
        return at
    if text[at : at + 1] != "{":
        return None
    at = _after_space(text, at + 1)
    while text[at : at + 1] != "}":
        _, end = _DECODER.raw_decode(text, at)  # the key
        value = _after_space(text, text.index(":", end) + 1)
        if text[value : value + 1] == "[" and text.startswith("{", _after_space(text, value + 1)):
            return value
        _, end = _DECODER.raw_decode(text, value)
        at = _after_space(text, end)
        if text[at : at + 1] == ",":
            at = _after_space(text, at + 1)
    return None


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _write_parquet(path: Path, target: Path, rows: Collection[int]) -> None:
    file = pq.ParquetFile(path)
    columns = file.metadata.row_group(0) if file.num_row_groups else None
    codec = columns.column(0).compression if columns is not None and columns.num_columns else "SNAPPY"
    done = 0
    with pq.ParquetWriter(target, file.schema_arrow, compression="NONE" if codec == "UNCOMPRESSED" else codec) as writer:
        for batch in file.iter_batches():
            kept = [index for index in range(batch.num_rows) if done + index + 1 not in rows]
            done += batch.num_rows
            writer.write_batch(batch.take(pa.array(kept, pa.int64())))
