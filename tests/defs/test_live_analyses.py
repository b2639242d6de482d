"""The whole way of an analysis, with the real daemon, its code server, a process per run, and the real API: done, cancelled, killed."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import httpx
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mta_assets.analysis.recognise import GivenFile
from mta_assets.analysis.run import Options, analyze
from mta_assets.config import Config
from mta_assets.defs.analysis_sensor import died
from mta_assets.simulation.world import World
from mta_assets.simulation.write import write_table
from mta_assets.state.jobs import Jobs
from mta_assets.state.store import StateStore
from mta_assets.telemetry.streams import Stream
from tests.api.live import live_server
from tests.logs import read_log
from tests.otlp import attributes, otlp_receiver
from tests.sending import PARTS, send

SECONDS = 240  # for what takes ten on an idle machine
YAML = Path(__file__).parents[2] / "dagster_home" / "dagster.yaml"
WORLD = World(touchpoints=3_000, days=10, first_day=date(2026, 3, 1))
ASKED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"  # the span of the client, as W3C Trace Context writes it
ENDED = {"succeeded", "failed", "cancelled"}


@contextmanager
def daemon(folder):
    """Dagster's daemon over this folder, as `mta up` starts it."""
    home = folder / "dagster_home"
    home.mkdir()
    shutil.copy(YAML, home)
    paths = {
        "DAGSTER_HOME": str(home),
        "MTA_LAKE": str(folder / "lake"),
        "MTA_LANDING": str(folder / "landing"),
        "MTA_STATE_URL": f"sqlite:///{folder}/state.db",
        "MTA_UPLOADS": str(folder / "uploads"),
        "MTA_CONFIG": str(folder / "mta.yaml"),
        "MTA_API_PEPPER": "p" * 32,
    }
    command = [sys.executable, "-m", "dagster._daemon", "run", "-m", "mta_assets.definitions"]
    with (folder / "daemon.log").open("wb") as log:
        process = subprocess.Popen(command, env=os.environ | paths, cwd=folder, stdout=log, stderr=log, start_new_session=True)
    try:
        yield home
    finally:
        os.killpg(process.pid, signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(15)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class Client:
    """What a client sees, with some patience."""

    def __init__(self, url, folder):
        self.http = httpx.Client(base_url=url, headers={"X-API-Key": "dev-api-key"}, timeout=60)
        self.folder = folder

    def send(self, files):
        """The id of the job of these files."""
        parts = {PARTS.get(path.name, "file"): (path.name, path.read_bytes()) for path in files}
        answer = self.http.post("/v1/attribution/analyze", params={"mode": "job"}, files=parts, headers={"traceparent": ASKED})
        assert answer.status_code == 202, answer.text
        assert answer.headers["Location"] == answer.json()["links"]["self"]
        return answer.json()["id"]

    def wait(self, id_, until):
        """The job once `until` holds of it."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            job = self.http.get(f"/v1/jobs/{id_}").raise_for_status().json()
            if until(job):
                return job
            time.sleep(0.5)
        raise AssertionError(f"{job}\n{(self.folder / 'daemon.log').read_text()[-5_000:]}")

    def ended(self, id_):
        return self.wait(id_, lambda job: job["state"] in ENDED)


@pytest.fixture
def received():
    """A collector of spans, of all processes."""
    with otlp_receiver() as receiver:
        yield receiver


@pytest.fixture
def store(tmp_path):
    made = StateStore(f"sqlite:///{tmp_path}/state.db")
    made.migrate()
    yield made
    made.close()


def test_files_that_clients_send_are_analysed_and_a_job_that_is_cancelled_or_killed_comes_to_its_end(
    store, tmp_path, monkeypatch, received
):
    monkeypatch.setenv("MTA_LOG_FOLDER", str(tmp_path / "logs"))
    monkeypatch.setenv("MTA_TRACING", "true")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", received.url)
    files = write_table(WORLD, tmp_path / "simulated")
    uploads, jobs = tmp_path / "uploads", Jobs(store)
    with live_server(tmp_path) as url:
        client = Client(url, tmp_path)
        whole = client.send(files)
        to_cancel, to_kill = (send(jobs, uploads, {"endless.csv": None}).id for _ in range(2))
        assert client.http.get(f"/v1/jobs/{whole}").json()["warning"].startswith("The Dagster daemon")
        with daemon(tmp_path) as home:
            monkeypatch.setenv("DAGSTER_HOME", str(home))
            done = client.ended(whole)
            assert (done["state"], done["percent"], done["warning"]) == ("succeeded", 100, None)
            _is_what_the_command_finds(client, whole, files)

            running = client.wait(to_cancel, lambda job: job["state"] == "running")
            assert client.http.delete(f"/v1/jobs/{to_cancel}").status_code == 202
            assert client.ended(to_cancel)["state"] == "cancelled"
            assert _run_ended(running["run_id"]) is dg.DagsterRunStatus.CANCELED

            running = client.wait(to_kill, lambda job: job["state"] == "running")
            os.kill(_process_of(running["run_id"]), signal.SIGKILL)
            killed = client.ended(to_kill)
            assert (killed["state"], killed["reason"]) == ("failed", died(to_kill))
            assert _runs_of(to_kill) == 1
        client.http.close()
    assert sorted(path.name for path in uploads.glob("job_*/files")) == []
    _is_one_story(tmp_path / "logs", done)
    _is_one_trace(received, done)


def _is_what_the_command_finds(client, id_, files):
    answer = client.http.get(f"/v1/jobs/{id_}/result", headers={"Accept": "application/vnd.apache.parquet"}).raise_for_status()
    expected = analyze([GivenFile(path=path) for path in files], Options(), Config(), datetime.now(UTC)).results
    assert_frame_equal(pl.read_parquet(answer.content), expected, check_exact=True)


def _is_one_story(folder, job):
    """The id of the request is on every line of the API, of the run's process and of its steps, and the job names it."""
    lines = [line for stream in Stream for line in read_log(folder, stream)]
    asked = next(line for line in lines if line["event"] == "analysis asked for" and line["job_id"] == job["id"])
    assert (asked["process"], asked["correlation_id"]) == ("api", job["request_id"])
    of_run = [line for line in lines if line.get("run_id") == job["run_id"]]
    assert {line["correlation_id"] for line in of_run} == {job["request_id"]}
    assert {line["process"] for line in of_run} == {"run"}
    assert {line["job_id"] for line in of_run} == {job["id"]}
    assert {"run started", "step ended", "analysis ended", "run ended"} <= {line["event"] for line in of_run}


def _is_one_trace(received, job):
    """From the client's span to the request, the run that it led to, its step and the stages of the analysis, each within the one before."""
    trace, client = (bytes.fromhex(part) for part in ASKED.split("-")[1:3])
    (request,) = received.named("POST /v1/attribution/analyze")
    (run,) = (span for span in received.named("run analyze_upload") if attributes(span)["mta.job_id"] == job["id"])
    (step,) = (span for span in received.named("step do_analysis") if span.parent_span_id == run.span_id)
    stages = [span for span in received.spans if span.parent_span_id == step.span_id]
    assert (request.parent_span_id, run.parent_span_id) == (client, request.span_id)
    assert {"reading", "crediting linear", "writing results"} <= {span.name for span in stages}
    assert {span.trace_id for span in (request, run, step, *stages)} == {trace}
    assert {attributes(span)["mta.correlation_id"] for span in (request, run, step, *stages)} == {job["request_id"]}
    assert (received.services[request.span_id], received.services[step.span_id]) == ("mta-api", "mta-run")


def _run_ended(run_id):
    deadline = time.monotonic() + SECONDS
    with dg.DagsterInstance.get() as instance:
        while not (run := instance.get_run_by_id(run_id)).is_finished and time.monotonic() < deadline:
            time.sleep(0.2)
    return run.status


def _process_of(run_id):
    """The process that does a run, as Dagster's log of it says."""
    with dg.DagsterInstance.get() as instance:
        said = " ".join(entry.user_message for entry in instance.all_logs(run_id))
    return int(re.search(r"\(pid: (\d+)\)", said)[1])


def _runs_of(id_):
    with dg.DagsterInstance.get() as instance:
        return len(instance.get_runs(filters=dg.RunsFilter(tags={"mta/job": id_})))
