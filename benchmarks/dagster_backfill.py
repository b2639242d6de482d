"""What Dagster costs: one single-run backfill of the whole attribution against the same steps called without it. Prints a row of a Markdown table.

    python benchmarks/dagster_backfill.py [--days 365] [--touchpoints 1000000] [--folder /tmp/backfill]

Both sides recompute the same closing days over the same core tables, each in a process that has imported everything. Time inside the run counts from
its first step to its end: the launch, and the planning events that Dagster writes before the first step, are shown apart. CPU seconds are of the
process with all its threads.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg

from mta_assets.config import Config
from mta_assets.contracts.days import DayRange
from mta_assets.definitions import build_defs
from mta_assets.defs.partitions import range_tags
from mta_assets.defs.resources import LakeResource, Project
from mta_assets.models.registry import MODELS
from mta_assets.pipeline.core import build_pending
from mta_assets.pipeline.ingest import ingest, landed_files
from mta_assets.pipeline.run import open_lake, recompute
from mta_assets.simulation.world import World
from mta_assets.simulation.write import write_table

FIRST = date(2025, 1, 1)
CONFIG = Config()
QUIET = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}


class Timed(LakeResource):
    """Notes when the run's own work begins: after Dagster has planned it."""

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Called once per run."""
        os.environ["BENCH_BEGAN"] = f"{time.time()} {time.process_time()}"


def prepare(folder: Path, days: int, touchpoints: int) -> None:
    for path in write_table(World(touchpoints=touchpoints, days=days, first_day=FIRST), folder / "simulated"):
        target = folder / "landing" / path.stem / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
    lake, now = open_lake(str(folder / "lake"), MODELS), datetime.now(UTC)
    ingest(lake, CONFIG, landed_files(folder / "landing", CONFIG), now)
    build_pending(lake, CONFIG, now)
    shutil.copytree(folder / "lake", folder / "lake-dagster")


def bare(folder: Path, days: DayRange) -> tuple[float, float]:
    lake = open_lake(str(folder / "lake"), MODELS)
    wall, cpu = time.time(), time.process_time()
    recompute(lake, CONFIG, MODELS, days, lambda _: None)
    return time.time() - wall, time.process_time() - cpu


def in_dagster(folder: Path, days: DayRange) -> tuple[float, float, float]:
    project = Project(config=CONFIG, models=MODELS)
    lake = Timed(root=str(folder / "lake-dagster"), landing=str(folder / "landing"), project=project)
    job = build_defs(lake=lake).resolve_job_def("attribute")
    home = Path(tempfile.mkdtemp(prefix="home-", dir=folder))
    storage = {"module": "mta_assets.defs.storage", "class": "EmbeddedOrPostgres", "config": {"base_dir": str(home)}}
    with dg.DagsterInstance.local_temp(str(home), overrides={"storage": {"custom": storage}}) as instance:
        asked = time.time()
        result = job.execute_in_process(instance=instance, tags=range_tags(days), run_config=QUIET)
        wall, cpu = time.time(), time.process_time()
    began_wall, began_cpu = map(float, os.environ["BENCH_BEGAN"].split())
    if not result.success:
        raise SystemExit("The run failed; see its messages above.")
    return wall - began_wall, cpu - began_cpu, began_wall - asked


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--touchpoints", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--side", choices=["bare", "dagster"])
    asked = parser.parse_args()
    days = DayRange(FIRST, FIRST + timedelta(days=asked.days - 1))
    if asked.side:
        print(*(bare if asked.side == "bare" else in_dagster)(asked.folder, days))
        return
    with tempfile.TemporaryDirectory() as made:
        folder = asked.folder or Path(made)
        if not (folder / "lake-dagster").exists():
            prepare(folder, asked.days, asked.touchpoints)
        sides = {}
        for side in ("bare", "dagster"):
            size = ["--days", str(asked.days), "--folder", str(folder), "--side", side]
            said = subprocess.run([sys.executable, __file__, *size], check=True, capture_output=True, text=True).stdout
            sides[side] = [float(number) for number in said.split()]
    (wall, cpu), (run_wall, run_cpu, planning) = sides["bare"], sides["dagster"]
    print("| days | touches | bare s (CPU) | in the run s (CPU) | ratio wall (CPU) | planning s |\n| --- | --- | --- | --- | --- | --- |")
    ratio = f"{run_wall / wall:.2f} ({run_cpu / cpu:.2f})"
    print(f"| {asked.days} | {asked.touchpoints} | {wall:.1f} ({cpu:.1f}) | {run_wall:.1f} ({run_cpu:.1f}) | {ratio} | {planning:.1f} |")


if __name__ == "__main__":
    main()
