"""Progress on stderr: a bar on a terminal, a plain line now and then elsewhere. stdout stays for results."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

Notify = Callable[[object], None]  # what is said of a step is its text
# Off a terminal, short work says nothing and long work shows that it lives.
SECONDS_BETWEEN_LINES = 5.0


@contextmanager
def progress(total: int | None = None) -> Iterator[Notify]:
    """A function to be told of each step. total: how many steps are expected; more than that, or None, and the bar shows only that work goes on."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _plain()
        return
    columns = (SpinnerColumn(), BarColumn(bar_width=24), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=total)

        def step(what: object) -> None:
            bar.update(task, description=escape(str(what)), advance=1)
            if total is not None and bar.tasks[0].completed > total:
                bar.update(task, total=None)

        yield step


def _plain() -> Notify:
    said = time.monotonic()

    def step(what: object) -> None:
        nonlocal said
        if time.monotonic() - said >= SECONDS_BETWEEN_LINES:
            said = time.monotonic()
            click.echo(f"{what} ...", err=True)

    return step
