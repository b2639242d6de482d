"""Containers of tests leave nothing behind, however the test that started them ends."""

import subprocess
import sys
import time
from shutil import which

import psutil
import pytest

from tests.containers import MORTAL

STARTS = f"import subprocess, time; print(subprocess.Popen([*{MORTAL}, 'sleep', '600']).pid, flush=True); time.sleep(600)"


@pytest.mark.skipif(not which(MORTAL[0]), reason=f"needs {MORTAL[0]}")
def test_what_a_killed_test_has_started_ends_with_it():
    with subprocess.Popen([sys.executable, "-c", STARTS], stdout=subprocess.PIPE, text=True) as test:
        started = psutil.Process(int(test.stdout.readline()))
        until(lambda: started.name() == "sleep")
        test.kill()
    until(lambda: has_ended(started))


def has_ended(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE  # for whoever is to collect it
    except psutil.NoSuchProcess:
        return True


def until(holds) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
