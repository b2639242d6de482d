"""One erasure from end to end, in steps each of which can be done again: a run that was killed is gone on with where it matters, and ends the same."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import polars as pl

from mta_assets.config import Config
from mta_assets.contracts.tables import ERASED
from mta_assets.erasure import caches, landed, rows, uploads
from mta_assets.erasure.search import found_in, tables_with
from mta_assets.erasure.whom import Whom, conversions_of, users_of
from mta_assets.errors import MtaError
from mta_assets.ingest.persons import Persons, PrivacyKeys, key_id, mark
from mta_assets.lake.lake import Lake
from mta_assets.models.base import AttributionModel
from mta_assets.pipeline.run import tables
from mta_assets.state.erasures import Erasure, Erasures, Ids
from mta_assets.state.forgetting import forget
from mta_assets.state.store import StateStore

Notify = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Places:
    """Everything that may hold users. URLs are empty for none.

    dagster_home, dagster_url, logs: where Dagster keeps its runs, and the folder of log files, which are searched and not changed.
    """

    lake: Lake
    config: Config
    models: Mapping[str, AttributionModel]
    landing: Path
    uploads: Path
    store: StateStore
    keys: PrivacyKeys
    redis_url: str = ""
    dagster_home: Path | None = None
    dagster_url: str = ""
    logs: Path | None = None


def erase_pending(places: Places, now: Callable[[], datetime], notify: Notify = lambda _: None) -> list[Erasure]:
    """Do every erasure that was asked for and has not ended, the oldest first."""
    return [erase(places, erasure.id, now, notify) for erasure in Erasures(places.store, places.keys).unfinished()]


def erase(places: Places, erasure_id: str, now: Callable[[], datetime], notify: Notify = lambda _: None) -> Erasure:
    """Do one. Raises what a step raises; it then stays pending, and the next call goes on."""
    erasures = Erasures(places.store, places.keys)
    with places.lake.erasing():
        asked = erasures.get(erasure_id)
        if asked.finished_at is not None and not asked.remaining:
            return asked
        whom = _whom(places, erasures.ids_of(erasure_id))
        notify("landed files")
        planned = landed.plan(places.landing, places.config, whom)
        counts = _noted(places, erasures, asked, whom, planned.rows)
        _suppress(places, whom, asked.requested_at)
        landed.rewrite(places.landing, planned, whom)
        notify("staged rows")
        rows.remove(places.lake, places.config, places.landing, whom, now())
        notify("results of the days that this changed")
        days = rows.restate(places.lake, places.config, places.models, now())
        erasures.add_days(erasure_id, [str(each) for each in days])
        notify("old versions")
        for table in tables(places.models):
            places.lake.purge(table)
        notify("state store, uploads, caches")
        counts |= _forget_elsewhere(places, whom, counts)
        notify("looking whether anything is left")
        remaining = [f"{name}: could not be read" for name in planned.unreadable] + _left(places, whom)
        return erasures.finish(erasure_id, counts=counts, remaining=remaining, now=now())


def _whom(places: Places, ids: Ids) -> Whom:
    persons = Persons(keys=places.keys, pseudonyms=places.config.privacy.pseudonyms)
    stored = {persons.stored(each) for each in ids.user_ids} | set(ids.stored)
    if not ids.stored:  # else it was looked up before, when their rows were still there
        stored |= users_of(places.lake, ids.conversion_ids)
    whom = Whom(persons=persons, written=frozenset(ids.user_ids), stored=frozenset(stored))
    done = conversions_of(places.lake, whom.users) | (set(ids.conversion_ids) if ids.stored else set())
    return replace(whom, conversions=frozenset(done))


def _noted(places: Places, erasures: Erasures, asked: Erasure, whom: Whom, landed_rows: int) -> dict[str, int]:
    """What there is to remove, kept before it goes; a run that was killed has counted already."""
    if asked.marks:
        return dict(asked.counts)
    found = rows.count(places.lake, places.models, whom) | {"landing": landed_rows}
    counts = {name: number for name, number in found.items() if number}
    ids = Ids(user_ids=tuple(sorted(whom.written)), conversion_ids=tuple(sorted(whom.conversions)), stored=tuple(sorted(whom.stored)))
    erasures.note(asked.id, ids, marks=(mark(places.keys.current, each) for each in whom.stored), counts=counts)
    return counts


def _suppress(places: Places, whom: Whom, at: datetime) -> None:
    """From now on rows of theirs that come are refused."""
    called = key_id(places.keys.current)
    own = pl.DataFrame([{"key_id": called, "mark": mark(places.keys.current, each), "erased_at": at} for each in sorted(whom.stored)])
    known = places.lake.read(ERASED)
    fresh = ERASED.conform(own).join(known, on=list(ERASED.key), how="anti")
    if fresh.height:
        places.lake.replace_where(ERASED, pl.concat([known.filter(key_id=called), fresh]), {"key_id": called})


def _forget_elsewhere(places: Places, whom: Whom, counts: Mapping[str, int]) -> dict[str, int]:
    removed, jobs = forget(places.store, whom.mentions_identity)
    folders, of_jobs = uploads.forget(places.uploads, whom, jobs)
    forget(places.store, lambda text: text in of_jobs)
    places.store.compact()
    found = {f"state/{name}": number for name, number in removed.items()} | {"uploads": folders, "redis": caches.forget(places.redis_url)}
    return {name: counts.get(name, 0) + number for name, number in found.items() if number or name in counts}


def _left(places: Places, whom: Whom) -> list[str]:
    """Where the users are still found, named without naming them."""
    if places.lake.is_remote:
        left = {name for name, number in rows.count(places.lake, places.models, whom).items() if number}
    else:
        left = _files_left(places, whom, Path(places.lake.root))
    for folder in filter(None, (places.landing, places.uploads, places.dagster_home, places.logs)):
        left |= _files_left(places, whom, folder)
    if places.dagster_url:
        left |= {f"Dagster's storage: {table}" for table in tables_with(places.dagster_url, whom)}
    removed, _ = forget(places.store, whom.mentions)
    if any(removed.values()):
        raise MtaError("The state store was written to about the users while they were erased. Run it again.")
    return sorted(left)


def _files_left(places: Places, whom: Whom, folder: Path) -> set[str]:
    """Their names, without those of users."""
    if not folder.exists():
        return set()
    names = (str(path.relative_to(folder.parent)) for path in found_in([folder], whom))
    return {f"{folder.name}: a file that is named after a user" if whom.mentions(name) else name for name in names}
