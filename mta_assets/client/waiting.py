"""Waiting for a job until it ends, with a bar on a terminal. It knows no request: whoever waits passes what looks."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mta_assets.client.answers import JobDocument
from mta_assets.client.errors import JobEndedError

ENDS = frozenset({"succeeded", "failed", "cancelled"})
FIRST_LOOK_SECONDS, LONGEST_LOOK_SECONDS = 0.5, 10.0
Tell = Callable[[JobDocument], None]


def wait_for(look: Callable[[], JobDocument], sleep: Callable[[float], None], timeout_seconds: float | None, *, bar: bool) -> JobDocument:
    """The job once it has succeeded. Raises JobEndedError when it ended otherwise, TimeoutError when it takes longer."""
    started, pause = time.monotonic(), FIRST_LOOK_SECONDS
    with _progress() if bar else _silence() as tell:
        while (job := look()).state not in ENDS:
            tell(job)
            if timeout_seconds is not None and time.monotonic() - started > timeout_seconds:
                raise TimeoutError(f"Job {job.id} is {job.state} at {job.percent:.0f} % after {timeout_seconds:g} s.")
            sleep(pause)
            pause = min(LONGEST_LOOK_SECONDS, pause * 1.5)
    if job.state != "succeeded":
        raise JobEndedError(job)
    return job


@contextmanager
def _silence() -> Iterator[Tell]:
    yield lambda job: None


@contextmanager
def _progress() -> Iterator[Tell]:
    """A bar on stderr where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda job: None
        return
    from rich.console import Console  # noqa: PLC0415  only for who looks on
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("queued", total=100)
        yield lambda job: shown.update(task, completed=job.percent, description=job.stage or job.state)
