"""Processes that are killed: forked from one that has loaded everything, so that a kill costs the work up to it and not five seconds of imports."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import pandera.polars  # noqa: F401  what the first write of a run would load

from mta_assets.lake.lake import Lake
from mta_assets.pipeline.run import run, tables
from mta_assets.pipeline.upkeep import tidy
from tests.pipeline.crashing import CONFIG, MODELS_IN_TEST, NOW

STAGES = ("ingest", "core", "journeys", "credits", "marts", "compaction")
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([__name__])
START_SECONDS = 900  # a machine that is measured stops everything else for minutes


def stage_of(said: str) -> str:
    """The stage that a run says it is at."""
    first = said.split(maxsplit=1)[0]
    return {"ingesting": "ingest", "core": "core", "journeys": "journeys", "marts": "marts", "compaction": "compaction"}.get(
        first, "credits"
    )


def work(root: str, landing: str, told: Connection) -> None:
    """A run, or the upkeep of the lake when there is no landing folder. Says at which stage it is."""
    lake = Lake(root)
    if landing:
        run(lake, CONFIG, MODELS_IN_TEST, Path(landing), NOW, lambda said: told.send(stage_of(said)))
    else:
        told.send("compaction")
        tidy(lake, tables(MODELS_IN_TEST), keep_hours=0)
    told.send("done")


class Victim:
    """A process that works on a lake."""

    def __init__(self, root: Path, landing: Path | None, target: Callable[..., None] = work) -> None:
        self.told, theirs = _FORKS.Pipe(duplex=False)
        self._process = _FORKS.Process(target=target, args=(str(root), str(landing or ""), theirs))
        self._process.start()
        theirs.close()

    def stages(self) -> dict[str, float]:
        """Let it work to its end; how many seconds after its start each stage began."""
        began, seen = time.monotonic(), {}
        while (said := self.told.recv()) != "done":
            seen.setdefault(said, time.monotonic() - began)
        seen["done"] = time.monotonic() - began
        self._process.join(START_SECONDS)
        return seen

    def killed_at(self, stage: str, after: float) -> str:
        """Kill it so many seconds after the stage has begun. Returns the stage that it had come to, `done` when it was faster."""
        assert self.told.poll(START_SECONDS)
        said = self.told.recv()
        while said not in (stage, "done") and self.told.poll(START_SECONDS):
            said = self.told.recv()
        time.sleep(after)
        if self._process.is_alive():
            os.kill(self._process.pid or 0, signal.SIGKILL)
        self._process.join(START_SECONDS)
        while self.told.poll():
            try:
                said = self.told.recv()
            except EOFError:
                break
        return said if self._process.exitcode == -signal.SIGKILL else "done"
