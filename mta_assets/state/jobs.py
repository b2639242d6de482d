"""One-off analyses as rows: asked for, launched, followed, ended. Who launches and does the work is elsewhere; files are named, not kept here."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import ColumnElement, Select, delete, func, select

from mta_assets.errors import BusyError, ConflictError, NotFoundError, StateError
from mta_assets.state.deliveries import address
from mta_assets.state.job import ENDED, MOVES, UNDERWAY, Job, JobFile, JobState
from mta_assets.state.pages import Page, page_of
from mta_assets.state.store import StateStore
from mta_assets.state.tables import JobRow
from mta_assets.state.webhooks import Event

ANALYZE = "analyze"
LONGEST_REASON = 2_000


def new_job_id() -> str:
    """An id that no job has."""
    return f"job_{secrets.token_hex(12)}"


class Jobs:
    """The jobs of one store. Every change is one transaction on the locked row; a move that MOVES does not have raises ConflictError.

    However a job ends, the event `job.finished` is addressed to its owner's subscriptions in the same transaction.
    """

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def create(  # noqa: PLR0913  one parameter per thing that a job is asked for with
        self,
        *,
        owner: str,
        key_id: str,
        request_id: str,
        traceparent: str | None = None,
        options: Mapping[str, object],
        files: Sequence[JobFile],
        now: datetime,
        at_most: int | None = None,
        id_: str | None = None,
    ) -> Job:
        """A queued analysis. id_: from `new_job_id`, when its files are in place already. Raises BusyError when the owner has at_most unended jobs."""
        row = JobRow(
            id=id_ or new_job_id(),
            owner=owner,
            key_id=key_id,
            kind=ANALYZE,
            state=JobState.QUEUED,
            percent=0.0,
            options=dict(options),
            files=[asdict(file) for file in files],
            request_id=request_id,
            traceparent=traceparent,
            created_at=now,
            updated_at=now,
        )
        with self._store.session() as session:
            if at_most is not None:
                self._store.alone(session, f"jobs of {owner}")
                count = session.scalar(select(func.count()).where(*_unended(owner))) or 0
                if count >= at_most:
                    raise BusyError(
                        f"{count} of your analyses wait or run, and {at_most} may at a time. Wait for one to end, or cancel one."
                    )
            session.add(row)
        return _job(row)

    def get(self, id_: str, owner: str | None) -> Job:
        """The job. owner: whose it must be; None for admins, who see all. Raises NotFoundError, also when it is somebody else's."""
        row = self._one(select(JobRow).where(JobRow.id == id_))
        if row is None or (owner is not None and row.owner != owner):
            raise _unknown(id_)
        return _job(row)

    def list(self, owner: str | None, *, state: JobState | None = None, after: str | None = None, limit: int = 100) -> Page[Job]:
        """The jobs of this owner (None: of all), the newest first."""
        query = select(JobRow)
        if owner is not None:
            query = query.where(JobRow.owner == owner)
        if state is not None:
            query = query.where(JobRow.state == state)
        with self._store.reading() as session:
            return page_of(session, query, JobRow, _job, after=after, limit=limit)

    def count(self, owner: str) -> int:
        """How many jobs of this owner have not ended."""
        with self._store.reading() as session:
            return session.scalar(select(func.count()).where(*_unended(owner))) or 0

    def by_state(self) -> dict[JobState, int]:
        """How many jobs there are in each state, whosever they are."""
        with self._store.reading() as session:
            counts = dict(session.execute(select(JobRow.state, func.count()).group_by(JobRow.state)).tuples().all())
        return {state: counts.get(state, 0) for state in JobState}

    def queued(self, limit: int = 100) -> tuple[Job, ...]:
        """What waits to be launched, the oldest first."""
        return self._oldest({JobState.QUEUED}, limit)

    def cancelling(self, limit: int = 100) -> tuple[Job, ...]:
        """Jobs whose runs are to be stopped, the oldest first."""
        return self._oldest({JobState.CANCELLING}, limit)

    def underway(self, limit: int = 1_000) -> tuple[Job, ...]:
        """Jobs that were launched and have not ended, the oldest first: those whose runs may have died without a word."""
        return self._oldest(UNDERWAY, limit)

    def of_run(self, run_id: str) -> Job | None:
        """The job that this run does; None when it does none."""
        row = self._one(select(JobRow).where(JobRow.run_id == run_id))
        return None if row is None else _job(row)

    def claim(self, id_: str, *, now: datetime, run_id: str | None = None) -> Job | None:
        """Take a queued job to launch it: of several who try one gets it, the others None, as when it is queued no more."""
        with self._changing(id_, now) as row:
            if row.state != JobState.QUEUED:
                return None
            row.state, row.run_id = JobState.LAUNCHING, run_id
        return _job(row)

    def release(self, id_: str, *, now: datetime) -> Job:
        """Put back a claimed job whose launch did not come about."""
        with self._changing(id_, now) as row:
            _move(row, JobState.QUEUED)
            row.run_id = None
        return _job(row)

    def start(self, id_: str, run_id: str, *, now: datetime) -> Job:
        """The run has begun to work on a claimed job. Again by the same run, it changes nothing."""
        with self._changing(id_, now) as row:
            if row.state == JobState.CANCELLING or (row.state == JobState.RUNNING and row.run_id == run_id):
                row.run_id = run_id  # a cancellation that came before the run needs its id to reach it
            else:
                _move(row, JobState.RUNNING)
                row.run_id, row.started_at = run_id, now
        return _job(row)

    def progress(self, id_: str, stage: str, percent: float, *, now: datetime) -> Job:
        """Note how far it is; the answer says whether to stop (`cancelling`). percent never falls. Raises StateError when not within 0 and 100."""
        if not 0 <= percent <= 100:  # refuses NaN as well
            raise StateError(f"Progress is between 0 and 100 percent, not {percent}.")
        with self._changing(id_, now) as row:
            if row.state not in (JobState.RUNNING, JobState.CANCELLING):
                raise ConflictError(f"The job {id_} is {row.state}: only a running one makes progress.")
            row.stage, row.percent = stage, max(row.percent, float(percent))
        return _job(row)

    def pulse(self, id_: str, *, now: datetime) -> Job:
        """Its run is alive, though it has nothing new to tell: `updated_at` says when that was last known. Of a job that no run works on, nothing changes."""
        with self._changing(id_, now) as row:
            if row.state in (JobState.RUNNING, JobState.CANCELLING):
                row.updated_at = max(row.updated_at, now)
        return _job(row)

    def succeed(self, id_: str, *, now: datetime) -> Job:
        """Its results are there."""
        with self._changing(id_, now) as row:
            _end(row, JobState.SUCCEEDED, now)
            row.percent = 100.0
        return _job(row)

    def fail(self, id_: str, reason: str, *, now: datetime) -> Job:
        """It will have no results. reason: what the one who asked can do with; no path, no traceback."""
        with self._changing(id_, now) as row:
            _end(row, JobState.FAILED, now)
            row.reason = reason[:LONGEST_REASON]
        return _job(row)

    def cancelled(self, id_: str, *, now: datetime) -> Job:
        """Its run has stopped, as was asked."""
        with self._changing(id_, now) as row:
            _end(row, JobState.CANCELLED, now)
        return _job(row)

    def ask_cancel(self, id_: str, owner: str | None, *, now: datetime) -> Job:
        """A queued job is cancelled at once, a launched one as soon as its run has stopped; asking again changes nothing.

        Raises NotFoundError, also when it is somebody else's, and ConflictError when it has succeeded or failed.
        """
        with self._changing(id_, now) as row:
            if owner is not None and row.owner != owner:
                raise _unknown(id_)
            if row.state == JobState.QUEUED:
                _end(row, JobState.CANCELLED, now)
            elif row.state not in (JobState.CANCELLING, JobState.CANCELLED):
                _move(row, JobState.CANCELLING)
        return _job(row)

    def prune(self, before: datetime) -> tuple[str, ...]:
        """Remove the jobs that ended before this moment, and say which: their files can go."""
        old = delete(JobRow).where(JobRow.state.in_(ENDED), JobRow.finished_at < before).returning(JobRow.id)
        with self._store.session() as session:
            return tuple(session.scalars(old))

    def _one(self, query: Select[tuple[JobRow]]) -> JobRow | None:
        with self._store.reading() as session:
            return session.scalar(query)

    def _oldest(self, states: frozenset[JobState] | set[JobState], limit: int) -> tuple[Job, ...]:
        with self._store.reading() as session:
            rows = session.scalars(select(JobRow).where(JobRow.state.in_(states)).order_by(JobRow.number).limit(limit))
            return tuple(_job(row) for row in rows)

    @contextmanager
    def _changing(self, id_: str, now: datetime) -> Iterator[JobRow]:
        """The row, which nobody else changes meanwhile."""
        with self._store.session() as session:
            row = session.scalar(select(JobRow).where(JobRow.id == id_).with_for_update())
            if row is None:
                raise _unknown(id_)
            ended = row.state in ENDED
            yield row
            if session.is_modified(row):
                row.updated_at = now
            if row.state in ENDED and not ended:
                address(session, f"{row.id}.finished", Event.JOB_FINISHED, _ended(row), now=now, owner=row.owner)


def _unended(owner: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return JobRow.owner == owner, JobRow.state.not_in(ENDED)


def _move(row: JobRow, to: JobState) -> None:
    if to not in MOVES[JobState(row.state)]:
        raise ConflictError(f"The job {row.id} is {row.state} and cannot become {to}.")
    row.state = to


def _end(row: JobRow, to: JobState, now: datetime) -> None:
    _move(row, to)
    row.finished_at = now


def _ended(row: JobRow) -> dict[str, object]:
    """What subscribers are told of a job that has ended."""
    times = {"created_at": row.created_at.isoformat(), "finished_at": row.finished_at and row.finished_at.isoformat()}
    return {"job_id": row.id, "kind": row.kind, "state": row.state, "reason": row.reason, **times}


def _unknown(id_: str) -> NotFoundError:
    return NotFoundError(f"There is no job {id_!r}. GET /v1/jobs lists yours.")


def _job(row: JobRow) -> Job:
    return Job(
        id=row.id,
        owner=row.owner,
        key_id=row.key_id,
        kind=row.kind,
        state=JobState(row.state),
        stage=row.stage,
        percent=row.percent,
        options=row.options,
        files=tuple(JobFile(**file) for file in row.files),
        request_id=row.request_id,
        traceparent=row.traceparent,
        run_id=row.run_id,
        reason=row.reason,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        updated_at=row.updated_at,
    )
