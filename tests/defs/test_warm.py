"""The processes of runs are forked from one that has imported what they need, and that has no threads whose work a fork would lose."""

import os
import subprocess
import sys
import threading
from pathlib import Path

from mta_assets.defs.warm import keep_warm

# As Dagster's code server: the definitions are loaded, then runs are started through its spawn context.
SERVER = """
import multiprocessing
import time
import mta_assets.definitions
from mta_assets.defs.launcher import WatchingRunLauncher
from mta_assets.defs.warm import keep_warm
from tests.defs.test_warm import told

if __name__ == "__main__":
    spawning = multiprocessing.get_context("spawn")
    as_dagster_does = spawning.Process
    for _ in range(2):
        keep_warm(WatchingRunLauncher())
    assert spawning.Process is as_dagster_does  # until the other is ready
    deadline = time.monotonic() + 100
    while spawning.Process is as_dagster_does and time.monotonic() < deadline:
        time.sleep(0.1)
    answers, stop = spawning.Queue(), spawning.Event()
    process = spawning.Process(target=told, args=(answers, stop))
    process.start()
    print(*answers.get(timeout=60))
    assert process.is_alive()
    stop.set()
    process.join(60)
    print(process.exitcode)
"""


def told(answers, stop):
    """Run in the process of a run: what it finds imported, whether the one it was forked from computes, and a sum that takes all of Polars' threads."""
    found = "mta_assets.definitions" in sys.modules
    threads = [path.read_text().strip() for path in Path(f"/proc/{os.getppid()}/task").glob("*/comm")]
    import polars as pl  # noqa: PLC0415  a process that was not forked has not imported it

    total = pl.select(pl.int_range(100_000).shuffle(seed=1).sort().sum()).item()
    answers.put((found, any(name.removeprefix("polars-").isdigit() for name in threads), total))
    stop.wait(60)


def test_what_the_code_server_starts_has_imported_everything_but_computed_nothing():
    command = [sys.executable, "-c", SERVER]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=Path(__file__).parents[2])
    assert done.stdout.splitlines() == ["True False 4999950000", "0"], done.stderr


def test_a_launcher_that_starts_runs_elsewhere_keeps_nothing_warm():
    keep_warm(object())
    assert "warm" not in {thread.name for thread in threading.enumerate()}
