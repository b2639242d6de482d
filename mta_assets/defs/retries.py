"""What becomes of a step that fails: what may go by itself is tried again after a while, what is wrong never is. Which is which, `errors.passes` says."""

import functools
import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import dagster as dg
from sqlalchemy.exc import InterfaceError, OperationalError

from mta_assets.errors import passes

# How often a step is tried again within its run, and after how many seconds first; each wait is several times the one before.
RETRIES = 3
FIRST_WAIT_SECONDS, GROWTH = 5.0, 4
# On a run that failed though nothing is wrong: sensors ask for the same work again, without end, after waits that double up to the longest.
FAILED_FOR = "mta/failed_for"
OUTAGE = "outage"
FIRST_OUTAGE_WAIT, LONGEST_OUTAGE_WAIT = timedelta(minutes=5), timedelta(hours=1)

Step = Callable[..., Iterator[Any]]


def step(**about: Any) -> Callable[[Step], dg.AssetsDefinition]:  # noqa: ANN401  dagster's own
    """As `dg.multi_asset`, for a step of the pipeline: it is tried again when what kept it from its work may go by itself."""

    def define(body: Step) -> dg.AssetsDefinition:
        return dg.multi_asset(**about)(_patient(body))

    return define


def _patient(body: Step) -> Step:
    @functools.wraps(body)
    def tried(context: dg.AssetExecutionContext, **resources: Any) -> Iterator[Any]:  # noqa: ANN401  the step's own
        try:
            yield from body(context, **resources)
        except Exception as error:
            if not _may_pass(error):
                raise
            if context.retry_number >= RETRIES:
                context.instance.add_run_tags(context.run.run_id, {FAILED_FOR: OUTAGE})
                raise
            wait = wait_seconds(context.retry_number)
            context.log.warning(f"This may go by itself and is tried again in {wait:.0f} s: {error}")
            raise dg.RetryRequested(max_retries=RETRIES, seconds_to_wait=wait) from error

    return tried


def wait_seconds(retry: int) -> float:
    """How long to wait before a step is tried again that was so often already; spread, so that steps that failed together do not return together."""
    return float(FIRST_WAIT_SECONDS * GROWTH**retry * random.uniform(0.75, 1.25))  # noqa: S311  secures nothing


def _may_pass(error: Exception) -> bool:
    """Also of Dagster's own storage: a database that was lost."""
    return passes(error) or isinstance(error, OperationalError | InterfaceError)


def outage_ended(instance: dg.DagsterInstance, run: dg.DagsterRun, tries: int, now: datetime) -> bool:
    """Whether a run that an outage ended may be asked for again. tries: how often it was already."""
    record = instance.get_run_record_by_id(run.run_id)
    ended = float(record.end_time) if record and record.end_time else 0.0
    wait: timedelta = min(FIRST_OUTAGE_WAIT * 2 ** min(tries, 10), LONGEST_OUTAGE_WAIT)
    return now.timestamp() - ended >= wait.total_seconds()


def failed_for_outage(run: dg.DagsterRun) -> bool:
    """Whether nothing was wrong with what the run was to do."""
    return run.tags.get(FAILED_FOR) == OUTAGE
