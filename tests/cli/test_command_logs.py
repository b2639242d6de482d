"""What commands write to the log, which is not their output."""

import json

import pytest

from mta_assets.telemetry.streams import Stream
from tests.logs import logging_as_it_was, read_log


@pytest.fixture(autouse=True)
def as_it_was():
    with logging_as_it_was():
        yield


def test_an_ingest_writes_lines_with_one_id_into_files_and_none_into_its_output(run, place, events, monkeypatch):
    landing = place / ".mta" / "landing" / "event_log"
    landing.mkdir(parents=True)
    events.rename(landing / "events.csv")
    monkeypatch.setenv("MTA_LOG_FOLDER", "logs")
    assert json.loads(run("ingest", "--json").stdout)["files"][0]["accepted"] == 5
    lines = [line for stream in Stream for line in read_log(place / "logs", stream)]
    assert len({line["correlation_id"] for line in lines}) == 1
    assert {line["process"] for line in lines} == {"command"}
    assert {line["step"] for line in read_log(place / "logs", "performance")} == {"ingest", "core", "recompute", "refit", "newest"}


def test_making_a_key_is_in_the_security_stream_by_its_public_half(run, place, monkeypatch):
    monkeypatch.setenv("MTA_LOG_FOLDER", "logs")
    made = json.loads(run("keys", "create", "--owner", "bi", "--name", "reports", "--json").stdout)
    run("keys", "revoke", made["id"])
    lines = read_log(place / "logs", "security")
    assert [(line["event"], line["key_id"]) for line in lines] == [("key made", made["id"]), ("key revoked", made["id"])]
    assert made["key"].split("_", 2)[2] not in str(lines)
