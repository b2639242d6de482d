"""A piece of work with a name: its lines carry it, and when it is over the performance stream says how long it took and how it ended."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from mta_assets.errors import MtaError
from mta_assets.telemetry.context import bound
from mta_assets.telemetry.streams import application, performance
from mta_assets.telemetry.tracing import span


@contextmanager
def timed(kind: str, name: str, *, expected: type[Exception] | tuple[()] = (), **about: object) -> Iterator[None]:
    """Do the body as this piece of work. kind: step, task and the like: the field that holds the name.

    An error is logged as it passes, and goes on: in its own words where it is one of ours, with its traceback where it is a fault.
    expected: an error that is no fault of the work, such as a file that cannot be read. It is not logged: what it says may be what the file says.
    """
    began = time.perf_counter()
    with bound(**{kind: name}, **about), span(f"{kind} {name}"):
        try:
            yield
        except expected:
            performance.info(f"{kind} ended", outcome="refused", seconds=_since(began))
            raise
        except MtaError as error:
            application.error(f"{kind} failed", error=type(error).__name__, reason=str(error))
            performance.info(f"{kind} ended", outcome="failed", seconds=_since(began))
            raise
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
