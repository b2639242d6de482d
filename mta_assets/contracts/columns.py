"""The vocabulary of a contract: a column, a rule that its values obey, a table. The tables themselves are in `tables`."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from mta_assets.errors import MtaError

if TYPE_CHECKING:
    import pandera.polars as pa


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One condition on a column's values. `holds` maps the column's expression to a boolean one; null values are judged by `nullable` alone."""

    name: str
    holds: Callable[[pl.Expr], pl.Expr]
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its name, its type, what it means, and what its values must obey. The unit is part of the meaning.

    repeats: whether values recur within a day, so that it is worth storing each once and numbers in its places.
    """

    name: str
    dtype: pl.DataType
    meaning: str
    nullable: bool = False
    rules: tuple[Rule, ...] = ()
    repeats: bool = True


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table of the lake: `layer/name`, its grain in words, its key, its columns in order.

    `partition`: the column that partitions it and is its unit of replacement; None for a small table that is one piece.
    `compressed`: whether what the storage saves by it is worth unpacking at each reading.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    partition: str | None = "day"
    compressed: bool = True

    @cached_property
    def schema(self) -> pl.Schema:
        """Names and types, in order."""
        return pl.Schema({column.name: column.dtype for column in self.columns})

    def empty(self) -> pl.DataFrame:
        """A frame of this table with no row."""
        return self.schema.to_frame()

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with this table's columns, in order and type. Raises when a column is absent or does not fit: that is a bug, not bad data."""
        return frame.select(pl.col(column.name).cast(column.dtype) for column in self.columns)

    def meets(self, frame: pl.DataFrame) -> bool:
        """Whether the frame meets the contract, in two queries. It does not say what is wrong: `validate` does."""
        if frame.schema != self.schema:
            return False
        present = [pl.col(column.name).null_count() == 0 for column in self.columns if not column.nullable]
        obeyed = [rule.holds(pl.col(column.name)).all() for column in self.columns for rule in column.rules]
        once = not self.key or not frame.select(self.key).is_duplicated().any()
        return once and all(frame.select(pl.all_horizontal(*present, *obeyed).alias("met"))["met"])

    @cached_property
    def pandera(self) -> "pa.DataFrameSchema":
        """The contract as a pandera schema. Validate eager frames only: on a lazy frame pandera 0.35 skips the value checks."""
        import pandera.polars as pa  # noqa: PLC0415  1.6 s to import, needed where tables are written only

        return pa.DataFrameSchema(
            {
                column.name: pa.Column(column.dtype, [_check(rule) for rule in column.rules], nullable=column.nullable)
                for column in self.columns
            },
            strict=True,
            unique=list(self.key) or None,
            name=self.name,
        )

    def validate(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame itself when it meets the contract. Raises ContractError with the first failures otherwise."""
        if self.meets(frame):
            return frame
        import pandera.errors as pe  # noqa: PLC0415  as above

        try:
            self.pandera.validate(frame, lazy=True)
        except pe.SchemaErrors as failures:
            raise ContractError(f"{self.name} breaks its contract:\n{failures.failure_cases.head(10)}") from failures
        return frame


class ContractError(MtaError):
    """A frame about to be written does not meet its table's contract; nothing was written."""


def _check(rule: Rule) -> "pa.Check":
    import pandera.polars as pa  # noqa: PLC0415  as above

    return pa.Check(lambda data: data.lazyframe.select(rule.holds(pl.col(data.key))), name=rule.name, error=rule.reason)
