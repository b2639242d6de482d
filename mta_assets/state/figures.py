"""What runs of the pipeline count of themselves, for whoever reads metrics: sums that only grow, and the latest of what goes up and down.

Runs are processes that come and go; here their figures add up. Which figures there are is said once, in FIGURES; a name or label that is not there is refused,
so that nothing without bound gets in.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Literal

import orjson
from sqlalchemy import Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from mta_assets.state.store import POSTGRES, StateStore
from mta_assets.state.tables import FigureRow

Kind = Literal["counter", "gauge", "histogram"]
# From a run that finds nothing new to a year at 100 M touches.
RUN_SECONDS: Final = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0)
_BUCKET, _SUM, _COUNT = "_bucket", "_sum", "_count"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One figure: its kind, its meaning, and its labels, whose values are names of our code and configuration. bounds: of a histogram's buckets."""

    kind: Kind
    about: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()


FIGURES: Final[Mapping[str, Declared]] = MappingProxyType(
    {
        "mta_runs_total": Declared(kind="counter", about="Runs of Dagster that ended by themselves.", labels=("job", "outcome")),
        "mta_run_seconds": Declared(kind="histogram", about="How long runs took.", labels=("job",), bounds=RUN_SECONDS),
        "mta_run_last_end_timestamp_seconds": Declared(
            kind="gauge", about="When a run of a job last ended so, in seconds since 1970.", labels=("job", "outcome")
        ),
        "mta_steps_total": Declared(kind="counter", about="Steps of runs.", labels=("step", "outcome")),
        "mta_step_seconds_total": Declared(kind="counter", about="Time that steps took in all.", labels=("step",)),
        "mta_days_restated_total": Declared(
            kind="counter", about="Days brought up to date: closed, or only fitted again.", labels=("scope",)
        ),
    }
)
Labels = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One value. labels: in the order of its declaration; of a bucket, the bound after them."""

    name: str
    labels: Labels
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a run counted: what it adds to sums, and the latest of what goes up and down."""

    added: tuple[Figure, ...] = ()
    latest: tuple[Figure, ...] = ()


@dataclass(slots=True)
class Tally:
    """The figures of one run so far, in the memory of its process."""

    added: Counter[tuple[str, Labels]] = field(default_factory=Counter)
    latest: dict[tuple[str, Labels], float] = field(default_factory=dict)

    def add(self, name: str, value: float, *labels: str) -> None:
        """Add to a counter, or put a value into a histogram."""
        declared = _declared(name, labels)
        if declared.kind == "histogram":
            bound = bisect_left(declared.bounds, value)
            le = [str(limit) for limit in declared.bounds] + ["+Inf"]
            self.added[(name + _BUCKET, (*labels, le[bound]))] += 1
            self.added[(name + _SUM, labels)] += value  # type: ignore[assignment]  # a Counter of floats
            self.added[(name + _COUNT, labels)] += 1
        else:
            self.added[(name, labels)] += value  # type: ignore[assignment]

    def put(self, name: str, value: float, *labels: str) -> None:
        """The value of a gauge from now on."""
        _declared(name, labels)
        self.latest[(name, labels)] = value

    def counted(self) -> Counted:
        """All of it, in one order everywhere, so that two writers never wait for each other."""
        added, latest = (
            tuple(Figure(name=name, labels=labels, value=float(value)) for (name, labels), value in sorted(values.items()))
            for values in (self.added, self.latest)
        )
        return Counted(added=added, latest=latest)


class Figures:
    """The figures of one store."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def record(self, counted: Counted, at: datetime) -> None:
        """Add what a run counted, in one transaction: however many runs do so at once, nothing is lost. What is newer than `at` stays the latest."""
        if not (counted.added or counted.latest):
            return
        with self._store.session() as session:
            for figures, grows in ((counted.added, True), (counted.latest, False)):
                for figure in figures:
                    _upsert(session, figure, at, grows=grows)

    def all(self) -> Iterator[Figure]:
        """Every figure that is declared, by name and labels."""
        with self._store.reading() as session:
            rows = session.execute(select(FigureRow.name, FigureRow.labels, FigureRow.value)).tuples().all()
        for name, labels, value in sorted(rows):
            if name in FIGURES or name.removesuffix(_BUCKET).removesuffix(_SUM).removesuffix(_COUNT) in FIGURES:
                yield Figure(name=name, labels=tuple(orjson.loads(labels)), value=value)


def buckets(figures: Mapping[tuple[str, Labels], float], name: str, labels: Labels) -> list[tuple[str, float]]:
    """(bound, how many values up to it) of one histogram, as Prometheus wants them: each bucket holds those below it."""
    total, cumulative = 0.0, []
    for le in (*map(str, FIGURES[name].bounds), "+Inf"):
        total += figures.get((name + _BUCKET, (*labels, le)), 0.0)
        cumulative.append((le, total))
    return cumulative


def _declared(name: str, labels: Labels) -> Declared:
    declared = FIGURES[name]
    if len(declared.labels) != len(labels):
        raise ValueError(f"{name} has the labels {declared.labels}; {labels} do not fit.")
    return declared


def _upsert(session: Session, figure: Figure, at: datetime, *, grows: bool) -> None:
    table: Any = FigureRow.__table__
    dialect = postgresql if session.get_bind().dialect.name == POSTGRES else sqlite
    insert = _insert(dialect, table).values(name=figure.name, labels=orjson.dumps(figure.labels).decode(), value=figure.value, at=at)
    new = insert.excluded
    changed = {"value": table.c.value + new.value if grows else new.value, "at": new.at}
    newer = None if grows else table.c.at <= new.at
    session.execute(insert.on_conflict_do_update(index_elements=["name", "labels"], set_=changed, where=newer))


def _insert(dialect: Any, table: Table) -> Any:  # noqa: ANN401  two dialects with one interface and no common type
    return dialect.insert(table)
