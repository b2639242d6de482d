"""Runs begin in a process that is forked from one that has imported everything: within a second, instead of the six that the imports take.

Dagster's code server starts each run as a fresh interpreter, by the "spawn" context of multiprocessing. Here that context is given the processes
of "forkserver", and the fork server imports what the code server has imported, the definitions included. It must not compute: Polars would start
threads, and a fork takes no threads along. Until it has imported everything, runs are started as Dagster does.
"""

import multiprocessing
import sys
import threading
from multiprocessing import forkserver
from typing import Any

from mta_assets.defs.launcher import WatchingRunLauncher

_OURS = ("mta_assets", "dagster")
_warming = threading.Lock()


def keep_warm(launcher: object) -> None:
    """Have what this code server starts be forked, soon. Only for the launcher that starts runs from the code server; others, as of Kubernetes, do not.

    Returns at once, and may be called again at any time: a fork server that died is started again.
    """
    if isinstance(launcher, WatchingRunLauncher) and _warming.acquire(blocking=False):
        threading.Thread(target=_warm, name="warm", daemon=True).start()


def _warm() -> None:
    try:
        spawning: Any = multiprocessing.get_context("spawn")
        forking = multiprocessing.get_context("forkserver")
        if spawning.Process is not forking.Process:
            forking.set_forkserver_preload([name for name in sys.modules if name.split(".")[0] in _OURS])
            first = forking.Process(target=_nothing)
            first.start()
            first.join()  # it begins when all is imported
            spawning.Process = forking.Process
        forkserver.ensure_running()
    finally:
        _warming.release()


def _nothing() -> None:
    """What the first forked process does."""
