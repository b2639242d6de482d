"""A mart laid out for adding up: each key column as numbers into its labels, rows in the order of the key. No question itself; pure."""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

COARSER: Final = {"week": "1w", "month": "1mo"}
TIMES: Final = frozenset({"day", *COARSER})
# How many arrangements of its rows a cube keeps: each takes some bytes a row.
MOST_KEPT: Final = 8
# How many times as many cells as rows a grid may have.
EMPTIEST: Final = 2

Named = TypeVar("Named")
Made = TypeVar("Made")
Rows = slice | NDArray[np.intp]
Codes = NDArray[np.unsignedinteger[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A key column. labels: its distinct values, sorted: texts or days; codes: per row, the place of its value among the labels."""

    labels: NDArray[Any]
    codes: Codes

    @classmethod
    def of(cls, column: pl.Series) -> "Axis":
        """The axis of a column without nulls."""
        labels = column.unique().sort()
        codes = labels.search_sorted(column, side="left").to_numpy()
        return cls(labels=labels.to_numpy(), codes=codes.astype(np.min_scalar_type(max(len(labels) - 1, 0))))

    def among(self, chosen: Collection[object]) -> NDArray[np.bool_]:
        """Per label, whether it is one of the chosen."""
        return np.fromiter((label in chosen for label in self.labels.tolist()), bool, len(self.labels))

    def merged(self, coarser: pl.Series) -> "Axis":
        """The axis of coarser labels, given one for each of ours: the month of each day."""
        axis = Axis.of(coarser)
        return Axis(labels=axis.labels, codes=axis.codes[self.codes])


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sums per model and group. groups: one row per group, sorted; the others are arrays of models x groups.

    present: whether there is any row; marked: whether any is of a marked day; measures: the sums, 0 where there is no row.
    """

    models: Sequence[str]
    groups: pl.DataFrame
    present: NDArray[np.bool_]
    marked: NDArray[np.bool_]
    measures: Mapping[str, NDArray[np.float64]]

    def rows(self, marked: str) -> pl.DataFrame:
        """One row per model and group that has any: model, the group, the measures, and the mark under this name."""
        model, group = np.nonzero(self.present)
        return pl.concat(
            [
                pl.DataFrame({"model": pl.Series(self.models, dtype=pl.String).gather(model)}),
                self.groups[group],
                pl.DataFrame({name: values[model, group] for name, values in self.measures.items()} | {marked: self.marked[model, group]}),
            ],
            how="horizontal",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The rows of a cube as days x cells, where nearly every cell has a row a day: sums over days then look nothing up.

    filled: where there is a row; measures: 0 where there is none. A sum adds its days in their order, as the rows are added.
    """

    filled: NDArray[np.bool_]
    measures: Mapping[str, NDArray[np.float64]]

    @classmethod
    def of(cls, days: Axis, cells: NDArray[np.intp], count: int, measures: Mapping[str, NDArray[np.float64]]) -> "Grid | None":
        """The grid of rows in these cells; None when most of it would be empty, or a cell has two rows of a day."""
        shape = (len(days.labels), count)
        place = days.codes.astype(np.intp) * count + cells
        if shape[0] * count > EMPTIEST * len(cells) or len(np.unique(place)) < len(place):
            return None

        def laid_out(values: NDArray[Any]) -> NDArray[Any]:
            whole = np.zeros(shape, values.dtype)
            whole.flat[place] = values
            return whole

        return cls(filled=laid_out(np.ones(len(cells), bool)), measures={name: laid_out(values) for name, values in measures.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """The rows of a cube numbered by model and group. labels: one row per group, sorted; cells: per row, model number x groups + group number."""

    labels: pl.DataFrame
    cells: NDArray[np.intp]
    grid: Grid | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cube:
    """A table with an axis per key column, `day` and `model` among them, and measures to be added up. Rows are in order of days. Thread-safe."""

    axes: Mapping[str, Axis]
    measures: Mapping[str, NDArray[np.float64]]
    _groupings: OrderedDict[tuple[str, ...], Grouping] = field(default_factory=OrderedDict)
    _smaller: OrderedDict[frozenset[str], "Cube"] = field(default_factory=OrderedDict)

    @classmethod
    def of(cls, frame: pl.DataFrame, key: Sequence[str], measures: Sequence[str]) -> "Cube":
        """The cube of a frame that is sorted by its key, the day first. The days have weeks and months beside them, each named by its first day."""
        axes = {name: Axis.of(frame[name]) for name in key}
        days = pl.Series(axes["day"].labels, dtype=pl.Date)
        coarser = {name: axes["day"].merged(days.dt.truncate(every)) for name, every in COARSER.items()}
        return cls(axes=axes | coarser, measures={name: frame[name].to_numpy() for name in measures})

    def over(self, names: Iterable[str]) -> "Cube":
        """The cube with these axes, the times and the model; rows of a day that are alike on them are added up, in their order."""
        wanted = frozenset(names) - TIMES - {"model"}
        kept = self._smaller.get(wanted)
        return _keep(self._smaller, wanted, self._summed(wanted)) if kept is None else kept

    def rows(self, chosen: Mapping[str, NDArray[np.bool_]]) -> Rows:
        """The rows whose labels are chosen on each of these axes, in order. chosen: axis -> per label, whether its rows count."""
        kept = self._days(chosen["day"]) if "day" in chosen else slice(0, len(self.axes["day"].codes))
        for name, wanted in chosen.items():
            if name != "day" and not wanted.all():
                passed = np.flatnonzero(wanted[self.axes[name].codes[kept]])
                kept = passed + kept.start if isinstance(kept, slice) else kept[passed]
        return kept

    def totals(self, rows: Rows, models: Sequence[str], groups: Sequence[str], marked: NDArray[np.bool_]) -> Totals:
        """The measures of these rows per model and group. groups: axes; marked: per label of the day.

        Each sum adds its rows in their order, so that it is the same to the last bit.
        """
        grouping, known = self._grouping(tuple(groups)), self.axes["model"].labels.tolist()
        held, holding, sums = self._added(grouping, rows, marked)
        order = [known.index(name) if name in known else len(known) for name in models]
        there: Rows = slice(None)

        def by_model(flat: NDArray[Any]) -> NDArray[Any]:
            """Models in the order asked for, the last row standing for those that the table does not have; groups that have rows."""
            own = np.append(flat, np.zeros_like(flat, shape=grouping.labels.height)).reshape(len(known) + 1, -1)
            return own[order][:, there]

        present = by_model(held)
        there = np.flatnonzero(present.any(axis=0))
        return Totals(
            models=models,
            groups=grouping.labels if len(there) == grouping.labels.height else grouping.labels[there],
            present=present[:, there],
            marked=by_model(holding),
            measures={name: by_model(values) for name, values in sums.items()},
        )

    def _added(
        self, grouping: Grouping, rows: Rows, marked: NDArray[np.bool_]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_], dict[str, NDArray[np.float64]]]:
        """Per cell, whether any of the rows is in it, whether any of a marked day is, and the sums of the measures."""
        days, grid = self.axes["day"].codes, grouping.grid
        if grid is not None and isinstance(rows, slice) and rows.start < rows.stop:
            span = slice(int(days[rows.start]), int(days[rows.stop - 1]) + 1)
            filled = grid.filled[span]
            sums = {name: values[span].sum(axis=0) for name, values in grid.measures.items()}
            return np.logical_or.reduce(filled), np.logical_or.reduce(filled[marked[span]]), sums
        cells, count = grouping.cells[rows], len(self.axes["model"].labels) * grouping.labels.height
        sums = {name: _sums(cells, values[rows], count) for name, values in self.measures.items()}
        return np.bincount(cells, minlength=count) > 0, self._holding(marked, rows, cells, count), sums

    def _grouping(self, groups: tuple[str, ...]) -> Grouping:
        """The grouping by these axes: numbering the rows takes longer than adding them up."""
        if (kept := self._groupings.get(groups)) is not None:
            return kept
        axes = [self.axes[name] for name in groups]
        sizes = [len(axis.labels) for axis in axes]
        group = _numbers([axis.codes for axis in axes], sizes)
        filled = np.unique(group)  # not every combination of labels has rows
        places = np.unravel_index(filled, sizes)
        models = self.axes["model"]
        cells = _numbers([models.codes, np.searchsorted(filled, group)], [len(models.labels), len(filled)])
        made = Grouping(
            labels=pl.DataFrame({name: axis.labels[at] for name, axis, at in zip(groups, axes, places, strict=True)}),
            cells=cells,
            grid=Grid.of(self.axes["day"], cells, len(models.labels) * len(filled), self.measures),
        )
        return _keep(self._groupings, groups, made)

    def _summed(self, names: frozenset[str]) -> "Cube":
        axes = {name: axis for name, axis in self.axes.items() if name in names or name in TIMES or name == "model"}
        apart = [axis for name, axis in axes.items() if name not in COARSER]
        number = _numbers([axis.codes for axis in apart], [len(axis.labels) for axis in apart])
        _, first, place = np.unique(number, return_index=True, return_inverse=True)
        return Cube(
            axes={name: Axis(labels=axis.labels, codes=axis.codes[first]) for name, axis in axes.items()},
            measures={name: _sums(place, values, len(first)) for name, values in self.measures.items()},
        )

    def _holding(self, days: NDArray[np.bool_], rows: Rows, cells: NDArray[np.intp], count: int) -> NDArray[np.bool_]:
        """Per cell, whether any of these rows is of one of the days."""
        own, holding = self.axes["day"].codes[rows], np.zeros(count, bool)
        for day in np.flatnonzero(days).astype(own.dtype):
            holding[cells[np.searchsorted(own, day) : np.searchsorted(own, day, side="right")]] = True
        return holding

    def _days(self, wanted: NDArray[np.bool_]) -> slice:
        """The rows from the first to the last of these days, which follow each other, found without looking at every row."""
        days, codes = np.flatnonzero(wanted), self.axes["day"].codes
        if not len(days):
            return slice(0, 0)
        first, last = days[[0, -1]].astype(codes.dtype)
        return slice(int(np.searchsorted(codes, first)), int(np.searchsorted(codes, last, side="right")))


def _keep(kept: OrderedDict[Named, Made], key: Named, made: Made) -> Made:
    """Keep what was made, and forget what was made first when there is too much."""
    kept[key] = made
    if len(kept) > MOST_KEPT:
        kept.popitem(last=False)
    return made


def _sums(places: NDArray[np.intp], values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """The sum of the values at each of `count` places, added in their order."""
    return np.bincount(places, values, minlength=count).astype(np.float64, copy=False)


def _numbers(digits: Sequence[Codes | NDArray[np.intp]], sizes: Sequence[int]) -> NDArray[np.intp]:
    """One number per row from its digits, the first the most significant. sizes: how many values each digit has."""
    number = np.zeros(len(digits[0]), np.intp)
    for digit, size in zip(digits, sizes, strict=True):
        number *= size
        number += digit
    return number
