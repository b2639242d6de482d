"""How the server does, in numbers: of the machine, of the process, of the requests so far. Whether parts answer is in `components`."""

import platform
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache as once
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import psutil

from api.cache import cache
from api.components import NEEDED, Component
from api.metrics import metrics
from mta_assets.results.freshness import WORST, Age
from mta_assets.settings import Settings

_PACKAGES = ("mta-assets", "polars", "deltalake", "duckdb", "flask", "gunicorn", "dagster")


def overall(components: Mapping[str, Component]) -> Literal["ok", "degraded", "unavailable"]:
    """In a word: unavailable without a part that is needed, degraded without one that helps."""
    down = {name for name, component in components.items() if component.status == "down"}
    return "unavailable" if down & set(NEEDED) else "degraded" if down else "ok"


def data_health(ages: Sequence[Age]) -> dict[str, object]:
    """How the data are, in a word, and what of them is not as it should be."""
    found = {age.status for age in ages}
    return {
        "status": next((word for word in WORST if word in found), "empty"),
        "late": [f"{age.kind} {age.name}" for age in ages if age.status in {"late", "stale"}],
        "silent": [age.name for age in ages if age.silent],
    }


@once
def versions() -> dict[str, str]:
    """Of the program, of Python and of the engines, as installed."""
    return {name: version(name) for name in _PACKAGES} | {"python": platform.python_version()}


def system(settings: Settings) -> dict[str, object]:
    """The machine, and the process that answers."""
    process, memory = psutil.Process(), psutil.virtual_memory()
    disk = psutil.disk_usage(str(_nearest(Path(settings.lake) if "://" not in settings.lake else settings.uploads)))
    return {
        "cpu_percent": psutil.cpu_percent(interval=None),
        "memory": {"process": process.memory_info().rss, "total": memory.total, "available": memory.available},
        "disk": {"total": disk.total, "free": disk.free},
        "uptime_seconds": time.time() - process.create_time(),
    }


def requests() -> dict[str, object]:
    """The requests of all server processes."""
    by_status = counted("mta_http_requests_total", "status")
    total, errors = sum(by_status.values()), sum(count for status, count in by_status.items() if status >= "500")
    in_flight = sum(sample.value for sample in metrics().samples() if sample.name == "mta_http_requests_in_flight")
    return {"total": total, "errors": errors, "error_rate": errors / total if total else None, "in_flight": int(in_flight)}


def cache_metrics(redis: str) -> dict[str, object]:
    """The cache's hits and misses of all server processes, and the memory of this one. redis: its status."""
    found, memory = Counter(counted("mta_cache_answers_total", "status")), cache().memory
    total = found.total()
    answers = {"hits": found["hit"], "misses": found["miss"], "stale": found["stale"]}
    held = {"memory_entries": len(memory), "memory_bytes": memory.held_bytes, "memory_evictions": memory.evictions}
    return answers | {"hit_rate": found["hit"] / total if total else None} | held | {"redis": redis}


def counted(name: str, label: str) -> dict[str, int]:
    """The counts of this name, added up by a label."""
    sums: Counter[str] = Counter()
    for sample in metrics().samples():
        if sample.name == name:
            sums[sample.labels[label]] += int(sample.value)
    return dict(sorted(sums.items()))


def _nearest(path: Path) -> Path:
    """The path, or the nearest folder above it that exists."""
    return next(each for each in (path.absolute(), *path.absolute().parents) if each.exists())
