"""A piece of work with a name: its lines carry it, and when it is over the performance stream says how long it took and how it ended."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from mta_assets.telemetry.context import bound
from mta_assets.telemetry.streams import application, performance


@contextmanager
def timed(kind: str, name: str, **about: object) -> Iterator[None]:
    """Do the body as this piece of work. kind: step, task and the like: the field that holds the name. An error is logged as it passes, and goes on."""
    began = time.perf_counter()
    with bound(**{kind: name}, **about):
        try:
            yield
        except Exception:
            application.exception(f"{kind} failed")
            performance.info(f"{kind} ended", outcome="failed", seconds=_since(began))
            raise
        except BaseException as stop:
            performance.info(f"{kind} ended", outcome="stopped", by=type(stop).__name__, seconds=_since(began))
            raise
        else:
            performance.info(f"{kind} ended", outcome="done", seconds=_since(began))


def _since(began: float) -> float:
    return round(time.perf_counter() - began, 6)
