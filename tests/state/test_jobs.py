"""A job goes only where it may, is taken by one, and belongs to its owner."""

import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mta_assets.errors import BusyError, ConflictError, NotFoundError, StateError
from mta_assets.jobs.daemon import daemon_warning
from mta_assets.state.deliveries import Deliveries
from mta_assets.state.heartbeats import Heartbeats
from mta_assets.state.job import ENDED, MOVES, JobFile, JobState
from mta_assets.state.jobs import Jobs
from mta_assets.state.webhooks import Event, Webhooks

PEPPER = b"p" * 32
MINUTE = timedelta(minutes=1)
FILE = JobFile(stored="a.csv", given="July\0 \ud800 ü.csv", kind="touchpoints", size_bytes=10**10)
CLAIM = """
import sys
from datetime import UTC, datetime
from mta_assets.state.jobs import Jobs
from mta_assets.state.store import StateStore
jobs = Jobs(StateStore(sys.argv[1]))
queued = jobs.queued()
sys.stdin.read(1)
print(*(job.id for job in queued if jobs.claim(job.id, now=datetime.now(UTC))))
"""
CALLS = {
    "claim": lambda jobs, id_, now: jobs.claim(id_, now=now),
    "release": lambda jobs, id_, now: jobs.release(id_, now=now),
    "start": lambda jobs, id_, now: jobs.start(id_, "run", now=now),
    "progress": lambda jobs, id_, now: jobs.progress(id_, "reading", 10, now=now),
    "succeed": lambda jobs, id_, now: jobs.succeed(id_, now=now),
    "fail": lambda jobs, id_, now: jobs.fail(id_, "it broke", now=now),
    "cancelled": lambda jobs, id_, now: jobs.cancelled(id_, now=now),
    "pulse": lambda jobs, id_, now: jobs.pulse(id_, now=now),
    "ask_cancel": lambda jobs, id_, now: jobs.ask_cancel(id_, "acme", now=now),
}


@pytest.fixture
def jobs(store):
    return Jobs(store)


@pytest.fixture
def ask(jobs, now):
    numbers = count()

    def ask(owner="acme", **more):
        moment = now + timedelta(seconds=next(numbers))
        return jobs.create(owner=owner, key_id="k", request_id="r", options={"models": ["linear"]}, files=[FILE], now=moment, **more)

    return ask


def test_a_job_comes_back_as_it_was_asked_for(jobs, ask):
    job = ask()
    found = jobs.get(job.id, "acme")
    assert (found.state, found.percent, found.options, found.files) == (JobState.QUEUED, 0.0, {"models": ["linear"]}, (FILE,))
    assert found == job


def test_a_job_that_goes_well_says_when_it_will_end(jobs, ask, now):
    id_ = ask().id
    assert jobs.claim(id_, now=now).state == JobState.LAUNCHING
    started = jobs.start(id_, "run", now=now + MINUTE)
    assert (started.state, started.expected_end) == (JobState.RUNNING, None)
    half = jobs.progress(id_, "crediting", 25, now=now + 2 * MINUTE)
    assert half.expected_end == now + 5 * MINUTE
    assert jobs.progress(id_, "writing", 20, now=now + 3 * MINUTE).percent == 25
    done = jobs.succeed(id_, now=now + 4 * MINUTE)
    assert (done.state, done.percent, done.stage, done.finished_at, done.expected_end, done.ended) == (
        JobState.SUCCEEDED,
        100,
        "writing",
        now + 4 * MINUTE,
        None,
        True,
    )
    assert jobs.of_run("run") == done == jobs.get(id_, None)


def test_a_failed_job_says_why_in_words_that_any_database_keeps(jobs, ask, now):
    id_ = ask().id
    jobs.claim(id_, now=now)
    failed = jobs.fail(id_, "row 3 has a NUL: \0, and half a pair: \ud800 " + "x" * 9_000, now=now)
    assert jobs.get(id_, "acme").reason.startswith("row 3 has a NUL: \ufffd, and half a pair: \ufffd xxx")
    assert len(failed.reason) <= 2_000


def test_a_queued_job_is_cancelled_at_once_and_is_not_launched(jobs, ask, now):
    id_ = ask().id
    assert jobs.ask_cancel(id_, "acme", now=now).state == JobState.CANCELLED
    assert jobs.ask_cancel(id_, "acme", now=now + MINUTE).finished_at == now
    assert jobs.claim(id_, now=now) is None
    assert jobs.queued() == ()


def test_a_running_job_is_told_to_stop_at_its_next_step(jobs, ask, now):
    id_ = ask().id
    jobs.claim(id_, now=now)
    jobs.start(id_, "run", now=now)
    assert jobs.ask_cancel(id_, "acme", now=now).state == JobState.CANCELLING
    assert [job.id for job in jobs.cancelling()] == [id_]
    assert jobs.progress(id_, "reading", 5, now=now).state == JobState.CANCELLING
    assert jobs.cancelled(id_, now=now).state == JobState.CANCELLED
    assert jobs.cancelling() == jobs.underway() == ()


def test_a_cancellation_that_comes_before_the_run_still_learns_which_run_to_stop(jobs, ask, now):
    id_ = ask().id
    jobs.claim(id_, now=now)
    jobs.ask_cancel(id_, None, now=now)
    assert jobs.start(id_, "run", now=now).state == JobState.CANCELLING
    assert jobs.cancelling()[0].run_id == "run"


def test_what_has_ended_cannot_be_cancelled(jobs, ask, now):
    id_ = ask().id
    jobs.fail(id_, "no", now=now)
    with pytest.raises(ConflictError, match="is failed"):
        jobs.ask_cancel(id_, "acme", now=now)


def test_the_job_of_another_owner_is_not_there(jobs, ask, now):
    id_ = ask().id
    for call in (lambda: jobs.get(id_, "other"), lambda: jobs.ask_cancel(id_, "other", now=now), lambda: jobs.get("job_\0", None)):
        with pytest.raises(NotFoundError):
            call()
    assert jobs.list("other").items == ()
    assert jobs.get(id_, None).state == JobState.QUEUED


def test_lists_are_the_newest_first_and_the_queue_the_oldest_first(jobs, ask, now):
    ids = [ask().id for _ in range(3)]
    theirs = ask(owner="other").id
    jobs.claim(ids[0], now=now)
    assert [job.id for job in jobs.list("acme").items] == ids[::-1]
    assert [job.id for job in jobs.list(None, limit=2).items] == [theirs, ids[2]]
    assert [job.id for job in jobs.list("acme", state=JobState.LAUNCHING).items] == ids[:1]
    assert [job.id for job in jobs.queued()] == [*ids[1:], theirs]
    assert [job.id for job in jobs.underway()] == ids[:1]
    assert jobs.count("acme") == 3


def test_no_more_jobs_at_a_time_than_allowed_however_many_ask(jobs, ask, now):
    def attempt(_):
        try:
            return ask(at_most=3).id
        except BusyError:
            return None

    with ThreadPoolExecutor(8) as pool:
        made = [id_ for id_ in pool.map(attempt, range(12)) if id_]
    assert len(made) == jobs.count("acme") == 3
    assert ask(owner="other", at_most=1)
    jobs.ask_cancel(made[0], "acme", now=now)
    assert ask(at_most=3)


def test_each_job_is_claimed_by_one_of_several_processes(jobs, ask, state_url):
    ids = {ask().id for _ in range(20)}
    claimers = [subprocess.Popen([sys.executable, "-c", CLAIM, state_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(3)]
    claimed = Counter(" ".join(out.decode() for out, _ in _released(claimers)).split())
    assert claimed == Counter(ids)


@pytest.mark.parametrize("way", ["queued and cancelled", "queued and failed", "succeeded", "failed", "cancelled"])
def test_however_a_job_ends_its_owner_alone_is_told_once(store, jobs, ask, now, way):
    webhooks = Webhooks(store, PEPPER)
    mine, theirs = (
        webhooks.create(owner=owner, url="https://h/", events=[Event.JOB_FINISHED], now=now)[0].id for owner in ("acme", "other")
    )
    id_ = ask().id
    if not way.startswith("queued"):
        jobs.claim(id_, now=now)
        jobs.start(id_, "run", now=now)
    if way.endswith("cancelled"):
        jobs.ask_cancel(id_, "acme", now=now)
    last = {"succeeded": jobs.succeed, "cancelled": jobs.cancelled}.get(way)
    if last:
        last(id_, now=now)
    elif way.endswith("failed"):
        jobs.fail(id_, "no row can be read", now=now)
    jobs.pulse(id_, now=now + MINUTE)
    with pytest.raises(ConflictError):
        jobs.fail(id_, "again", now=now)
    deliveries = Deliveries(store, PEPPER)
    (told,) = deliveries.list(mine, None).items
    assert told.kind == Event.JOB_FINISHED
    assert told.payload["job_id"] == id_
    assert told.payload["state"] == way.split()[-1] == jobs.get(id_, None).state
    assert told.payload["reason"] == ("no row can be read" if way.endswith("failed") else None)
    assert deliveries.list(theirs, None).items == ()


def test_a_run_that_says_that_it_lives_moves_the_time_it_was_last_heard_of_and_nothing_else(jobs, ask, now):
    id_ = ask().id
    assert jobs.pulse(id_, now=now + MINUTE).updated_at < now + MINUTE
    jobs.claim(id_, now=now)
    started = jobs.start(id_, "run", now=now)
    assert replace(jobs.pulse(id_, now=now + MINUTE), updated_at=now) == replace(started, updated_at=now)
    assert jobs.get(id_, None).updated_at == now + MINUTE
    assert jobs.pulse(id_, now=now).updated_at == now + MINUTE


@pytest.mark.parametrize("percent", [-1, 101, float("nan"), float("inf")])
def test_progress_is_within_0_and_100(jobs, ask, now, percent):
    id_ = ask().id
    jobs.claim(id_, now=now)
    jobs.start(id_, "run", now=now)
    with pytest.raises(StateError, match="between 0 and 100"):
        jobs.progress(id_, "x", percent, now=now)


@settings(
    max_examples=60, deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(calls=st.lists(st.sampled_from(sorted(CALLS)), min_size=1, max_size=8))
def test_no_sequence_of_calls_makes_a_job_move_as_it_may_not(jobs, ask, now, calls):
    id_ = ask().id
    for step, call in enumerate(calls):
        before = jobs.get(id_, None)
        try:
            CALLS[call](jobs, id_, now + step * MINUTE)
        except ConflictError:
            assert jobs.get(id_, None) == before
            continue
        after = jobs.get(id_, None)
        assert after.state == before.state or after.state in MOVES[before.state]
        assert after.percent >= before.percent
        assert (after.finished_at is not None) == after.ended == (after.state in ENDED)
        assert not before.ended or after == before


def test_old_jobs_are_removed_once_they_have_ended(jobs, ask, now):
    ended, open_ = ask().id, ask().id
    jobs.fail(ended, "no", now=now)
    assert jobs.prune(now) == ()
    assert jobs.prune(now + MINUTE) == (ended,)
    assert [job.id for job in jobs.list(None).items] == [open_]


def test_a_heartbeat_is_the_latest_that_was_heard(store, now):
    heartbeats = Heartbeats(store)
    assert heartbeats.last("daemon") is None
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: heartbeats.beat("daemon", now + n * MINUTE), (2, 0, 3, 1)))
    assert heartbeats.last("daemon") == now + 3 * MINUTE
    assert heartbeats.last("other") is None


def test_a_heartbeat_of_a_clock_that_was_ahead_does_not_outlast_it(store, now):
    heartbeats = Heartbeats(store)
    heartbeats.beat("daemon", now + 600 * MINUTE)
    assert "was last heard of" in (daemon_warning(heartbeats, now) or "")
    heartbeats.beat("daemon", now)
    assert heartbeats.last("daemon") == now
    assert daemon_warning(heartbeats, now) is None


def _released(processes):
    for process in processes:
        process.stdin.write(b"x")
        process.stdin.flush()
    return [process.communicate() for process in processes]
