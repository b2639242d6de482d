"""`make bench`: measures every row of the table in README.md, in turns, each in a fresh process, and rewrites the table.

`python benchmarks/run.py [--touches 1000000 10000000] [--rounds 5]`. What is measured with 100,000,000 touches has a table of its own.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

import data
import report

HERE = Path(__file__).parent


def measured(program: str, folder: Path) -> report.Figures:
    """The figures that a program prints, run in a process of its own."""
    done = subprocess.run([sys.executable, HERE / f"{program}.py", folder], check=True, stdout=subprocess.PIPE, text=True)
    print(f"{program} {folder.name}: {done.stdout.strip()[:100]}", file=sys.stderr, flush=True)
    return json.loads(done.stdout)


def in_turns(jobs: dict[str, tuple[str, Path]], rounds: int) -> dict[str, report.Figures]:
    """Each job's medians. In a round every job runs once, so that a busy moment of the machine hits all alike; and each has its round's bound."""
    found: dict[str, list[report.Figures]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, (program, folder) in jobs.items():
            found[name].append(measured(program, folder))
    whole = {name: medians(each) for name, each in found.items()}
    for name, each in found.items():
        _, _, size = name.partition(" ")
        if size:  # a busy moment stretches CPU time as well, so that only what ran in the same round is compared
            ratios = (ours["cpu_s"] / bare["cpu_s"] for ours, bare in zip(each, found[f"bare {size}"], strict=True))
            whole[name]["times_bare"] = statistics.median(ratios)
    return whole


def medians(rounds: list[report.Figures]) -> report.Figures:
    """The median of each figure."""
    stages = {name: statistics.median(each["stages"].get(name, 0.0) for each in rounds) for name in rounds[0]["stages"]}
    facts = {name: statistics.median(each["facts"][name] for each in rounds) for name in rounds[0]["facts"]}
    whole = {name: statistics.median(each[name] for each in rounds) for name in ("cpu_s", "wall_s", "peak_mb")}
    return {"stages": stages, "facts": facts, **whole}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--touches", nargs="+", type=int, default=[1_000_000, 10_000_000])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    jobs = {}
    for touches in options.touches:
        raw, lake = data.raw(touches), data.lake(touches)
        jobs |= {f"bare {touches}": ("bare", raw), f"raw {touches}": ("raw_parquet", raw), f"core {touches}": ("core_tables", lake)}
    largest = max(options.touches)
    if largest <= 10_000_000:
        jobs |= {"day": ("new_day", data.lake(largest)), "csv": ("csv_file", data.csv()), "world": ("known_world", data.WORK)}
        jobs["increments"] = ("increments", data.WORK)
    found = in_turns(jobs, options.rounds)
    (data.WORK / f"results-{largest}.json").write_text(json.dumps(found, indent=1))
    report.write(found, sorted(options.touches), options.rounds)


if __name__ == "__main__":
    main()
