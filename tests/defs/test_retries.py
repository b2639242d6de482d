"""What may go by itself is tried again, within the run and after it; what is wrong never is."""

import errno
import itertools
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest
from sqlalchemy.exc import OperationalError

from mta_assets.contracts.columns import ContractError
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import JOURNEYS
from mta_assets.defs import clean_up, retries
from mta_assets.defs.clean_up import CLEAN_UP
from mta_assets.defs.jobs import CLOSE_DAY
from mta_assets.defs.landing_sensor import Cursor, answer
from mta_assets.defs.restatement_sensor import pending_work, untried
from mta_assets.defs.retries import FAILED_FOR, FIRST_OUTAGE_WAIT, LONGEST_OUTAGE_WAIT, OUTAGE, RETRIES
from mta_assets.errors import (
    ConfigError,
    DataError,
    LakeAwayError,
    LakeError,
    LandingAwayError,
    OvertakenError,
    StateAwayError,
    StateError,
    passes,
)
from mta_assets.lake.failures import refused
from mta_assets.lake.lake import Lake
from mta_assets.pipeline import restatements
from mta_assets.pipeline.ingest import LandedFile

DAY = date(2026, 3, 4)
PASSING = [
    OvertakenError("x"),
    StateAwayError("x"),
    LandingAwayError("x"),
    OSError(errno.ETIMEDOUT, "x"),
    ConnectionResetError(errno.ECONNRESET, "x"),
]
WRONG = [
    DataError("x"),
    ConfigError("x"),
    LakeError("x"),
    StateError("x"),
    ContractError("x"),
    PermissionError(errno.EACCES, "x"),
    ValueError("x"),
]


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(retries, "FIRST_WAIT_SECONDS", 0.001)


def broken(monkeypatch, *errors):
    """Writing journeys fails, once with each of these. The list grows by one with each try."""
    tries, original = [], Lake.replace_days

    def replace_days(self, table, frame, days):
        if table.name == JOURNEYS.name:
            tries.append(days)
            if len(tries) <= len(errors):
                raise errors[len(tries) - 1]
        original(self, table, frame, days)

    monkeypatch.setattr(Lake, "replace_days", replace_days)
    return tries


def test_what_passes_and_what_does_not():
    assert all(map(passes, PASSING))
    assert not any(map(passes, WRONG))


@pytest.mark.parametrize(
    "said", ["Generic S3 error: operation timed out", "No space left on device (os error 28)", "Connection reset by peer"]
)
def test_a_storage_that_is_away_or_full_passes(said):
    assert isinstance(refused("core/spend", "s3://lake", "written", OSError(said)), LakeAwayError)


@pytest.mark.parametrize("said", ["Permission denied (os error 13)", "No such file or directory", "Invalid JSON in log entry"])
def test_a_storage_that_is_damaged_or_closed_does_not_pass(said):
    error = refused("core/spend", "s3://lake", "written", OSError(said))
    assert type(error) is LakeError


@pytest.mark.parametrize("errors", [PASSING[n : n + RETRIES] for n in range(0, len(PASSING), RETRIES)], ids=str)
def test_a_step_that_something_passing_kept_from_its_work_is_tried_again_in_the_same_run(copied, monkeypatch, errors):
    shop = copied()
    restatements.close_day(shop.resource.lake, DAY, datetime.now(UTC))
    tries = broken(monkeypatch, *errors)
    result = shop.run("attribute", DayRange(DAY, DAY))
    assert result.success
    assert len(tries) == len(errors) + 1
    assert pending_work(shop.resource.lake) == []


@pytest.mark.parametrize("error", WRONG, ids=lambda error: type(error).__name__)
def test_what_is_wrong_fails_at_once_and_is_no_outage(copied, monkeypatch, error):
    shop = copied()
    tries = broken(monkeypatch, *[error] * 99)
    result = shop.run("attribute", DayRange(DAY, DAY))
    assert not result.success
    assert len(tries) == 1
    assert FAILED_FOR not in shop.instance.get_run_by_id(result.run_id).tags


def failing(monkeypatch, where, name, error, times):
    """A function fails so often. The list grows by one with each try."""
    tries, original = [], getattr(where, name)

    def tried(*args, **kwargs):
        tries.append(args)
        if len(tries) <= times:
            raise error
        return original(*args, **kwargs)

    monkeypatch.setattr(where, name, tried)
    return tries


# op -> what it calls that may find something away, or something wrong
TASKS = {
    "remove_what_is_over": (clean_up, "prune", StateAwayError("away"), StateError("wrong")),
    "tidy_the_lake": (Lake, "compact", LakeAwayError("away"), LakeError("wrong")),
    "remove_old_days": (clean_up, "retire", LakeAwayError("away"), LakeError("wrong")),
    "forget_old_runs": (clean_up, "forget", OperationalError("", {}, Exception("away")), ValueError("wrong")),
    "ask_to_close": (restatements, "close_day", LakeAwayError("away"), LakeError("wrong")),
}


def run_tasks(shop, tmp_path):
    """The events of the jobs that are no steps of the pipeline."""
    shop.tell(f"sqlite:///{tmp_path}/state.db", tmp_path / "uploads")
    day = {"ask_to_close": {"config": {"day": "2026-03-07"}}}
    return [*shop.run(CLEAN_UP).all_events, *shop.run(CLOSE_DAY, ops=day).all_events]


def test_tasks_that_something_passing_kept_from_their_work_are_tried_again_in_the_same_run(copied, monkeypatch, tmp_path):
    shop = copied()
    for where, name, passing, _ in TASKS.values():
        failing(monkeypatch, where, name, passing, 1)
    events = run_tasks(shop, tmp_path)
    again = {event.step_key for event in events if event.event_type == dg.DagsterEventType.STEP_RESTARTED}
    assert again == {event.step_key for event in events if event.is_step_success} == set(TASKS)


def test_tasks_that_find_something_wrong_fail_at_once(copied, monkeypatch, tmp_path):
    shop = copied()
    tries = {task: failing(monkeypatch, where, name, wrong, 10_000) for task, (where, name, _, wrong) in TASKS.items()}
    events = run_tasks(shop, tmp_path)
    assert {event.step_key for event in events if event.is_step_failure} == set(TASKS)
    assert not [event for event in events if event.event_type == dg.DagsterEventType.STEP_UP_FOR_RETRY]
    assert all(tries.values())


def test_waits_grow_and_are_spread(monkeypatch):
    monkeypatch.undo()
    waits = [[retries.wait_seconds(n) for _ in range(50)] for n in range(RETRIES)]
    assert all(max(one) < min(other) for one, other in itertools.pairwise(waits))
    assert all(len(set(one)) > 10 for one in waits)
    assert min(waits[0]) > 3
    assert max(waits[-1]) <= 100


def _failed(shop, work, tags):
    run = dg.DagsterRun(job_name=work.job, tags={"dagster/run_key": work.run_key} | tags, status=dg.DagsterRunStatus.FAILURE)
    shop.instance.add_run(run)
    return run


def test_a_run_that_an_outage_ended_says_so_and_its_days_are_asked_for_again_without_end_and_not_halved(copied, monkeypatch):
    shop = copied()
    for day in (DAY, DAY + timedelta(days=1)):
        restatements.close_day(shop.resource.lake, day, datetime.now(UTC))
    (work,) = pending_work(shop.resource.lake)
    tries = broken(monkeypatch, *[LakeAwayError("the disk is full")] * 99)
    result = shop.run(work.job, work.days, **{"dagster/run_key": work.run_key})
    assert not result.success
    assert len(tries) == RETRIES + 1
    tags = shop.instance.get_run_by_id(result.run_id).tags
    assert tags[FAILED_FOR] == OUTAGE
    now = datetime.now(UTC)
    assert list(untried(shop.instance, [work], now)) == []
    (again,) = untried(shop.instance, [work], now + FIRST_OUTAGE_WAIT)
    assert (again.days, again.outages) == (work.days, 1)
    assert again.run_key != work.run_key
    for _ in range(8):
        _failed(shop, again, {FAILED_FOR: OUTAGE})
        (later,) = untried(shop.instance, [work], now + 2 * LONGEST_OUTAGE_WAIT)
        assert later.outages == again.outages + 1
        again = later


def test_files_whose_ingest_an_outage_ended_are_asked_for_again_after_a_while(shop_of):
    shop, now = shop_of(), datetime.now(UTC)
    file = LandedFile(source_name="spend", file="spend/a.csv", path=shop.folder, size_bytes=1, modified=now - timedelta(hours=1))
    cursor = Cursor()
    for _ in range(5):
        asked = answer(shop.instance, [file], cursor, now)
        cursor = Cursor.model_validate_json(asked.cursor)
        tags = {"dagster/run_key": cursor.run_key, FAILED_FOR: OUTAGE}
        shop.instance.add_run(dg.DagsterRun(job_name="ingest", tags=tags, status=dg.DagsterRunStatus.FAILURE))
        assert isinstance(answer(shop.instance, [file], cursor, datetime.fromtimestamp(1, UTC)), dg.SkipReason)
