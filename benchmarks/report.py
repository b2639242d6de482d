"""The medians as Markdown, put into README.md between its marks. Nothing is measured here."""

import math
import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

Figures = dict[str, Any]
PAGE = Path(__file__).parent / "README.md"
BUILDING = ("journeys", "statistics", "fits", "credits")


def write(found: Mapping[str, Figures], sizes: Sequence[int], rounds: int) -> None:
    """Rewrite the page's table of these sizes."""
    name = "100 M" if max(sizes) > 10_000_000 else "table"
    start, end = f"<!-- {name}: make bench -->", f"<!-- end of {name} -->"
    before, _, rest = PAGE.read_text().partition(start)
    lines = [
        machine(rounds),
        "",
        "| work | bar | measured | |",
        "| --- | --- | --- | --- |",
        *rows(found, sizes),
        "",
        *stage_table(found, sizes),
    ]
    text = "\n".join(lines)
    PAGE.write_text(f"{before}{start}\n{text}\n{end}{rest.partition(end)[2]}")
    print(text)


def machine(rounds: int) -> str:
    """What the figures were taken on."""
    cpu = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")),
        "unknown CPU",
    )
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "polars", "pyarrow", "duckdb", "deltalake"))
    return (
        f"CPU seconds, all threads, medians of {rounds} interleaved rounds. {cpu}, {os.cpu_count()} cores, {memory_gb:.0f} GB; "
        f"load {os.getloadavg()[2]:.1f}; Python {platform.python_version()}, {packages}."
    )


def rows(found: Mapping[str, Figures], sizes: Sequence[int]) -> list[str]:
    """One row per bar."""
    lines = []
    for size in sizes:
        bare = found[f"bare {size}"]["cpu_s"]
        for job, bar in (("raw", 4.0), ("core", 1.5)):
            ours, times = (found[f"{job} {size}"][name] for name in ("cpu_s", "times_bare"))
            figures = f"{times:.2f} x ({ours:.2f} against {bare:.2f} s)"
            lines.append(row(f"{TITLES[job]}, {millions(size)}", f"{bar} x bare", figures, times <= bar))
    if len(sizes) > 1:
        small, large = sizes[0], sizes[-1]
        for job in ("raw", "core"):
            power = math.log(found[f"{job} {large}"]["cpu_s"] / found[f"{job} {small}"]["cpu_s"]) / math.log(large / small)
            lines.append(
                row(f"growth from {millions(small)} to {millions(large)}, {TITLES[job]}", "exponent 1.05", f"{power:.2f}", power <= 1.05)
            )
    limit_gb = 1.5 if sizes[-1] <= 10_000_000 else 4.0
    for job in ("raw", "core"):
        peak = found[f"{job} {sizes[-1]}"]["peak_mb"] / 1024
        lines.append(row(f"peak memory at {millions(sizes[-1])}, {TITLES[job]}", f"{limit_gb} GB", f"{peak:.2f} GB", peak < limit_gb))
    lines += day_rows(found, sizes[-1]) if "day" in found else []
    lines += csv_row(found["csv"]) if "csv" in found else []
    lines += world_row(found["world"]) if "world" in found else []
    return lines + (increments_row(found["increments"]) if "increments" in found else [])


def day_rows(found: Mapping[str, Figures], size: int) -> list[str]:
    """One new day: computing it, and writing what was computed as well."""
    stages = found["day"]["stages"]
    scan = stages["scan of the window"]
    computed = sum(stages[name] for name in BUILDING)
    written = computed + stages["writing"]
    full = found[f"core {size}"]["cpu_s"]
    return [
        row(
            "one new day: computing it", "2 x scan", f"{computed / scan:.2f} x ({computed:.2f} against {scan:.2f} s)", computed <= 2 * scan
        ),
        row("one new day: with its tables written", "2 x scan", f"{written / scan:.2f} x ({written:.2f} s)", written <= 2 * scan),
        row(
            "one new day against a full recompute, computing both",
            "15 %",
            f"{computed / full:.0%} of {full:.2f} s",
            computed <= 0.15 * full,
        ),
    ]


def csv_row(csv: Figures) -> list[str]:
    """CSV to every model."""
    bare, ours, facts = csv["facts"]["bare_s"], csv["cpu_s"], csv["facts"]
    title = f"{facts['megabytes']:.0f} MB of CSV, {facts['rows']:,.0f} rows, to every model"
    return [row(title, "4 x read_csv", f"{ours / bare:.2f} x ({ours:.2f} against {bare:.2f} s)", ours <= 4 * bare)]


def world_row(world: Figures) -> list[str]:
    """A world whose truth is known: its touches and purchases, without the truth."""
    seconds, touches = world["stages"]["touches and purchases"], world["facts"]["touches"]
    return [row(f"a world of known truth, {touches / 1e6:.1f} M touches and their purchases", "30 s", f"{seconds:.1f} s", seconds < 30)]


def increments_row(increments: Figures) -> list[str]:
    """The model that estimates what touches added, with the journeys that it shares out."""
    seconds, touches = increments["wall_s"], increments["facts"]["touches"]
    title = f"what {touches / 1e6:.1f} M touches added, from events to credit"
    return [row(title, "90 s on 2 cores", f"{seconds:.0f} s ({increments['cpu_s']:.0f} s CPU)", seconds < 90)]


def row(work: str, bar: str, measured: str, met: bool) -> str:
    return f"| {work} | {bar} | {measured} | {'met' if met else '**not met**'} |"


def stage_table(found: Mapping[str, Figures], sizes: Sequence[int]) -> list[str]:
    """What each stage takes: seconds and, where there is one, times the bare group-by."""
    lines = ["| job | stages: CPU seconds (times the bound) |", "| --- | --- |"]
    bounds = {f"{job} {size}": found[f"bare {size}"]["cpu_s"] for size in sizes for job in ("raw", "core")}
    bounds |= {"csv": found["csv"]["facts"]["bare_s"]} if "csv" in found else {}
    bounds |= {"day": found["day"]["stages"]["scan of the window"]} if "day" in found else {}
    for name, bound in bounds.items():
        each = ", ".join(f"{stage} {seconds:.2f} ({seconds / bound:.2f})" for stage, seconds in found[name]["stages"].items())
        lines.append(f"| {name} | {each} |")
    if "world" in found:
        lines.append(f"| world | {', '.join(f'{stage} {seconds:.2f}' for stage, seconds in found['world']['stages'].items())} |")
    return lines


def millions(touches: int) -> str:
    return f"{touches / 1e6:g} M touches"


TITLES = {"raw": "raw Parquet to everything", "core": "core tables to everything"}
