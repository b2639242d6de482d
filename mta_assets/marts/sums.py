"""Sums of floats that come out the same, to the last bit, however the rows were split over runs and threads."""

from collections.abc import Sequence

import numpy as np
import polars as pl


def summed(frame: pl.DataFrame, keys: Sequence[str], values: Sequence[str]) -> pl.DataFrame:
    """One row per key, sorted by key, with the sums of `values`.

    Each sum adds the rows in the order in which they stand. A group-by of the engine may add partial sums of chunks instead, whose borders depend
    on what else is in the frame: then recomputing one day would not equal computing a year, in the last digits.
    """
    ordered = frame.select(*keys, *values).sort(keys, maintain_order=True)
    if ordered.is_empty():
        return ordered
    group = ordered.select(pl.struct(keys).rle_id()).to_series().to_numpy()
    first = np.flatnonzero(np.diff(group, prepend=-1))
    sums = [pl.Series(name, np.bincount(group, weights=ordered[name].to_numpy())) for name in values]
    return ordered.select(keys)[first].with_columns(sums)
