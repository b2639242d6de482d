"""A text column as its distinct values and where they stand, so that cleaning, checking, hashing and looking up are done once per value."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import polars as pl

from mta_assets.ingest.identity import Words, hash_texts

_SAMPLE = 4096
_MOST_DISTINCT = 0.5  # of a sample; above it, finding the distinct values costs more than it saves


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """values: the texts, null where empty. at: (rows,) which of them each row has; None when `values` are the rows themselves."""

    values: pl.Series
    at: pl.Series | None = None

    def map(self, change: Callable[[pl.Series], pl.Series]) -> "Texts":
        """The same rows with every value changed."""
        return replace(self, values=change(self.values))

    def spread(self, of_values: pl.Series) -> pl.Series:
        """(rows,) what is given per value."""
        return of_values if self.at is None else of_values.gather(self.at)

    def spread_hashes(self, of_values: Words) -> Words:
        """As `spread`, for an array of hashes."""
        return of_values if self.at is None else of_values[self.at.to_numpy()]

    @property
    def hashes(self) -> Words:
        """(rows,) the hash of each text."""
        return self.spread_hashes(hash_texts(self.values))

    @property
    def is_empty(self) -> bool:
        """Whether no row has a text."""
        return self.values.null_count() == len(self.values)

    @property
    def rows(self) -> pl.Series:
        """(rows,) the texts."""
        return self.spread(self.values)


def read_texts(cells: pl.Series, default: str | None) -> Texts:
    """The cells' texts, trimmed; an empty one is the default. Whole numbers that a format holds as fractions lose their '.0'."""
    text = cells if cells.dtype == pl.String else _as_text(cells)
    few = text.head(_SAMPLE).n_unique() <= max(_MOST_DISTINCT * min(_SAMPLE, len(text)), 1)
    texts = _encoded(text) if few else Texts(values=text)
    return texts.map(lambda values: _filled(values.str.strip_chars(), default))


def coded(texts: Texts) -> Texts:
    """The same rows with each distinct value once."""
    return _encoded(texts.rows)


def constant(text: str | None, rows: int) -> Texts:
    """The same text in every row."""
    return Texts(values=pl.Series([text], dtype=pl.String), at=pl.Series([0], dtype=pl.UInt32).new_from_index(0, rows))


def _encoded(text: pl.Series) -> Texts:
    encoded = text.to_arrow().dictionary_encode(null_encoding="encode")
    return Texts(values=pl.Series(encoded.dictionary).cast(pl.String), at=pl.Series(encoded.indices))


def _filled(values: pl.Series, default: str | None) -> pl.Series:
    present = values.set(values.str.len_bytes() == 0, None)
    return present if default is None else present.fill_null(default)


def _as_text(cells: pl.Series) -> pl.Series:
    if not cells.dtype.is_float():
        return cells.cast(pl.String)
    whole = cells.cast(pl.Int64, strict=False)
    return whole.cast(pl.String).set(whole.cast(cells.dtype) != cells, None).fill_null(cells.cast(pl.String))
