"""What a run could not tell the state store, because it was away: kept in Dagster's own storage, and told when the store is back."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

import dagster as dg
from pydantic import TypeAdapter

from mta_assets.state.checks import CheckResult, Checks
from mta_assets.state.deliveries import address
from mta_assets.state.figures import Counted, Figures
from mta_assets.state.store import StateStore
from mta_assets.state.webhooks import Event

# On a run: whether something of it is kept here.
UNTOLD: Final = "mta/untold"
AT_ONCE: Final = 20
MOST_CHECKS: Final = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What a step tells: what its checks found, or that results are new. Or a run at its end: what it counted."""

    run_id: str
    at: datetime
    findings: tuple[CheckResult, ...] = ()
    results: Mapping[str, object] | None = None
    counted: Counted = field(default_factory=Counted)

    def record(self, store: StateStore) -> None:
        """Tell it. Raises StateError when the store does not answer."""
        Checks(store).record(self.findings)
        if self.results is not None:
            with store.session() as session:
                address(session, f"results_{self.run_id}", Event.RESULTS_UPDATED, dict(self.results), now=self.at)
        Figures(store).record(self.counted, self.at)


_KEPT: TypeAdapter[list[Told]] = TypeAdapter(list[Told])


def keep(instance: dg.DagsterInstance, told: Told) -> None:
    """Keep it until the store is back."""
    key = _key(told.run_id)
    before = _read(instance, key)
    _write(instance, key, [*before, told])
    if not before:
        instance.add_run_tags(told.run_id, {UNTOLD: "true"})


def tell_again(instance: dg.DagsterInstance, store: StateStore) -> int:
    """Tell what is kept, the oldest run first; of how many runs. What is known of a check by now is not put back to what it was.

    Raises StateError when the store does not answer; whatever was not told stays kept.
    """
    runs = instance.get_runs(filters=dg.RunsFilter(tags={UNTOLD: "true"}), limit=AT_ONCE, ascending=True)
    for run in runs:
        key = _key(run.run_id)
        kept = _read(instance, key)
        for number, told in enumerate(kept, 1):
            _without_known(told, store).record(store)
            _write(instance, key, kept[number:])  # one by one: what is counted twice is wrong
        instance.add_run_tags(run.run_id, {UNTOLD: "false"})
    return len(runs)


def _without_known(told: Told, store: StateStore) -> Told:
    latest = {(found.asset, found.name): found.at for found in Checks(store).latest(limit=MOST_CHECKS).items}
    newer = tuple(found for found in told.findings if (at := latest.get((found.asset, found.name))) is None or at < found.at)
    return replace(told, findings=newer)


def _key(run_id: str) -> str:
    return f"mta_untold_{run_id}"


def _read(instance: dg.DagsterInstance, key: str) -> list[Told]:
    kept = instance.daemon_cursor_storage.get_cursor_values({key}).get(key)
    return _KEPT.validate_json(kept) if kept else []


def _write(instance: dg.DagsterInstance, key: str, kept: list[Told]) -> None:
    instance.daemon_cursor_storage.set_cursor_values({key: _KEPT.dump_json(kept).decode()})
