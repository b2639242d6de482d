"""What an untrusted file is and whether it may be read: its format by content, what it unpacks to, how much a Parquet file holds. Reads in blocks.

A file that passes may still have bad rows, or fail as a whole; it is none of the known ways to make its reader run out of memory.
"""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import zstandard

from mta_assets.errors import DataError, ForeignFormatError, TooLargeError
from mta_assets.ingest.streams import CHUNK
from mta_assets.jobs.foreign import LOOKED_AT_BYTES, foreign

READ: Final = "CSV, JSON, NDJSON and Parquet, also compressed with gzip or zstandard"
_GZIP, _ZSTD, _PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"
_MEGABYTE = 1_000_000
_MOST_WINDOW_BYTES = 1 << 27
_PARQUET_BATCH_ROWS = 1 << 16
_REPEATING_BELOW_BYTES = 8  # a value


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much may be read. ratio: what is unpacked may be so many times the file, once it is over `ratio_from_bytes`.

    cells: rows x columns of a Parquet file, which can be billions in a few bytes.
    """

    unpacked_bytes: int = 1_000 * _MEGABYTE
    ratio: int = 200
    ratio_from_bytes: int = 20 * _MEGABYTE
    cells: int = 500_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """A file that may be read. packed: gzip, zstd or None; unpacked_bytes: of its text, or of the values that a Parquet file holds."""

    packed: str | None
    unpacked_bytes: int


def screen(path: Path, limits: Limits) -> Screened:
    """What the file is. Raises ForeignFormatError, TooLargeError, and DataError when it cannot even be unpacked."""
    size = path.stat().st_size
    with path.open("rb") as raw:
        first = raw.read(LOOKED_AT_BYTES)
        raw.seek(0)
        packed = "gzip" if first.startswith(_GZIP) else "zstd" if first.startswith(_ZSTD) else None
        if packed:
            return Screened(packed=packed, unpacked_bytes=_unpacked(raw, packed, size, limits))
    if first.startswith(_PARQUET):
        return Screened(packed=None, unpacked_bytes=_held(path, limits))
    _refuse_foreign(first)
    if size > limits.unpacked_bytes:
        raise _too_large(limits)
    return Screened(packed=None, unpacked_bytes=size)


def _refuse_foreign(first: bytes, inside: str = "") -> None:
    what = foreign(first)
    if what:
        raise ForeignFormatError(f"It is {what}{inside}, by its content. What is read: {READ}.")


def _unpacked(raw: IO[bytes], packed: str, size: int, limits: Limits) -> int:
    """How many bytes it unpacks to; nothing of it is kept."""
    total = 0
    with _damage_told(packed):
        blocks = _blocks(raw, packed)
        first = next(blocks, b"")
        if first.startswith((_GZIP, _ZSTD)):
            raise ForeignFormatError(f"It is compressed twice. What is read: {READ}.")
        if first.startswith(_PARQUET):
            raise ForeignFormatError("It is a Parquet file that was compressed as a whole. Send it as it is: Parquet is compressed within.")
        _refuse_foreign(first[:LOOKED_AT_BYTES], f" compressed with {packed}")
        for block in chain([first], blocks):
            total += len(block)
            if total > limits.unpacked_bytes:
                raise _too_large(limits)
            if total > limits.ratio_from_bytes and total > limits.ratio * size:
                raise TooLargeError(f"It unpacks to more than {limits.ratio} times its size, which no event file does.")
    return total


def _blocks(raw: IO[bytes], packed: str) -> Iterator[bytes]:
    unpacking: gzip.GzipFile | zstandard.ZstdDecompressionReader
    if packed == "gzip":
        unpacking = gzip.GzipFile(fileobj=raw)
    else:
        unpacking = zstandard.ZstdDecompressor(max_window_size=_MOST_WINDOW_BYTES).stream_reader(raw, read_across_frames=True)
    while block := unpacking.read(CHUNK):
        yield block


@contextmanager
def _damage_told(packed: str) -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError, zlib.error, zstandard.ZstdError) as error:
        raise DataError(f"It is cut short or damaged: {packed} cannot unpack it. Send it again, complete.") from error


def _held(path: Path, limits: Limits) -> int:
    """The bytes of the values in a Parquet file, counted from their lengths: a value that is repeated is not made more than once."""
    try:
        about = pq.read_metadata(path)
        with pq.ParquetFile(path, read_dictionary=_repeating(about)) as file:
            if about.num_rows * max(about.num_columns, 1) > limits.cells:
                raise TooLargeError(f"It has {about.num_rows:,} rows x {about.num_columns:,} columns; {limits.cells:,} cells may be sent.")
            total = 0
            for batch in file.iter_batches(batch_size=_PARQUET_BATCH_ROWS):
                total += sum(_bytes_of(column) for column in batch.columns)
                if total > limits.unpacked_bytes:
                    raise _too_large(limits)
            return total
    except (pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"The Parquet file is cut short or damaged ({reason}). Send it again, complete.") from error


def _repeating(about: pq.FileMetaData) -> list[str]:
    """The columns whose values are stored once and referred to: what they hold can be much more than what is stored."""
    chunks = [about.row_group(group).column(column) for group in range(about.num_row_groups) for column in range(about.num_columns)]
    return sorted({chunk.path_in_schema for chunk in chunks if chunk.total_uncompressed_size < _REPEATING_BELOW_BYTES * chunk.num_values})


def _is_text(kind: pa.DataType) -> bool:
    return any(is_kind(kind) for is_kind in (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary))


def _bytes_of(column: pa.Array) -> int:
    if not (pa.types.is_dictionary(column.type) and _is_text(column.type.value_type)):
        return int(column.nbytes)
    lengths = pc.binary_length(column.dictionary).cast(pa.int64())
    return int(pc.sum(lengths.take(column.indices)).as_py() or 0)


def _too_large(limits: Limits) -> TooLargeError:
    return TooLargeError(
        f"It holds more than {limits.unpacked_bytes // _MEGABYTE:,} MB once unpacked, which is what may be read. Split it."
    )
