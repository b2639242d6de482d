"""A run whose process died with its code server is found out, and one that lives is left alone."""

import json
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.events import DagsterEvent
from dagster._core.launcher.base import WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._daemon.monitoring.run_monitoring import monitor_started_run

from mta_assets.defs import launcher
from mta_assets.defs.launcher import WatchingRunLauncher

HERE = {"host": "localhost", "socket": "/nowhere/socket"}
YAML = Path(__file__).parents[2] / "dagster_home" / "dagster.yaml"


@pytest.fixture
def instance(tmp_path):
    named = yaml.safe_load(YAML.read_text())
    kept = {part: named[part] for part in ("run_launcher", "run_monitoring", "run_retries")}
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides=kept) as made:
        yield made


def started(instance, server, pid):
    """A run that this process number has begun."""
    run = dg.DagsterRun(job_name="ingest", tags={GRPC_INFO_TAG: json.dumps(server)}, status=dg.DagsterRunStatus.STARTED)
    instance.add_run(run)
    event = DagsterEvent(event_type_value=dg.DagsterEventType.RUN_START.value, job_name="ingest", pid=pid)
    instance.report_dagster_event(event, run.run_id)
    return instance.get_run_by_id(run.run_id)


def gone():
    """The number of a process that has ended."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def status_of(instance, run):
    return instance.run_launcher.check_run_worker_health(run).status


def monitored(instance, run):
    """What becomes of the run when run monitoring looks."""
    monitor_started_run(instance, None, instance.get_run_record_by_id(run.run_id), logging.getLogger("test"))
    return instance.get_run_by_id(run.run_id).status


def test_the_settings_name_the_launcher_and_monitoring_asks_it(instance):
    assert isinstance(instance.run_launcher, WatchingRunLauncher)
    assert instance.run_launcher.supports_check_run_worker_health
    assert instance.run_monitoring_enabled


def test_a_run_whose_process_is_gone_is_failed_so_that_it_is_retried_and_one_that_lives_is_left_alone(instance):
    dead, alive = started(instance, HERE, gone()), started(instance, HERE, os.getpid())
    assert monitored(instance, alive) is dg.DagsterRunStatus.STARTED
    assert monitored(instance, dead) is dg.DagsterRunStatus.FAILURE
    (failure,) = instance.all_logs(dead.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    assert "the process of the run is gone" in failure.message


def test_another_process_that_got_the_number_later_does_not_count(instance):
    later = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    run = started(instance, HERE, later.pid)
    assert status_of(instance, run) is WorkerStatus.RUNNING
    assert not launcher._lives(later.pid, time.time() - 3_600)
    later.communicate(b"\n")
    assert status_of(instance, run) is WorkerStatus.FAILED


def test_a_code_server_elsewhere_that_is_out_of_reach_keeps_its_runs_for_a_while(instance, monkeypatch):
    monkeypatch.setattr(launcher, "ASK_SECONDS", 1)
    run = started(instance, {"host": "192.0.2.1", "port": 1}, os.getpid())
    assert status_of(instance, run) is WorkerStatus.RUNNING
    monkeypatch.setattr(launcher, "OUT_OF_REACH_SECONDS", 0)
    assert status_of(instance, run) is WorkerStatus.FAILED


@pytest.mark.parametrize(("there", "expected"), [(True, WorkerStatus.RUNNING), (False, WorkerStatus.FAILED)])
def test_a_code_server_that_answers_is_believed(instance, monkeypatch, there, expected):
    monkeypatch.setattr(launcher, "_runs_at", lambda server, run_id: there)
    assert status_of(instance, started(instance, HERE, gone() if there else os.getpid())) is expected
