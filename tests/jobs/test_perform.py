"""A job does what `mta attribute` does, to the last digit, and ends: with results, with a reason, or cancelled."""

import logging
import threading
import time
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from polars.testing import assert_frame_equal

from mta_assets.analysis.run import Options
from mta_assets.cli import mta
from mta_assets.errors import ConflictError, NotFoundError
from mta_assets.jobs import perform as module
from mta_assets.jobs.folder import Folder
from mta_assets.jobs.outcome import read_outcome
from mta_assets.jobs.partial import partial_version, read_partial
from mta_assets.jobs.perform import STOPPED_FROM_OUTSIDE, perform
from mta_assets.state.job import JobState
from mta_assets.state.jobs import new_job_id

JULY = Path(__file__).parents[2] / ".." / "shared" / "data" / "july2018" / "events.csv"
EVENTS = "user_id,ts,channel,conversion,value\nu1,2026-03-01T10:00:00Z,email,0,\nu1,2026-03-02T10:00:00Z,search,1,19.99\n"


def folder_of(desk, job):
    return Folder.of_job(desk.uploads, job.id)


def said_by_the_command(files, folder, *more):
    out = folder / "out.parquet"
    done = CliRunner().invoke(mta, ["attribute", *map(str, files), "--out", str(out), *more])
    assert done.exit_code == 0, done.output
    return pl.read_parquet(out)


def test_a_job_finds_what_the_command_finds(desk, claimed, simulated, tmp_path):
    job = claimed()
    ended = perform(desk, job.id, "run")
    assert (ended.state, ended.percent, ended.run_id) == (JobState.SUCCEEDED, 100, "run")
    found = read_outcome(folder_of(desk, job).results)
    assert_frame_equal(found.results.drop("currency"), said_by_the_command(simulated.values(), tmp_path), check_exact=True)
    assert found.about["rows"]["quarantined"] == found.rejected.height > 0
    assert all(each["holds"] in (True, None) for each in found.about["sums"])
    assert "lead" in found.about["unavailable"]["w_shaped"]


@pytest.mark.skipif(not JULY.exists(), reason="../shared/data/july2018 is not beside this repository")
def test_a_job_finds_what_the_command_finds_in_july_2018(desk, claimed, tmp_path):
    columns = {"user_id": "customer_id", "ts": "time"}
    job = claimed(Options(columns=columns), july_csv=JULY.read_text())
    assert perform(desk, job.id, "run").state is JobState.SUCCEEDED
    expected = said_by_the_command([JULY], tmp_path, "--columns", "user_id=customer_id,ts=time")
    assert_frame_equal(read_outcome(folder_of(desk, job).results).results.drop("currency"), expected, check_exact=True)


def test_what_was_sent_is_removed_when_the_job_ends_and_partial_results_when_there_are_whole_ones(desk, claimed):
    job = claimed()
    perform(desk, job.id, "run")
    folder = folder_of(desk, job)
    assert not folder.files.exists()
    with pytest.raises(NotFoundError):
        read_partial(folder.partial)


def test_percent_and_stage_move_as_the_work_does(desk, claimed, monkeypatch):
    job = claimed()
    noted = []
    whole = desk.jobs.progress

    def progress(id_, stage, percent, *, now):
        noted.append((percent, stage))
        return whole(id_, stage, percent, now=now)

    monkeypatch.setattr(desk.jobs, "progress", progress)
    perform(desk, job.id, "run")
    percents = [percent for percent, _ in noted]
    assert percents == sorted(percents)
    assert noted[0] == (0, "reading touchpoints.csv")
    assert noted[-1] == (99, "writing results")
    assert len(set(percents)) > 15


def test_while_a_job_runs_the_models_that_are_done_can_be_had(desk, claimed, monkeypatch):
    job, seen = claimed(), {}
    whole = desk.jobs.progress

    def progress(id_, stage, percent, *, now):
        if stage in ("statistics", "learning shapley"):
            seen[stage] = (read_partial(folder_of(desk, job).partial), partial_version(folder_of(desk, job).partial))
        return whole(id_, stage, percent, now=now)

    monkeypatch.setattr(desk.jobs, "progress", progress)
    perform(desk, job.id, "run")
    rules, more = (rows["model"].unique() for rows, _ in seen.values())
    assert {"linear", "first_touch"} <= set(rules) < {"markov_1"} | set(rules) <= set(more)
    whole_rows = read_outcome(folder_of(desk, job).results).results
    for rows, _ in seen.values():
        assert_frame_equal(
            rows, whole_rows.join(rows.select("model").unique(), on="model", how="semi"), check_exact=True, check_row_order=False
        )
    assert len({version for _, version in seen.values()}) == 2


@pytest.mark.parametrize("stage", ["deduplicating", "learning markov_2"])
def test_a_cancellation_stops_the_work_at_its_next_step_and_keeps_what_was_found(desk, claimed, stage):
    job = claimed()

    def cancel_then(what):
        if what.startswith(stage):
            desk.jobs.ask_cancel(job.id, "acme", now=desk.now())

    ended = perform(replace(desk, say=cancel_then), job.id, "run")
    assert ended.state is JobState.CANCELLED
    folder = folder_of(desk, job)
    assert not folder.files.exists()
    assert (folder.partial / "results.parquet").exists() == (stage != "deduplicating")
    with pytest.raises(NotFoundError):
        read_outcome(folder.results)


def test_a_job_cancelled_before_its_run_began_is_not_done(desk, claimed):
    job = claimed()
    desk.jobs.ask_cancel(job.id, "acme", now=desk.now())
    ended = perform(desk, job.id, "run")
    assert (ended.state, ended.percent) == (JobState.CANCELLED, 0)


def test_a_file_that_cannot_be_used_fails_the_job_in_words_for_its_sender(desk, claimed):
    job = claimed(export_csv="a,b\n1,2\n")
    ended = perform(desk, job.id, "run")
    assert ended.state is JobState.FAILED
    assert ended.reason.startswith("export.csv does not look like any kind of input. It has: a, b.")
    assert str(desk.uploads) not in ended.reason
    assert not folder_of(desk, job).files.exists()


def test_a_fault_of_ours_is_logged_and_told_by_the_jobs_id_alone(desk, claimed, monkeypatch, caplog):
    def broken(*_):
        raise ZeroDivisionError("/secret/path")

    monkeypatch.setattr(module, "analyze", broken)
    job = claimed()
    with caplog.at_level(logging.ERROR):
        ended = perform(desk, job.id, "run")
    assert ended.state is JobState.FAILED
    assert job.id in ended.reason
    assert "/secret/path" not in ended.reason
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(("asked", "state", "reason"), [(True, JobState.CANCELLED, None), (False, JobState.FAILED, STOPPED_FROM_OUTSIDE)])
def test_an_interruption_ends_the_job_and_goes_on(desk, claimed, asked, state, reason):
    job = claimed()

    def interrupt(_):
        if asked:
            desk.jobs.ask_cancel(job.id, "acme", now=desk.now())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        perform(replace(desk, say=interrupt), job.id, "run")
    ended = desk.jobs.get(job.id, None)
    assert (ended.state, ended.reason) == (state, reason)


def test_a_run_that_was_given_up_for_dead_ends_nothing_a_second_time(desk, claimed):
    job = claimed()

    def give_up(what):
        if what.startswith("deduplicating"):
            desk.jobs.fail(job.id, "its run was silent", now=desk.now())

    assert perform(replace(desk, say=give_up), job.id, "run").reason == "its run was silent"


def test_a_job_that_has_ended_is_not_done_again(desk, claimed):
    job = claimed(events_csv=EVENTS)
    perform(desk, job.id, "run")
    with pytest.raises(ConflictError):
        perform(desk, job.id, "another run")
    assert read_outcome(folder_of(desk, job).results).about["conversions"] == 1


def test_a_run_says_that_it_lives_also_within_a_long_step(desk, claimed, monkeypatch):
    monkeypatch.setattr(module, "PULSE_SECONDS", 0.02)
    job, heard, enough = claimed(events_csv=EVENTS), [], threading.Event()
    whole = desk.jobs.pulse

    def pulse(id_, *, now):
        heard.append(whole(id_, now=now).updated_at)
        if len(heard) >= 3:
            enough.set()

    monkeypatch.setattr(desk.jobs, "pulse", pulse)
    ended = perform(replace(desk, say=lambda what: what.startswith("deduplicating") and enough.wait(10)), job.id, "run")
    assert ended.state is JobState.SUCCEEDED
    assert heard == sorted(heard)
    assert len(heard) >= 3
    count = len(heard)
    time.sleep(0.1)
    assert len(heard) == count  # it ended with its job


def test_there_is_no_job_of_an_unknown_id(desk):
    with pytest.raises(NotFoundError):
        perform(desk, new_job_id(), "run")
