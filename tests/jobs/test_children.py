"""A file that breaks the limits of the process that reads it ends that process, and the next file is read by another."""

import os
import signal
import time
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from mta_assets.analysis.run import Options
from mta_assets.config import Config
from mta_assets.errors import CallError, ForeignFormatError, ModelError, TooLargeError
from mta_assets.jobs.asked import stated
from mta_assets.jobs.children import ChildLimits, Children
from mta_assets.jobs.folder import Folder
from mta_assets.jobs.outcome import read_outcome
from mta_assets.jobs.screening import Limits
from mta_assets.jobs.tasks import given_to
from mta_assets.state.job import JobFile
from mta_assets.telemetry.context import bound

EVENTS = (
    "user_id,ts,channel,conversion,value\nu1,2026-03-01T10:00:00Z,email,0,\nu1,2026-03-02T10:00:00Z,search,1,19.99\nu2,never,email,0,\n"
)


@pytest.fixture(scope="module")
def children():
    made = Children(ChildLimits())
    yield made
    made.close()


@pytest.fixture
def given(tmp_path):
    def given(content, options=Options(), **more):  # noqa: B008  frozen
        folder = Folder.incoming(tmp_path)
        (folder.files / "file").write_bytes(content if isinstance(content, bytes) else content.encode())
        file = JobFile(stored="file", given="events.csv", kind="", size_bytes=len(content))
        asked = {"most_errors": 20, "at_most_bytes": None} | more
        return given_to(folder, [file], stated(options), Config(), datetime.now(UTC), Limits(), **asked)

    return given


def test_a_verdict_counts_the_rows_and_tells_of_the_rejected_ones(children, given):
    found = children.run("validate", given(EVENTS))
    assert (found["verdict"], found["kind"]) == ("usable_with_rejected_rows", "event_log")
    assert found["rows"] == {"read": 3, "accepted": 2, "quarantined": 1, "duplicates": 0}
    assert (found["first_day"], found["last_day"]) == ("2026-03-01", "2026-03-02")
    assert found["channels"] == [{"channel": "email", "rows": 1}, {"channel": "search", "rows": 1}]
    (wrong,) = found["errors"]
    assert (wrong["file"], wrong["row"], wrong["column"], wrong["value"]) == ("events.csv", 4, "ts", "never")
    assert wrong["remedy"]
    assert found["reasons"][0]["rows"] == 1


@pytest.mark.parametrize(
    "content", ["", "user_id;ts\n", "a,b\n1,2\n", "user_id,ts,channel,conversion\n", '[{"user_id": "u1"', "x" * 20_000_000]
)
def test_a_file_that_cannot_be_used_as_a_whole_gets_that_verdict_with_the_reason(children, given, content):
    found = children.run("validate", given(content))
    assert found["verdict"] == "unusable"
    assert found["reason"]
    assert "/" not in found["reason"].replace("ROAS (value / cost)", "")


@pytest.mark.parametrize(
    "content", ["\n".join(f'{{"k{n}": 1}}' for n in range(40_000)), ",".join(f"c{n}" for n in range(40_000)) + "\n1\n"]
)
def test_a_file_of_very_many_columns_is_refused_before_they_are_made(children, given, content):
    begun = time.monotonic()
    assert "5,000 are read" in children.run("validate", given(content))["reason"]
    assert time.monotonic() - begun < 20


def test_an_analysis_leaves_its_outcome_in_the_folder(children, given):
    asked = given(EVENTS, Options(models="linear"))
    assert children.run("analyze", asked) == {"analysed": True, "kinds": ["event_log"]}
    outcome = read_outcome(Folder(Path(asked["folder"])).results)
    assert dict(outcome.results.select("channel", "conversions").iter_rows()) == {"email": 0.5, "search": 0.5}


def test_files_that_unpack_to_more_than_was_said_are_recognised_and_not_analysed(children, given):
    assert children.run("analyze", given(EVENTS, at_most_bytes=len(EVENTS) - 1)) == {"analysed": False, "kinds": ["event_log"]}


def test_errors_come_back_as_what_they_are(children, given):
    with pytest.raises(ForeignFormatError, match=r"events\.csv: It is a PDF"):
        children.run("validate", given(b"%PDF-1.7 " * 100))
    with pytest.raises(ModelError, match="linear"):
        children.run("analyze", given(EVENTS, Options(models="liner")))
    with pytest.raises(CallError) as refused:
        children.run("validate", given(EVENTS, Options(columns={"user_id": "nobody"})))
    assert refused.value.field == "columns"


def test_a_file_that_takes_too_much_memory_is_refused_and_the_next_is_read(given):
    tight = Children(ChildLimits(most=1, data_mb=1_250))
    rows = "".join(f"u{n},2026-03-01T10:00:00Z,email,0,\n" for n in range(1_500_000))
    with pytest.raises(TooLargeError, match="memory"):
        tight.run("validate", given("user_id,ts,channel,conversion,value\n" + rows))
    assert tight.run("validate", given(EVENTS))["rows"]["read"] == 3
    tight.close()


def test_a_file_that_takes_too_long_is_refused_and_the_next_is_read(given):
    hasty = Children(ChildLimits(most=1, seconds=3))
    hasty.run("validate", given(EVENTS))
    os.kill(hasty._idle[0]._process.pid, signal.SIGSTOP)
    begun = time.monotonic()
    with pytest.raises(TooLargeError, match="longer than 3 s"):
        hasty.run("validate", given(EVENTS))
    assert time.monotonic() - begun < 10
    assert hasty.run("validate", given(EVENTS))["rows"]["read"] == 3
    hasty.close()


def test_a_child_that_died_between_two_files_is_replaced(children, given):
    children.run("validate", given(EVENTS))
    os.kill(children._idle[-1]._process.pid, signal.SIGKILL)
    time.sleep(0.1)
    assert children.run("validate", given(EVENTS))["rows"]["read"] == 3


def test_a_child_knows_none_of_our_settings(children, given, monkeypatch):
    monkeypatch.setenv("MTA_API_PEPPER", "secret")
    fresh = Children(ChildLimits(most=1))
    fresh.run("validate", given(EVENTS))
    pid = fresh._idle[0]._process.pid
    assert b"MTA_" not in Path(f"/proc/{pid}/environ").read_bytes()
    fresh.close()


def test_a_fault_in_a_child_is_a_line_under_the_request_s_id_without_the_words_of_the_file(given, tmp_path, monkeypatch):
    monkeypatch.setenv("MTA_LOG_FOLDER", str(tmp_path / "log"))
    monkeypatch.setenv("MTA_STATE_URL", "postgresql://mta:s3cret@h/d")
    made = Children(ChildLimits(most=1))
    with bound(correlation_id="request-1"), pytest.raises(RuntimeError):
        made.run("validate", given(EVENTS) | {"limits": "ann@example.org"})
    made.close()
    [line] = map(orjson.loads, (tmp_path / "log" / "application.log").read_bytes().splitlines())
    assert (line["process"], line["event"], line["task"]) == ("child", "a task of a child failed", "validate")
    assert line["correlation_id"] == "request-1"
    assert line["at"][-1].count(":") == 1
    assert "ann@example.org" not in str(line)
    assert "s3cret" not in str(line)
