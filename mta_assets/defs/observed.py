"""Runs and steps as the log sees them: which run, on whose request, and how long each step took. What a step does is its own."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from inspect import isgeneratorfunction
from typing import Any, ParamSpec, Protocol, TypeVar, cast

import dagster as dg

from mta_assets.defs.partitions import days_of
from mta_assets.settings import LogSettings, Settings
from mta_assets.state.figures import Tally
from mta_assets.telemetry.context import Context, bind, restore
from mta_assets.telemetry.setup import write_logs, writes_logs
from mta_assets.telemetry.streams import application, performance
from mta_assets.telemetry.timing import timed
from mta_assets.telemetry.tracing import begin_span, flush_spans, start_tracing, tracing

# On a run: the request of the API that asked for it, the job of that request, and its span.
REQUEST_TAG, JOB_TAG, TRACE_TAG = "mta/request", "mta/job", "mta/traceparent"
Given = ParamSpec("Given")
Made = TypeVar("Made")


class RunFailed(Exception):  # noqa: N818  what the span of a run says of it
    """A step of the run failed."""


@dataclass(kw_only=True)
class Watch:
    """One run under way in this process. before: the context to put back; failed: the steps that failed; tally: what it counted."""

    job: str
    before: Context
    began: float = field(default_factory=time.perf_counter)
    failed: list[str] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    end_span: Callable[[BaseException | None], None] | None = None

    def end(self, now: datetime) -> Tally:
        """The run has ended in this process, however it ended. Returns all that it counted."""
        outcome, seconds = "failed" if self.failed else "done", time.perf_counter() - self.began
        performance.info("run ended", outcome=outcome, seconds=round(seconds, 6))
        self.tally.add("mta_runs_total", 1, self.job, outcome)
        self.tally.add("mta_run_seconds", seconds, self.job)
        self.tally.put("mta_run_last_end_timestamp_seconds", now.timestamp(), self.job, outcome)
        if self.end_span is not None:
            self.end_span(RunFailed() if self.failed else None)
            flush_spans()
        restore(self.before)
        return self.tally

    def step_ended(self, step: str, began: float, *, failed: bool) -> None:
        """A step has ended."""
        if failed:
            self.failed.append(step)
        self.tally.add("mta_steps_total", 1, step, "failed" if failed else "done")
        self.tally.add("mta_step_seconds_total", time.perf_counter() - began, step)


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
    if Settings().tracing:
        start_tracing("run")
    end_span = begin_span(f"run {run.job_name}", parent=run.tags.get(TRACE_TAG)) if tracing() else None
    application.info("run started")
    return Watch(job=run.job_name, before=before, end_span=end_span)


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
    at = cast("dg.OpExecutionContext", getattr(context, "op_execution_context", context))  # of assets and of checks, which wrap it
    watched = cast("HasWatch", lake).watch
    days = days_of(context) if isinstance(context, dg.AssetExecutionContext) and at.has_partition_key_range else None
    about: dict[str, Any] = {} if days is None else {"first_day": days.first, "last_day": days.last}
    began, failed = time.perf_counter(), True
    try:
        with timed("step", at.op_def.name, **about):
            yield
        failed = False
    finally:
        if watched is not None:
            watched.step_ended(at.op_def.name, began, failed=failed)
