"""What is wrong with the rows of a batch: the first problem of each, found by parsers and by the contracts' rules, and the quarantine made of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from mta_assets.contracts.arrays import Bools, Ints
from mta_assets.contracts.columns import Column, Rule
from mta_assets.contracts.tables import QUARANTINE
from mta_assets.ingest.parsed import Fault
from mta_assets.ingest.readers.base import MAX_VALUE, RawBatch
from mta_assets.ingest.readers.text import cells_as_json
from mta_assets.ingest.texts import Texts

EMPTY = Rule(
    name="empty",
    holds=lambda c: c.is_not_null(),
    reason="is empty",
    remedy="fill it, map the right column to it, or set a default in mta.yaml",
)


@dataclass(kw_only=True)
class Problems:
    """Collects problems in the order in which they are to be reported: of each row, the first one added stays.

    rows: how many there are. theirs: our column -> the file's, so that a person is told the name they know.
    """

    rows: int
    theirs: Mapping[str, str]
    _first: Ints = field(init=False)
    _kinds: list[tuple[str, str, str, pl.Series]] = field(default_factory=list)
    _hidden: Bools = field(init=False)

    def __post_init__(self) -> None:
        """No row has a problem yet."""
        self._first = np.zeros(self.rows, dtype=np.int32)
        self._hidden = np.zeros(self.rows, dtype=np.bool_)

    def add(self, column: str, fault: Fault, shown: pl.Series) -> None:
        """Rows of `column` (ours) that are at fault. shown: (rows,) the values as a person is to see them."""
        bad = fault.bad.to_numpy() & (self._first == 0)
        if bad.any():
            self._kinds.append((self.theirs.get(column, column), fault.reason, fault.remedy, shown))
            self._first[bad] = len(self._kinds)

    def hide(self, column: str, fault: Fault) -> None:
        """Rows that are at fault in such a way that nothing they say is to be kept, whatever else is wrong with them."""
        hidden = fault.bad.to_numpy()
        if hidden.any():
            self._first[hidden] = 0
            self._hidden |= hidden
            self.add(column, fault, pl.Series([None], dtype=pl.String).new_from_index(0, self.rows))

    def conceal(self, rows: Bools) -> None:
        """Rows of which quarantine keeps the reason and not what they said."""
        self._hidden |= rows

    def check(self, column: Column, values: pl.Series | Texts, shown: pl.Series, where: pl.Series | None = None) -> None:
        """Hold the values against the column's contract, in the rows `where` it applies."""
        texts = values if isinstance(values, Texts) else Texts(values=values)
        rules = column.rules if column.nullable else (EMPTY, *column.rules)
        judged = pl.col("value")
        held = texts.values.to_frame("value").select(rule.holds(judged).fill_null(value=True).alias(rule.name) for rule in rules)
        for rule in rules:
            if not held[rule.name].all():
                bad = texts.spread(~held[rule.name])
                self.add(column.name, Fault(bad=bad if where is None else bad & where, reason=rule.reason, remedy=rule.remedy), shown)

    @property
    def sound(self) -> Bools:
        """(rows,) which rows have no problem."""
        return np.asarray(self._first == 0)

    def quarantine(self, raw: RawBatch, provenance: Mapping[str, str]) -> pl.DataFrame:
        """The rejected rows of the batch, those that never were cells included."""
        bad = np.flatnonzero(self._first)
        kind = self._first[bad]
        parts = [
            pl.DataFrame(
                {
                    "place": at,
                    "column": name,
                    "value": shown.gather(at).cast(pl.String).str.head(MAX_VALUE),
                    "reason": reason,
                    "remedy": remedy,
                }
            )
            for number, (name, reason, remedy, shown) in enumerate(self._kinds, start=1)
            if len(at := bad[kind == number])
        ]
        malformed = pl.DataFrame({name: [getattr(row, name) for row in raw.malformed] for name in _SAID}, schema=_SAID)
        if parts:
            row, record = pl.Series(raw.row[bad]), cells_as_json(raw.cells[bad]).set(pl.Series(self._hidden[bad]), None)
            found = pl.concat(parts).sort("place").with_columns(row=row, record=record)
            found = found.with_columns(value=pl.when(pl.Series(~self._hidden[bad])).then("value"))
            malformed = pl.concat([malformed, found.select(_SAID.names())]).sort("row")
        return QUARANTINE.conform(malformed.with_columns(pl.lit(text).alias(name) for name, text in provenance.items()))


_SAID = pl.Schema({name: QUARANTINE.schema[name] for name in ("row", "column", "value", "reason", "remedy", "record")})
