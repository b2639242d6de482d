"""Who is who: stable 64-bit hashes by our own arithmetic, identities made from content, versions of files. No engine's hash() is stable."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from mta_assets.contracts.arrays import Ints

Words = NDArray[np.uint64]
LONGEST = 8192  # bytes of a text that the hash reads; what is longer never passes the rules
_CHUNK = 1 << 14  # texts hashed at once: their arrays stay in the processor's cache
_NULL = np.uint64(0x9E3779B97F4A7C15)
# The finaliser of splitmix64 (Steele, Lea, Flood 2014, doi:10.1145/2660193.2660195, as in Vigna's public-domain code): a
# bijection of 64-bit words in which every bit of the input moves every bit of the output.
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_SEED = np.uint64(0x2545F4914F6CDD1D)  # so that the empty text is not 0
_LOW_BYTES = np.array([(1 << (8 * count)) - 1 for count in range(9)], dtype=np.uint64)


def user_hash(user_id: pl.Series) -> pl.Series:
    """(rows,) Int64 of texts: the same for the same UTF-8 bytes in every version, on every machine."""
    return pl.Series(user_id.name, hash_texts(user_id).view(np.int64))


def file_version(path: Path) -> str:
    """The SHA-256 of the file's bytes, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_texts(texts: pl.Series) -> Words:
    """(rows,) uint64 of the texts' UTF-8 bytes, eight at a time: h = mix(h ^ word), from h = mix(length). Null has a number of its own."""
    array = texts.cast(pl.String).to_arrow().cast(pa.large_string())
    hashed = np.empty(len(array), dtype=np.uint64)
    for start in range(0, len(array), _CHUNK):
        hashed[start : start + _CHUNK] = _hash_bytes(array.slice(start, _CHUNK))
    if texts.null_count():
        hashed[texts.is_null().to_numpy()] = _NULL
    return hashed


def hash_values(values: pl.Series) -> Words:
    """(rows,) uint64 of whole numbers, moments, days, yes/no or money; null has a number of its own."""
    array = values.to_arrow()
    physical = values.to_physical()
    if isinstance(values.dtype, pl.Decimal):
        halves = np.frombuffer(array.buffers()[1], dtype=np.uint64).reshape(-1, 2)[array.offset : array.offset + len(array)]
        hashed = mix(mix(halves[:, 0].copy()) ^ halves[:, 1])
    else:
        hashed = mix(physical.cast(pl.Int64).fill_null(0).to_numpy().view(np.uint64).copy())
    if values.null_count():
        hashed[values.is_null().to_numpy()] = _NULL
    return hashed


def combine(parts: Iterable[Words]) -> Words:
    """(rows,) one hash of several, in their order."""
    combined: Words | None = None
    for part in parts:
        combined = mix(part.copy()) if combined is None else mix(combined ^ part)
    if combined is None:
        raise ValueError("combine needs at least one part")
    return combined


def mix(words: Words) -> Words:
    """Splitmix64's finaliser, in place: `words` are overwritten."""
    words ^= words >> np.uint64(30)
    words *= _FIRST
    words ^= words >> np.uint64(27)
    words *= _SECOND
    words ^= words >> np.uint64(31)
    return words


def made_identities(content: Words, occurrence: Ints) -> pl.Series:
    """(rows,) 'hex of the content - occurrence': the identity of rows that name none."""
    digits = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
    octets = content.astype(">u8").view(np.uint8)
    hexadecimal = np.stack([digits[octets >> 4], digits[octets & 15]], axis=1).reshape(-1)
    offsets = np.arange(0, 16 * len(content) + 1, 16, dtype=np.int64)
    texts = pa.LargeStringArray.from_buffers(len(content), pa.py_buffer(offsets), pa.py_buffer(hexadecimal))
    return pl.select(pl.concat_str(pl.Series(texts), pl.lit("-"), pl.Series(occurrence).cast(pl.String))).to_series()


def _hash_bytes(array: pa.LargeStringArray) -> Words:
    _, offsets_buffer, data = array.buffers()
    offsets = np.frombuffer(offsets_buffer, dtype=np.int64)[array.offset : array.offset + len(array) + 1]
    first, last = int(offsets[0]), int(offsets[-1])
    padded = np.zeros(last - first + 8, dtype=np.uint8)
    if last > first:
        padded[:-8] = np.frombuffer(data, dtype=np.uint8)[first:last]
    words = np.ndarray((len(padded) - 7,), dtype="<u8", buffer=padded, strides=(1,))  # the eight bytes from each byte on
    length = np.diff(offsets)
    hashed = mix(length.astype(np.uint64) + _SEED)
    at, left = offsets[:-1] - first, np.minimum(length, LONGEST)
    row: Ints | slice = slice(None)
    while True:
        unfinished = left > 0
        if not unfinished.all():
            row, at, left = np.arange(len(hashed))[row][unfinished], at[unfinished], left[unfinished]
        if not len(left):
            return hashed
        hashed[row] = mix(hashed[row] ^ (words[at] & _LOW_BYTES[np.minimum(left, 8)]))
        at, left = at + 8, left - 8
