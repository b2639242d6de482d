"""`mta`: the group of commands, its exit codes and how errors reach a person. Each command is a module of its own, imported only when it is called."""

import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from types import TracebackType
from uuid import uuid4

import click

from mta_assets.errors import MtaError, did_you_mean

# Command -> what it does in a line. The module `mta_assets.cli.<command>` holds it as `command`; `mta --help` imports none of them.
COMMANDS: Mapping[str, str] = {
    "demo": "Make a realistic sample, run everything on it and show the result.",
    "up": "Start the Dagster UI and daemon on the lake; Ctrl-C stops both.",
    "api": "Serve the results over HTTP; Ctrl-C stops it.",
    "ingest": "Take in what has landed and recompute what it changed.",
    "attribute": "Credit channels for conversions, from files, with every model.",
    "compare": "Say where models agree and where not, why, and which to take.",
    "validate": "Say what is wrong with a file, row by row, and what to do.",
    "simulate": "Write realistic raw files of any size, with a share of dirty rows.",
    "scorecard": "Try every model on worlds in which it is known what each channel caused.",
    "models": "List the attribution models, their parameters and their needs.",
    "status": "Show what the lake holds, what is pending and what was rejected.",
    "heal": "Look for damaged files of the lake, and compute again what they held.",
    "alerts": "Test, list and send alerts, and watch for what is wrong.",
    "keys": "Make, list, rotate and revoke the keys of the API.",
    "migrate": "Bring the state store, Dagster's storage and the lake up to this version.",
    "backup": "Copy lake and state, as they are at one moment, while everything runs.",
    "restore": "Put a backup into an empty place.",
    "healthy": "Say whether a service on this machine answers, for health checks.",
    "erase": "Take users out of everything that is kept.",
    "erasures": "List and verify the records of who was erased.",
}
BAD_CALL, STOPPED, BROKEN_PIPE, BUG = 2, 130, 141, 70


class Refusal(click.ClickException):
    """An error that the user can mend: one message, exit code 2."""

    exit_code = BAD_CALL


class Commands(click.Group):
    """A group that knows its commands by name and imports the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands, in the order in which a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"mta_assets.cli.{cmd_name}").command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest right names for a wrong one."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f"There is no command {args[0]!r}. {did_you_mean(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; what the user can mend becomes a message, Ctrl-C and a closed pipe a quiet end. Bugs keep their traceback."""
        try:
            with _logged():
                return super().invoke(ctx)
        except MtaError as error:
            raise Refusal(str(error)) from error
        except KeyboardInterrupt:
            click.echo("Stopped.", err=True)
            ctx.exit(STOPPED)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that the interpreter's last flush does not fail as well
            ctx.exit(BROKEN_PIPE)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="mta-assets", prog_name="mta")
def mta() -> None:
    """Multi-touch attribution: which channels brought the conversions.

    \b
    One file, one answer, nothing to set up:
      mta attribute events.csv
      mta attribute touchpoints.csv conversions.csv --spend spend.csv --out credit.csv
    \b
    A lake that is kept up day by day:
      mta demo      to see it work
      mta ingest    to take in what was put into the landing folder
      mta up        to watch it in the Dagster UI
    \b
    Exit codes:
      0    done
      1    validate: rows were rejected; up: a service died; alerts: a message was not delivered
      2    a file, an option or a setting cannot be used; the message says what to do
      70   a bug: please report it with its traceback
      130  stopped with Ctrl-C
    \b
    Where things are is set by MTA_LAKE, MTA_LANDING and MTA_CONFIG (default: .mta/ and mta.yaml in this folder).
    """  # noqa: D301  click's own mark for lines that stay as they are


@contextmanager
def _logged() -> Iterator[None]:
    """Where lines go, and what those of this command share."""
    from mta_assets.settings import LogSettings  # noqa: PLC0415  `mta --help` imports nothing that takes time
    from mta_assets.telemetry.context import bound  # noqa: PLC0415  as above
    from mta_assets.telemetry.setup import COMMAND, write_logs  # noqa: PLC0415  as above

    write_logs(LogSettings(), COMMAND)
    with bound(correlation_id=uuid4().hex):
        yield


def main() -> None:
    """The console script."""
    sys.excepthook = _bug
    mta(prog_name="mta")


def _bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    traceback.print_exception(kind, error, trace)
    raise SystemExit(BUG)
