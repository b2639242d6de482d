"""About how many rows a file has, from its size and its beginning: good enough to say how far its reading is. The rows themselves are not read."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from mta_assets.ingest.streams import opened

_SAMPLE_BYTES = 1 << 18
_HEAD_BYTES = 64  # the longest header of a zstandard frame has 18
_GZIP, _ZSTD, _PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"


def expected_rows(path: Path) -> float:
    """At least 1. Raises DataError when the file cannot be opened."""
    with opened(path) as text:
        sample = text.read(_SAMPLE_BYTES)
    if sample.startswith(_PARQUET):
        return _parquet_rows(path)
    records = sample.count(b"{") if sample.lstrip()[:1] in (b"{", b"[") else sample.count(b"\n")
    return max(1.0, _unpacked_bytes(path) * records / max(1, len(sample)))


def _parquet_rows(path: Path) -> float:
    try:
        return max(1.0, float(pq.read_metadata(path).num_rows))
    except (pa.ArrowException, OSError):  # a damaged file is refused where it is read, in words
        return 1.0


def _unpacked_bytes(path: Path) -> int:
    """The size of the text, as far as the compressed file says: gzip modulo 4 GB, zstandard where its writer knew it."""
    packed = path.stat().st_size
    with path.open("rb") as raw:
        head = raw.read(_HEAD_BYTES)
        if head.startswith(_GZIP):
            raw.seek(max(0, packed - 4))
            return max(packed, int.from_bytes(raw.read(4), "little"))
    if head.startswith(_ZSTD):
        return max(packed, zstandard.frame_content_size(head))
    return packed
