"""Runs and steps as the log sees them: which run, on whose request, and how long each step took. What a step does is its own."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from inspect import isgeneratorfunction
from typing import ParamSpec, Protocol, TypeVar, cast

import dagster as dg

from mta_assets.defs.partitions import days_of
from mta_assets.settings import LogSettings
from mta_assets.telemetry.context import Context, bind, restore
from mta_assets.telemetry.setup import write_logs, writes_logs
from mta_assets.telemetry.streams import application, performance
from mta_assets.telemetry.timing import timed

# On a run: the request of the API that asked for it, and the job of that request.
REQUEST_TAG, JOB_TAG = "mta/request", "mta/job"
Given = ParamSpec("Given")
Made = TypeVar("Made")


@dataclass(kw_only=True)
class Watch:
    """One run under way in this process. before: the context to put back; failed: the steps that failed."""

    before: Context
    began: float = field(default_factory=time.perf_counter)
    failed: list[str] = field(default_factory=list)

    def end(self) -> None:
        """The run has ended in this process, however it ended."""
        outcome = "failed" if self.failed else "done"
        performance.info("run ended", outcome=outcome, seconds=round(time.perf_counter() - self.began, 6))
        restore(self.before)


class HasWatch(Protocol):
    """A resource that knows the run it is used by."""

    @property
    def watch(self) -> Watch | None:
        """The run; None outside of runs."""


def watch(run: dg.DagsterRun | None) -> Watch | None:
    """Have every line from here on carry the run and what asked for it. None where there is no run: a sensor's tick."""
    if not writes_logs():
        write_logs(LogSettings(), "sensor" if run is None else "run")
    if run is None:
        return None
    request = run.tags.get(REQUEST_TAG)
    before = bind(correlation_id=request or run.run_id, run_id=run.run_id, run_job=run.job_name, job_id=run.tags.get(JOB_TAG))
    application.info("run started")
    return Watch(before=before)


def observed(step: Callable[Given, Made]) -> Callable[Given, Made]:
    """The step, with its lines. To be put right above the function, below Dagster's decorator; the function takes the context first and `lake` by name."""
    if isgeneratorfunction(step):

        @wraps(step)
        def in_parts(*args: Given.args, **kwargs: Given.kwargs) -> Iterator[object]:
            with _around(args[0], kwargs["lake"]):
                yield from cast("Iterator[object]", step(*args, **kwargs))

        return cast("Callable[Given, Made]", in_parts)

    @wraps(step)
    def whole(*args: Given.args, **kwargs: Given.kwargs) -> Made:
        with _around(args[0], kwargs["lake"]):
            return step(*args, **kwargs)

    return whole


@contextmanager
def _around(context: object, lake: object) -> Iterator[None]:
    at = cast("dg.OpExecutionContext", context)
    watched = cast("HasWatch", lake).watch
    days = days_of(cast("dg.AssetExecutionContext", context)) if at.has_partition_key_range else None
    about = {} if days is None else {"first_day": days.first, "last_day": days.last}
    try:
        with timed("step", at.op_def.name, **about):
            yield
    except Exception:
        if watched is not None:
            watched.failed.append(at.op_def.name)
        raise
