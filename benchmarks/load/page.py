"""The figures as a table in ../api.md, between its marks. Nothing is measured here."""

import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parent.parent / "api.md"
START, END = "<!-- table: make bench-api -->", "<!-- end of table -->"
BARS = {"cached": 0.5, "304": 0.6}


def write(found: Mapping[str, Any]) -> None:
    """Rewrite the page's table."""
    before, _, rest = PAGE.read_text().partition(START)
    lines = [machine(), "", "| work | bar | measured | |", "| --- | --- | --- | --- |", *rows(found), "", *layers(found)]
    text = "\n".join(lines)
    PAGE.write_text(f"{before}{START}\n{text}\n{END}{rest.partition(END)[2]}")
    print(text)


def machine() -> str:
    """What the figures were taken on."""
    cpu = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "?"
    )
    packages = ", ".join(f"{name} {version(name)}" for name in ("flask", "gunicorn", "polars"))
    return f"{cpu}, {os.cpu_count()} cores, which wrk shares; load {os.getloadavg()[2]:.1f} before; Python {platform.python_version()}, {packages}."


def rows(found: Mapping[str, Any]) -> list[str]:
    """One row per bar."""
    rates, ratios = found["rates"], found["ratios"]
    titles = {"cached": f"cached result, {found['bytes'] / 1000:.0f} KB, 16 connections", "304": "304 by ETag, 16 connections"}
    lines = [
        row(
            titles[name], f"{bar} of bare", f"{ratios[name]:.2f} ({rates[name]:,.0f} of {rates['bare']:,.0f} a second)", ratios[name] >= bar
        )
        for name, bar in BARS.items()
    ]
    crowd, live, allowed, uncached, calculate = (found[name] for name in ("crowd", "live", "allowed", "uncached", "calculate"))
    return [
        *lines,
        row(
            "uncached, a year x 12 models x 16 channels, 16 connections",
            "p95 50 ms",
            f"{uncached['p95_ms']:.0f} ms",
            uncached["p95_ms"] <= 50,
        ),
        row(
            "500 connections, cached result",
            "no failure, p99 1 s",
            f"{crowd['failures']:.0f} failures, {crowd['p99_ms']:,.0f} ms",
            crowd["failures"] == 0 and crowd["p99_ms"] < 1_000,
        ),
        row(
            "`/health/live` under that load, 50 probes a second",
            "p99 10 ms",
            f"{live['p99_ms']:.1f} ms (a process that does nothing else: {allowed['p99_ms']:.1f} ms)",
            live["p99_ms"] < 10,
        ),
        row("`calculate` of 1,000 journeys, every model", "p95 100 ms", f"{calculate['p95_ms']:.0f} ms", calculate["p95_ms"] < 100),
        *file_rows(found["file"]),
    ]


def file_rows(file: Mapping[str, float]) -> list[str]:
    """100 MB of CSV."""
    command, title = file["command_s"], f"{file['megabytes']:.0f} MB of CSV to all models"
    return [
        *(
            row(
                f"{title}, {how}",
                "1.5 x `mta attribute`",
                f"{file[name] / command:.2f} x ({file[name]:.1f} against {command:.1f} s)",
                file[name] <= 1.5 * command,
            )
            for how, name in (("at once (`mode=inline`)", "inline_s"), ("as a job", "job_s"))
        ),
        row(
            f"memory of the API above idle while the job's file came in ({file['upload_s']:.1f} s)",
            "512 MB",
            f"{file['upload_mb_above_idle']:.0f} MB",
            file["upload_mb_above_idle"] <= 512,
        ),
    ]


def row(work: str, bar: str, measured: str, met: bool) -> str:
    return f"| {work} | {bar} | {measured} | {'met' if met else '**not met**'} |"


def layers(found: Mapping[str, Any]) -> list[str]:
    """What each layer costs, in requests per second of the bare view."""
    whole = found["ratios"]["cached"]
    lines = ["| | requests per second, bare = 1 |", "| --- | --- |"]
    lines += [f"| cached result, without {layer} | {share:.2f} |" for layer, share in found["without"].items()]
    return [*lines, f"| cached result, whole | {whole:.2f} |"]
