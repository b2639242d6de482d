"""The daemon, its code server and the runs are killed together, as by a power cut; started again, they bring everything to its end by themselves."""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import psutil
import pytest

from mta_assets.config import load_config
from mta_assets.contracts.tables import FILES, RESTATEMENTS
from mta_assets.defs.restatement_sensor import pending_work
from mta_assets.lake.lake import Lake
from mta_assets.models.registry import build_models
from mta_assets.pipeline.run import open_lake, run, tables
from tests.pipeline.crashing import AFTER, land

YAML = Path(__file__).parents[2] / "dagster_home" / "dagster.yaml"
SETTINGS = "lookback_days: 2\nfit_window_days: 4\nsettle_days: 1\nearliest_day: 2024-01-01\n"
SECONDS = 900  # for what takes two minutes on an idle machine
BREAKS_AT = ("ingest", "attribute")


@contextmanager
def daemon(folder, environment):
    """Dagster's daemon, which ends by SIGKILL with all that it started."""
    command = [sys.executable, "-m", "dagster._daemon", "run", "-m", "mta_assets.definitions"]
    with (folder / "daemon.log").open("ab") as log:
        process = subprocess.Popen(command, env=os.environ | environment, cwd=folder, stdout=log, stderr=log, start_new_session=True)
    try:
        yield
    finally:
        kill_all(process.pid)
        process.wait()


def kill_all(pid: int) -> None:
    """The process and whatever descends from it, none of which can say goodbye."""
    whole = psutil.Process(pid)
    for one in [*whole.children(recursive=True), whole]:
        one.send_signal(signal.SIGKILL)


def until(holds, folder):
    ends = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < ends, (folder / "daemon.log").read_text()[-5_000:]
        time.sleep(0.05)


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A landing folder, a lake, a Dagster home, and the environment that names them."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(YAML, home)
    (tmp_path / "mta.yaml").write_text(SETTINGS)
    environment = {
        "DAGSTER_HOME": str(home),
        "MTA_LAKE": str(tmp_path / "lake"),
        "MTA_LANDING": str(tmp_path / "landing"),
        "MTA_STATE_URL": f"sqlite:///{tmp_path}/state.db",
        "MTA_UPLOADS": str(tmp_path / "uploads"),
        "MTA_CONFIG": str(tmp_path / "mta.yaml"),
        "MTA_API_PEPPER": "p" * 32,
        "MTA_SENSOR_SECONDS": "2",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    config = load_config(tmp_path / "mta.yaml")
    return tmp_path, environment, config, build_models(config.models)


def test_a_daemon_that_is_killed_with_its_runs_brings_them_to_their_end_when_it_is_started_again(shop, found):
    folder, environment, config, models = shop
    open_lake(str(folder / "lake"), models)
    land(folder / "landing", AFTER)
    with dg.DagsterInstance.from_config(str(folder / "home")) as instance:
        for job in BREAKS_AT:
            with daemon(folder, environment):
                until(lambda job=job: _runs(instance, job, dg.DagsterRunStatus.STARTED), folder)
        began = time.monotonic()
        with daemon(folder, environment):
            until(lambda: _up_to_date(Lake(str(folder / "lake")), instance), folder)
        took = time.monotonic() - began
        statuses = [run.status for run in instance.get_runs()]
        assert dg.DagsterRunStatus.STARTED not in statuses
        assert dg.DagsterRunStatus.FAILURE in statuses
    plain = open_lake(str(folder / "plain"), models)
    run(plain, config, models, folder / "landing", datetime.now(UTC))
    lake = Lake(str(folder / "lake"))
    for table in tables(models):
        if table.name not in (RESTATEMENTS.name, FILES.name):  # these hold when and in which run
            assert lake.read(table).sort(table.key).equals(plain.read(table).sort(table.key)), table.name
    found(
        "the daemon killed and restarted",
        f"kill -9 of daemon, code server and run, in the middle of {' and of '.join(BREAKS_AT)}",
        len(BREAKS_AT),
        f"the dead runs were found out and their work done again {took:.0f} s after the start; the same results to the last bit",
    )


def _runs(instance, job, status):
    return instance.get_runs(dg.RunsFilter(job_name=job, statuses=[status]))


def _up_to_date(lake, instance) -> bool:
    under_way = instance.get_runs_count(
        dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.QUEUED])
    )
    return not under_way and lake.read(FILES).height == len(AFTER) and pending_work(lake) == []
