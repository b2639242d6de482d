"""What a line of the log is, and what it never shows."""

import io
import logging
import sys
from datetime import UTC, date, datetime

import orjson
import pytest

from mta_assets.errors import LakeError
from mta_assets.settings import LogSettings
from mta_assets.telemetry import context
from mta_assets.telemetry.context import bound
from mta_assets.telemetry.setup import COMMAND, write_logs
from mta_assets.telemetry.streams import OUTLETS, Stream, application, business, performance, security
from mta_assets.telemetry.timing import timed

KEY = "mta_ab12cd34_" + "s3cr3t" * 7
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm5hIn0.c2lnbmF0dXJl"  # noqa: S105  nobody's


def test_a_line_says_when_how_grave_what_by_which_process_and_in_which_context(logs):
    with bound(correlation_id="c1", run_id=None):
        business.info("file ingested", rows=3, day=date(2026, 3, 1), at=datetime(2026, 3, 1, tzinfo=UTC))
    (line,) = logs("business")
    assert datetime.fromisoformat(line.pop("time")).tzinfo is not None
    assert line.pop("pid") > 0
    assert line == {
        "level": "info",
        "stream": "business",
        "event": "file ingested",
        "process": "test",
        "correlation_id": "c1",
        "rows": 3,
        "day": "2026-03-01",
        "at": "2026-03-01T00:00:00Z",
    }


def test_each_stream_has_a_file_of_its_own(logs):
    for stream, logger in zip(Stream, (application, security, performance, business), strict=True):
        logger.warning("said")
        assert [line["stream"] for line in logs(stream)] == [stream]


@pytest.mark.parametrize(
    "secret",
    [KEY, TOKEN, "whsec_" + "a1" * 16, "postgresql://mta:hunter2@db/mta", "Authorization: Bearer abcdefghij0123", "X-API-Key: dev-api-key"],
)
def test_no_line_shows_a_secret_wherever_it_stands(logs, secret):
    hidden = secret.split("_")[-1].split(":")[-1].split("@")[0].split(" ")[-1]
    application.info(f"said {secret}", field=secret, nested={"deep": [secret]})
    logging.getLogger("some.library").error("%s", secret)
    with pytest.raises(RuntimeError), timed("step", "s"):
        raise RuntimeError(secret)
    text = "".join(map(str, logs("application")))
    assert text.count("***") >= 5
    assert hidden not in text


def test_fields_that_are_secret_by_their_name_are_hidden(logs):
    names = ["password", "pepper", "jwt_secret", "api_key", "token", "Authorization", "user_id"]
    application.info("said", **dict.fromkeys(names, "visible"), key_id="ab12cd34", tokens_left=3)
    (line,) = logs("application")
    assert "visible" not in str(line)
    assert (line["key_id"], line["tokens_left"]) == ("ab12cd34", 3)


def test_what_libraries_say_is_in_the_application_stream_with_their_name_and_the_context(logs):
    with bound(correlation_id="c2"):
        logging.getLogger("library").warning("of %d", 1)
        logging.getLogger("library").info("chatter")
        logging.getLogger("api.cache").info("ours")
    said = [(line["event"], line["logger"], line["level"], line["correlation_id"]) for line in logs("application")]
    assert said == [("of 1", "library", "warning", "c2"), ("ours", "api.cache", "info", "c2")]


def test_an_error_is_a_line_with_its_traceback(logs):
    try:
        raise LookupError("gone")  # noqa: TRY301  the subject
    except LookupError:
        application.exception("failed")
    (line,) = logs("application")
    assert line["level"] == "error"
    assert line["exception"].endswith("LookupError: gone\n")


def test_what_is_below_the_level_is_not_written(tmp_path, logs):
    write_logs(LogSettings(folder=str(tmp_path / "logs"), level="warning"), "test")
    performance.info("no")
    performance.warning("yes")
    assert [line["event"] for line in logs("performance")] == ["yes"]


def test_work_says_how_long_it_took_and_how_it_ended_and_its_lines_carry_its_name(logs):
    with timed("step", "good", first_day=date(2026, 3, 1)):
        business.info("within")
    with pytest.raises(ValueError, match="bad"), timed("step", "broken"):
        raise ValueError("bad")
    with pytest.raises(KeyboardInterrupt), timed("step", "left"):
        raise KeyboardInterrupt
    assert logs("business")[0]["step"] == "good"
    assert [(line["step"], line["outcome"]) for line in logs("performance")] == [
        ("good", "done"),
        ("broken", "failed"),
        ("left", "stopped"),
    ]
    assert all(line["seconds"] >= 0 for line in logs("performance"))
    assert [(line["event"], line["step"]) for line in logs("application")] == [("step failed", "broken")]
    assert context.current() == {}


def test_an_error_of_ours_is_told_in_its_words_and_without_a_traceback(logs):
    with pytest.raises(LakeError), timed("step", "ingest"):
        raise LakeError("The lake is away.")
    (line,) = logs("application")
    assert (line["event"], line["error"], line["reason"]) == ("step failed", "LakeError", "The lake is away.")
    assert "exception" not in line


def test_without_a_folder_lines_go_to_standard_output_as_it_is_when_they_are_written(logs, monkeypatch):
    write_logs(LogSettings(), "test")
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    business.info("said")
    assert orjson.loads(sys.stdout.getvalue())["event"] == "said"


def test_a_command_writes_no_line_between_its_own_output_and_only_warnings_are_heard(logs, capsys, caplog):
    write_logs(LogSettings(), COMMAND)
    business.info("quiet")
    business.warning("heard", key=KEY)
    assert capsys.readouterr().out == ""
    assert [record.getMessage() for record in caplog.records] == ["heard key=mta_ab12cd34_***"]


def test_lines_that_cannot_be_written_end_nothing_and_are_counted_in_the_log(logs):
    outlet = OUTLETS[Stream.BUSINESS]
    sink, outlet.sink = outlet.sink, Full()
    business.info("one")
    business.info("two")
    outlet.sink = sink
    business.info("three")
    assert [(line["event"], line.get("lines")) for line in logs("business")] == [("lines of this log were lost", 2), ("three", None)]


class Full:
    def write(self, line):
        raise OSError(28, "No space left on device")
