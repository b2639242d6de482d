"""What becomes of a step that fails: what may go by itself is tried again after a while, what is wrong never is. Which is which, `errors.passes` says."""

import functools
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from inspect import isgeneratorfunction
from typing import Any, ParamSpec, TypeVar, cast

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
Given = ParamSpec("Given")
Made = TypeVar("Made")


def step(**about: Any) -> Callable[[Step], dg.AssetsDefinition]:  # noqa: ANN401  dagster's own
    """As `dg.multi_asset`, for a step of the pipeline, which is `patient`."""

    def define(body: Step) -> dg.AssetsDefinition:
        return dg.multi_asset(**about)(patient(body))

    return define


def patient(body: Callable[Given, Made]) -> Callable[Given, Made]:
    """The step, tried again when what kept it from its work may go by itself.

    To be put right below Dagster's decorator; the function takes the context first.
    """
    if isgeneratorfunction(body):

        @functools.wraps(body)
        def in_parts(*args: Given.args, **kwargs: Given.kwargs) -> Iterator[object]:
            with _tried_again(args[0]):
                yield from cast("Iterator[object]", body(*args, **kwargs))

        return cast("Callable[Given, Made]", in_parts)

    @functools.wraps(body)
    def whole(*args: Given.args, **kwargs: Given.kwargs) -> Made:
        with _tried_again(args[0]):
            return body(*args, **kwargs)

    return whole


@contextmanager
def _tried_again(given: object) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        context = cast("dg.OpExecutionContext | dg.AssetExecutionContext", given)
        if not _may_pass(error):
            raise
        if context.retry_number >= RETRIES:
            context.instance.add_run_tags(context.run.run_id, {FAILED_FOR: OUTAGE})
            raise
        wait = wait_seconds(context.retry_number)
        context.log.warning(f"This may go by itself and is tried again in {wait:.0f} s: {error}")
        raise dg.RetryRequested(max_retries=RETRIES, seconds_to_wait=wait) from error


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
