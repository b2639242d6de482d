"""How Dagster's own storage is kept small: what runs of long ago logged, and runs that made no table. What a table's days are made of, is kept."""

from dataclasses import dataclass
from datetime import datetime

import dagster as dg
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage

from mta_assets.defs.storage import BatchedEventLog

# The log of a run has been removed.
FORGOTTEN = "mta/log_removed"
AT_ONCE = 200
_ASSET_EVENTS = [kind.value for kind in ASSET_EVENTS | ASSET_CHECK_EVENTS]


@dataclass(frozen=True, kw_only=True, slots=True)
class Forgotten:
    """What was removed: runs, with all that is known of them; logs, of runs that stay."""

    runs: int
    logs: int


def forget(instance: dg.DagsterInstance, before: datetime, without_tables: frozenset[str]) -> Forgotten:
    """Remove runs of the jobs `without_tables` that ended before then, and the logs of all others that did.

    Their materialisations and checks stay: they are what the UI shows of a day, however long ago it was made.
    """
    runs = logs = 0
    for run in _ended(instance, before):
        instance.compute_log_manager.delete_logs(prefix=[run.run_id])
        if run.job_name in without_tables:
            instance.delete_run(run.run_id)
            runs += 1
        else:
            _remove_log(instance.event_log_storage, run.run_id)
            instance.add_run_tags(run.run_id, {FORGOTTEN: "true"})
            logs += 1
    return Forgotten(runs=runs, logs=logs)


def _ended(instance: dg.DagsterInstance, before: datetime) -> list[dg.DagsterRun]:
    """The runs that ended before then and whose log is still there. The newest of them stay in place while a page of older ones is worked on."""
    ended, cursor = [], None
    wanted = dg.RunsFilter(statuses=list(FINISHED_STATUSES), created_before=before)
    while page := instance.get_run_records(wanted, limit=AT_ONCE, cursor=cursor):
        old = [record for record in page if (record.end_time or record.create_timestamp.timestamp()) < before.timestamp()]
        ended += [record.dagster_run for record in old if FORGOTTEN not in record.dagster_run.tags]
        cursor = page[-1].dagster_run.run_id
    return ended


def _remove_log(storage: object, run_id: str) -> None:
    if isinstance(storage, BatchedEventLog):
        storage.remove_log(run_id)
    elif isinstance(storage, SqlEventLogStorage):  # Postgres: one table has all events
        ours, kind = SqlEventLogStorageTable.c.run_id == run_id, SqlEventLogStorageTable.c.dagster_event_type
        with storage.run_connection(run_id) as connection:
            connection.execute(SqlEventLogStorageTable.delete().where(ours, kind.is_(None) | kind.not_in(_ASSET_EVENTS)))
