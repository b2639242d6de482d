"""The faults of real exports, put into rows on purpose: which there are, which rows get them, and what they do to a cell. No files."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from mta_assets.contracts.arrays import Ints

_LATEST_DAYS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way in which a row is wrong. column: the cell that is overwritten by `text` (None empties it); no column for a fault of the whole row."""

    name: str
    column: str | None = None
    text: str | None = None

    @property
    def quarantined(self) -> bool:
        """Whether an ingest must reject the row: duplicates are dropped instead, and late rows are good rows."""
        return self.column is not None


DUPLICATE = Fault(name="duplicate")
LATE = Fault(name="late")
_EVENT = (
    Fault(name="impossible_date", column="ts", text="2026-02-31T10:00:00Z"),
    Fault(name="text_in_time", column="ts", text="yesterday"),
    Fault(name="ancient_time", column="ts", text="1970-01-01T00:00:00Z"),
    Fault(name="missing_user", column="user_id"),
)


def _amount(column: str) -> tuple[Fault, Fault]:
    return Fault(name="negative_amount", column=column, text="-12.50"), Fault(name="text_in_number", column=column, text="n/a")


_CURRENCY = Fault(name="unknown_currency", column="currency", text="ZZZ")
FAULTS: Mapping[str, tuple[Fault, ...]] = {
    "touchpoints": (*_EVENT, *_amount("cost"), DUPLICATE, LATE),
    "conversions": (*_EVENT, *_amount("value"), _CURRENCY, DUPLICATE, LATE),
    "spend": (Fault(name="impossible_date", column="day", text="2026-02-31"), *_amount("cost"), _CURRENCY, DUPLICATE),
}


@dataclass(frozen=True, kw_only=True)
class Soiled:
    """Which row lands where, in landing order, duplicates included.

    row: (rows,) index of the clean row; landing: (rows,) ascending, the day of the file that it lands in, which for a late row may lie after
    the world; fault: (rows,) 0 for a clean row, else 1 + index into the kind's faults.
    """

    row: Ints
    landing: Ints
    fault: Ints


def soil(kind: str, day: Ints, share: float, rng: np.random.Generator) -> Soiled:
    """Faults for the rows of one kind, each fault equally often. day: (rows,) ascending, the day that each row happened.

    round(share x rows) rows get one fault each. A duplicate is one more row, in the same file or in the next day's.
    """
    faults = FAULTS[kind]
    fault = np.zeros(len(day), dtype=np.int8)
    chosen = rng.choice(len(day), round(share * len(day)), replace=False)
    fault[chosen] = 1 + np.arange(len(chosen)) % len(faults)
    landing = day.copy()
    if LATE in faults:
        late = np.flatnonzero(fault == 1 + faults.index(LATE))
        landing[late] += rng.integers(1, _LATEST_DAYS + 1, len(late))
    copied = np.flatnonzero(fault == 1 + faults.index(DUPLICATE))
    twin = np.concatenate([fault, fault[copied]])
    twin[copied] = 0  # the first of the two is a good row
    everything = np.concatenate([landing, day[copied] + rng.integers(0, 2, len(copied))])
    order = np.argsort(everything.astype(np.int16), kind="stable")  # 16 bits: a radix sort
    row = np.concatenate([np.arange(len(day)), copied])
    return Soiled(row=row[order], landing=everything[order], fault=twin[order])


def overwrite(kind: str, frame: pl.DataFrame, fault: Ints) -> pl.DataFrame:
    """The frame of strings with the faulty cells overwritten. fault: (rows,) as in Soiled."""
    code = pl.Series(fault)
    changed: dict[str, pl.Expr] = {}
    for index, each in enumerate(FAULTS[kind], start=1):
        if each.column is not None:
            before = changed.get(each.column, pl.col(each.column))
            changed[each.column] = pl.when(pl.lit(code) == index).then(pl.lit(each.text, dtype=pl.String)).otherwise(before)
    return frame.with_columns(**changed) if fault.any() else frame


def tally(kind: str, fault: Ints) -> dict[str, int]:
    """How often each fault occurs, by name."""
    counts = np.bincount(fault, minlength=len(FAULTS[kind]) + 1)[1:]
    return {each.name: int(count) for each, count in zip(FAULTS[kind], counts, strict=True)}
