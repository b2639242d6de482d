"""Our models against other packages' on the same journeys: CPU seconds of the whole job, each package in an environment of its own.

`python benchmarks/peers.py` makes the environments and the journeys under benchmarks/.work/peers, runs every job in turns, and writes the
figures (results.json there, and the table of benchmarks/peers.md). What each job does is in `peer_jobs`.
"""

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from mta_assets.simulation.channels import CHANNELS

HERE = Path(__file__).parent
WORK = HERE / ".work" / "peers"
TABLE_START, TABLE_END = "<!-- table: python benchmarks/peers.py -->", "<!-- end -->"


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A package to measure: its job in `peer_jobs`, its title, its input, and what to install. No requirements: our own environment."""

    job: str
    title: str
    takes: str
    requirements: tuple[str, ...] = ()


PEERS = (
    Peer(job="mam", title="marketing-attribution-models 2.1.1", takes="events", requirements=("marketing-attribution-models==2.1.1",)),
    Peer(
        job="channelattribution",
        title="ChannelAttribution 2.2.5",
        takes="distinct paths",
        requirements=("ChannelAttribution==2.2.5", "matplotlib"),  # it imports matplotlib without declaring it
    ),
    Peer(job="mta", title="mta 0.0.9", takes="distinct paths", requirements=("mta==0.0.9",)),
    Peer(job="ours_events", title="ours", takes="events"),
    Peer(job="ours_paths", title="ours", takes="distinct paths"),
)


def make_journeys(folder: Path, journeys: int, seed: int = 7) -> None:
    """Writes events.parquet (one row per touch, in order of time) and paths.csv (one row per distinct path) of the same journeys.

    One journey per user, of geometric length with mean 4, over 16 channels of uneven size; 5 % convert, at their last touch.
    """
    rng = np.random.default_rng(seed)
    length = rng.geometric(0.25, journeys)
    last = np.cumsum(length) - 1
    weight = 1 / np.arange(1, len(CHANNELS) + 1)
    names = pl.Series([channel.name.replace(" ", "_") for channel in CHANNELS])
    converted = np.zeros(length.sum(), dtype=bool)
    converted[last] = rng.random(journeys) < 0.05
    gap = rng.exponential(30 * 3_600, len(converted)).astype(np.int64) + 1
    elapsed = np.cumsum(gap)
    start = rng.integers(0, 20 * 86_400, journeys) - elapsed[last - length + 1]
    events = pl.DataFrame(
        {
            "user_id": np.repeat(np.arange(journeys), length),
            "ts": pl.Series((np.repeat(start, length) + elapsed + 1_767_225_600) * 1_000_000).cast(pl.Datetime("us")),
            "channel": names.gather(pl.Series(rng.choice(len(CHANNELS), len(converted), p=weight / weight.sum()))),
            "converted": converted,
            "value": np.where(converted, np.round(rng.lognormal(4, 0.8, len(converted)), 2), 0.0),
        }
    )
    by_user = events.group_by("user_id", maintain_order=True).agg(
        pl.col("channel").str.join(">").alias("path"), pl.col("converted", "value").sum()
    )
    paths = by_user.group_by("path").agg(
        total_conversions=pl.col("converted").sum(),
        total_conversion_value=pl.col("value").sum().round(2),
        total_null=pl.len() - pl.col("converted").sum(),
    )
    folder.mkdir(parents=True, exist_ok=True)
    paths.sort("path").write_csv(folder / "paths.csv")
    events.sort("ts", "user_id").write_parquet(folder / "events.parquet")


def environment(peer: Peer, python: str) -> Path:
    """The interpreter of the peer's environment, made on first use. Raises CalledProcessError when the package cannot be installed."""
    if not peer.requirements:
        return Path(sys.executable)
    home = WORK / "environments" / f"{peer.job}-{Path(python).resolve().name}"
    stamp = home / "installed"
    if not stamp.exists():
        subprocess.run([python, "-m", "venv", home], check=True)
        pip = [home / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *peer.requirements], check=True, timeout=600)
        stamp.touch()
    return home / "bin" / "python"


def run(python: Path, peer: Peer, folder: Path) -> list[dict[str, Any]]:
    """The stages of one run of the job. Raises CalledProcessError when it fails."""
    done = subprocess.run([python, HERE / "peer_jobs.py", peer.job, folder], check=True, stdout=subprocess.PIPE, text=True)
    return list(map(json.loads, done.stdout.splitlines()))


def measure(peers: Sequence[Peer], folder: Path, options: argparse.Namespace) -> dict[str, list[list[dict[str, Any]]]]:
    """Each job's stages in each round; in a round, every job runs once, so that a busy moment of the machine hits all alike."""
    pythons = {peer.job: environment(peer, options.python) for peer in peers}
    rounds: dict[str, list[list[dict[str, Any]]]] = {peer.job: [] for peer in peers}
    for number in range(options.rounds):
        for peer in peers:
            print(f"round {number + 1} of {options.rounds}: {peer.title}", file=sys.stderr, flush=True)
            rounds[peer.job].append(run(pythons[peer.job], peer, folder))
    return rounds


def stage_medians(rounds: Sequence[Sequence[Mapping[str, Any]]]) -> dict[str, float]:
    """Stage -> median CPU seconds over the rounds."""
    names = [stage["stage"] for stage in rounds[0]]
    return {name: statistics.median(stages[index]["cpu_s"] for stages in rounds) for index, name in enumerate(names)}


def table(peers: Sequence[Peer], rounds: Mapping[str, Sequence[Sequence[Mapping[str, Any]]]], options: argparse.Namespace) -> str:
    """The figures as Markdown: one row per package, its stages, its whole job, its peak memory and how far it is from our credit."""
    lines = [
        f"{options.journeys:,} journeys of 16 channels, mean length 4; CPU seconds (user + system), medians of {options.rounds} interleaved rounds; "
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}.",
        "",
        "| package | input | whole job | stages | peak memory | largest difference to our shares |",
        "| --- | --- | ---: | --- | ---: | --- |",
    ]
    ours = _credit(rounds.get("ours_events", ()))
    for peer in peers:
        stages = stage_medians(rounds[peer.job])
        each = ", ".join(f"{name} {seconds:.2f}" for name, seconds in stages.items())
        peak = statistics.median(stages[-1]["peak_mb"] for stages in rounds[peer.job])
        far = _differences(_credit(rounds[peer.job]), ours) if not peer.job.startswith("ours") else ""
        lines.append(f"| {peer.title} | {peer.takes} | {sum(stages.values()):.1f} | {each} | {peak / 1024:.1f} GB | {far} |")
    return "\n".join(lines)


def _credit(rounds: Sequence[Sequence[Mapping[str, Any]]]) -> dict[str, dict[str, float]]:
    return {model: credit for stages in rounds for stage in stages for model, credit in stage["credit"].items()}


def _differences(theirs: Mapping[str, Mapping[str, float]], ours: Mapping[str, Mapping[str, float]]) -> str:
    """Per model, the largest difference of a channel's share of the credit."""
    shown = []
    for model in theirs.keys() & ours.keys():
        names = theirs[model].keys() | ours[model].keys()
        far = max(abs(_share(theirs[model], name) - _share(ours[model], name)) for name in names)
        shown.append(f"{model} {'0' if far < 1e-9 else f'{far:.1g}'}")
    return ", ".join(sorted(shown))


def _share(credit: Mapping[str, float], channel: str) -> float:
    return credit.get(channel, 0.0) / (sum(credit.values()) or 1.0)


def write_table(text: str) -> None:
    """Puts the table into peers.md, between its marks."""
    page = HERE / "peers.md"
    before, _, rest = page.read_text().partition(TABLE_START)
    page.write_text(f"{before}{TABLE_START}\n{text}\n{TABLE_END}{rest.partition(TABLE_END)[2]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("jobs", nargs="*", default=[peer.job for peer in PEERS], help="which jobs; all when none is named")
    parser.add_argument("--journeys", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--python", default=sys.executable, help="the interpreter to make the packages' environments with")
    options = parser.parse_args()
    peers = [peer for peer in PEERS if peer.job in options.jobs]
    folder = WORK / f"journeys-{options.journeys}"
    if not (folder / "events.parquet").exists():
        # In a process of its own: Linux counts a parent's peak memory as its children's.
        maker = multiprocessing.get_context("spawn").Process(target=make_journeys, args=(folder, options.journeys))
        maker.start()
        maker.join()
    rounds = measure(peers, folder, options)
    (WORK / "results.json").write_text(json.dumps(rounds, indent=1))
    text = table(peers, rounds, options)
    print(text)
    if len(peers) == len(PEERS):
        write_table(text)


if __name__ == "__main__":
    main()
