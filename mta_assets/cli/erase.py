"""`mta erase`: users are taken out of everything that the system keeps. What erasing is, is `mta_assets.erasure`'s."""

import getpass
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from mta_assets.cli.erasures import document, opened, show
from mta_assets.cli.options import FILE, configuration
from mta_assets.cli.output import say, show_json
from mta_assets.cli.progress import progress
from mta_assets.erasure.erase import erase
from mta_assets.erasure.places import places_of
from mta_assets.errors import MtaError
from mta_assets.lake.lake import Lake
from mta_assets.settings import Settings
from mta_assets.state.erasures import Ids

INCOMPLETE = 1  # exit code
_STEPS = 6


@click.command(name="erase")
@click.option("--user-id", "user_ids", multiple=True, help="A user, as files write the id; repeatable.")
@click.option("--conversion-id", "conversion_ids", multiple=True, help="The user who made this conversion; repeatable.")
@click.option("--ids-from", type=FILE, help="A text file of user ids, one a line.")
@click.option(
    "--by", "requested_by", default=getpass.getuser, show_default="the user of this process", help="Who asked for it, for the record."
)
@click.option("--queue", is_flag=True, help="Leave it to the daemon, which does it when no run is under way.")
@click.option(
    "--alone", is_flag=True, help="Nothing else writes to the lake meanwhile: to be said of one in an object store, which has no lock."
)
@click.option("--resume", is_flag=True, help="Go on with what was asked for and has not ended; no ids are needed.")
@click.option("--config", "config_path", type=FILE, help="Settings to use instead of MTA_CONFIG (mta.yaml).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def command(  # noqa: PLR0913, PLR0917  one parameter per option
    ctx: click.Context,
    user_ids: Sequence[str],
    conversion_ids: Sequence[str],
    ids_from: Path | None,
    requested_by: str,
    queue: bool,
    alone: bool,
    resume: bool,
    config_path: Path | None,
    as_json: bool,
) -> None:
    """Take users out of everything: landed files, every table, quarantine, old versions, uploads, the state store.

    Days that this changes are recomputed. A signed record without personal data remains (mta erasures). What was asked for and did not end, because
    the process was killed, is pending: run it again with --resume, or leave it to the daemon. docs/privacy.md says what is done where.

    \b
    Exit codes: 0 done, 1 done but something was left or could not be looked into, 2 it cannot be done as asked.
    """  # noqa: D301  click's own mark for lines that stay as they are
    config = configuration(config_path)
    if not (queue or alone):
        _refuse_without_a_lock(Settings().lake)
    with opened() as (store, erasures):
        if resume:
            asked = [erasure.id for erasure in erasures.unfinished()]
        else:
            ids = Ids(user_ids=(*user_ids, *_listed(ids_from)), conversion_ids=tuple(conversion_ids))
            asked = [erasures.ask(ids, requested_by=requested_by, now=_now()).id]
        places = places_of(Settings(), config, store)
        with progress(_STEPS * len(asked)) as notify:
            ended = [erasures.get(each) if queue else erase(places, each, _now, notify) for each in asked]
    if as_json:
        show_json([document(erasure) for erasure in ended])
    for erasure in () if as_json else ended:
        show(erasure)
    if not ended:
        say("No erasure is pending.")
    if any(erasure.remaining for erasure in ended):
        ctx.exit(INCOMPLETE)


def _refuse_without_a_lock(root: str) -> None:
    """A run that has read rows before they go would write down what follows from them."""
    if Lake(root).is_remote:
        raise MtaError(
            "The lake is in an object store, where nothing keeps a run waiting that would write down what it read before. Leave it to the daemon with "
            "--queue: it waits until no run is under way, and starts none meanwhile. Or say --alone when nothing else writes to the lake."
        )


def _listed(path: Path | None) -> tuple[str, ...]:
    if path is None:
        return ()
    try:
        return tuple(line for raw in path.read_text(encoding="utf-8").splitlines() if (line := raw.strip()))
    except (OSError, UnicodeDecodeError) as error:
        raise MtaError(f"{path} cannot be read as a list of ids ({error}). Write one id a line, in UTF-8.") from error


def _now() -> datetime:
    return datetime.now(UTC)
