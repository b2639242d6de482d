"""Options that say what a file is, for files whose columns do not: --touchpoints FILE, --conversions FILE and so on."""

from collections.abc import Callable
from pathlib import Path

import click

from mta_assets.analysis.recognise import FileKind, GivenFile
from mta_assets.cli.options import FILE, Command


def stated_kinds(*kinds: FileKind) -> Callable[[Command], Command]:
    """An option per kind of file, --event-log FILE and so on, each as often as wanted; the command gets all as `stated`, a tuple of GivenFile."""

    def decorate(command: Command) -> Command:
        for kind in reversed(kinds):
            command = click.option(
                f"--{kind.replace('_', '-')}",
                type=FILE,
                multiple=True,
                metavar="FILE",
                expose_value=False,
                callback=_state(kind),
                help="Its rows are money spent by day and channel."
                if kind == "spend"
                else f"A FILE whose kind must be said: {kind.replace('_', ' ')}.",
            )(command)
        return command

    return decorate


def _state(kind: FileKind) -> Callable[[click.Context, click.Parameter, tuple[Path, ...]], None]:
    def note(ctx: click.Context, _: click.Parameter, paths: tuple[Path, ...]) -> None:
        already = ctx.params.setdefault("stated", ())
        ctx.params["stated"] = (*already, *(GivenFile(path=path, kind=kind) for path in paths))

    return note
