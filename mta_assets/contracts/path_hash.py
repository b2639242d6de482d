"""The stable 64-bit identity of a path, in plain arithmetic: no engine's `hash()` enters it. Journeys store it, models look it up.

A path's hash is the sum, mod 2^64, of a mixed number per (unit, position), mixed once more with the length. A sum over positions needs no loop over
paths, and the hash of a path without one touch follows from two running sums.
"""

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from mta_assets.contracts.arrays import Ints

Hashes = NDArray[np.uint64]

_STRIDE = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio, the increment of SplitMix64


def unit_hashes(units: tuple[str, ...]) -> Hashes:
    """(units,) uint64 hash of each name's UTF-8 bytes: the same on every machine, in every version."""
    return np.array([int.from_bytes(blake2b(unit.encode(), digest_size=8).digest(), "little") for unit in units], dtype=np.uint64)


def path_hashes(hash_per_touch: Hashes, offsets: Ints) -> Ints:
    """(paths,) int64 hash of each path. hash_per_touch: (touches,) the unit hash of every touch; offsets: (paths + 1,). An empty path has one too."""
    length = np.diff(offsets)
    total = _running(_mix(hash_per_touch, _position(offsets)))
    return _finish(total[offsets[1:]] - total[offsets[:-1]], length)


def hashes_without_each(hash_per_touch: Hashes, offsets: Ints) -> Ints:
    """(touches,) int64: for every touch, the hash of its path without that touch (the touches after it move up by one)."""
    length = np.diff(offsets)
    path = np.repeat(np.arange(len(length)), length)
    position = _position(offsets)
    staying = _running(_mix(hash_per_touch, position))
    moved_up = _running(_mix(hash_per_touch, position - 1))
    touch = np.arange(len(hash_per_touch))
    before = staying[touch] - staying[offsets[:-1][path]]
    after = moved_up[offsets[1:][path]] - moved_up[touch + 1]
    return _finish(before + after, length[path] - 1)


def _position(offsets: Ints) -> Ints:
    length = np.diff(offsets)
    return np.arange(offsets[-1]) - np.repeat(offsets[:-1], length)


def _running(numbers: Hashes) -> Hashes:
    """(n + 1,) sums of the first 0, 1, ... n numbers; they wrap around, and their differences are right all the same."""
    running = np.zeros(len(numbers) + 1, dtype=np.uint64)
    np.cumsum(numbers, out=running[1:])
    return running


def _finish(total: Hashes, length: Ints) -> Ints:
    return _mix(total, length).view(np.int64)


def _mix(numbers: Hashes, step: Ints) -> Hashes:
    """SplitMix64's finaliser of each number after `step` increments. Source: Steele et al. 2014, doi:10.1145/2660193.2660195."""
    mixed = numbers + (step.astype(np.int64) + 1).astype(np.uint64) * _STRIDE
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))
