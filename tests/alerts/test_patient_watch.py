"""A database that is frozen, and never answers, is told as one that is away, and the watch goes on."""

import os
import signal
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from mta_assets.alerts.facts import Facts
from mta_assets.alerts.fallback import FileLedger, ledger_path
from mta_assets.alerts.parts import Parts
from mta_assets.alerts.patience import PatientWatch
from mta_assets.alerts.rounds import Told
from mta_assets.alerts.watcher import Watcher
from mta_assets.config_alerts import AlertsConfig
from mta_assets.state.store import StateStore
from tests.alerts.scene import VARIABLES, hook, told


class Asking:
    """Gathers nothing but whether the state store answers."""

    def __init__(self, watcher):
        self.watcher, self.parts = watcher, Parts(questions={"state": watcher.store.ping}, timeout_seconds=1)

    def facts(self):
        return Facts(at=self.watcher.now(), parts=self.parts.ask())


@contextmanager
def frozen(folder):
    """PostgreSQL takes connections and answers none."""
    server = psutil.Process(int((Path(folder) / "data" / "postmaster.pid").read_text().split()[0]))
    processes = [server, *server.children()]
    for process in processes:
        os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGCONT)


@pytest.fixture
def watcher(tmp_path, clock, receiver, postgres_url):
    config = AlertsConfig.model_validate({"targets": {"ops": hook(receiver.url)}})
    file = FileLedger(ledger_path(str(tmp_path / "lake"), tmp_path / "uploads"))
    made = Watcher(config=config, store=StateStore(postgres_url), file=file, variable=VARIABLES.get, now=clock)
    yield made
    made.store.close()


def test_a_database_that_is_frozen_is_told_within_two_looks_and_so_is_its_return(watcher, receiver, postgres_server):
    watcher.beat()  # makes the tables
    patient = PatientWatch(watcher, Asking(watcher), send_seconds=4, look_seconds=4)
    with frozen(postgres_server):
        assert patient.look() == Told()  # it hangs, for its heartbeat is not answered
        assert told(receiver) == []
        assert patient.look().sent == 1
        assert patient.look() == Told()
        assert told(receiver) == [[("firing", "state_unreachable", "state")]]
    for _ in range(3):  # the look that hung ends by itself
        patient.look()
    assert told(receiver)[1:] == [[("resolved", "state_unreachable", "state")]]


def test_what_a_look_raises_reaches_who_asked_for_it(watcher):
    class Failing(Asking):
        def facts(self):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        PatientWatch(watcher, Failing(watcher), send_seconds=20, look_seconds=20).look()
