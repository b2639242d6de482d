"""`mta restore`: what `mta backup` copied, back into an empty place."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import orjson

from mta_assets.cli.backup import DAGSTER, LAKE, MANIFEST, PARTS, STATE
from mta_assets.cli.output import say
from mta_assets.errors import MtaError
from mta_assets.lake.copies import copy_lake, names
from mta_assets.lake.lake import Lake
from mta_assets.settings import Settings
from mta_assets.state.dumps import is_empty, load


@click.command(name="restore")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--only", type=click.Choice(PARTS), multiple=True, help="Only this part; repeatable. [default: all that were copied]")
def command(folder: Path, only: tuple[str, ...]) -> None:
    """Put the backup in FOLDER where MTA_LAKE, MTA_STATE_URL and MTA_DAGSTER_POSTGRES_URL point, each empty before.

    Nothing of the system may run. Afterwards `mta migrate` brings the state store to this version's tables, and Redis is to be emptied: what it keeps is of
    versions of the lake that are there no more.
    """
    settings, manifest = Settings(), _manifest(folder)
    parts = only or tuple(manifest["parts"])
    if missing := [part for part in parts if part not in manifest["parts"]]:
        raise MtaError(f"{folder} has no {', '.join(missing)}: it was not backed up.")
    _refuse_what_is_not_empty(settings, parts)
    if LAKE in parts:
        say(f"lake     {_lake(folder, Lake(settings.lake).root, manifest['tables'])}")
    if STATE in parts:
        load(folder / STATE, settings.state_url)
        say("state    done")
    if DAGSTER in parts:
        load(folder / DAGSTER, settings.dagster_postgres_url)
        say("Dagster  done")


def _manifest(folder: Path) -> Mapping[str, Any]:
    try:
        manifest: Mapping[str, Any] = orjson.loads((folder / MANIFEST).read_bytes())
    except FileNotFoundError:
        raise MtaError(f"{folder} has no {MANIFEST}: it is no backup, or one that was interrupted.") from None
    return manifest


def _refuse_what_is_not_empty(settings: Settings, parts: tuple[str, ...]) -> None:
    """Before anything is written."""
    taken = [name for part, name, empty in _places(settings) if part in parts and not empty()]
    if taken:
        raise MtaError(f"{' and '.join(taken)} is not empty. Restore into an empty place; nothing was changed.")


def _places(settings: Settings) -> Sequence[tuple[str, str, Callable[[], bool]]]:
    """Part, what it is called, and whether it is empty."""
    return (
        (LAKE, f"The lake {settings.lake}", lambda: not names(Lake(settings.lake).root)),
        (STATE, "The database of MTA_STATE_URL", lambda: is_empty(settings.state_url)),
        (DAGSTER, "The database of MTA_DAGSTER_POSTGRES_URL", lambda: is_empty(settings.dagster_postgres_url)),
    )


def _lake(folder: Path, root: str, tables: Mapping[str, Mapping[str, int]]) -> str:
    rows = copy_lake(str((folder / LAKE).absolute()), root, {name: table["version"] for name, table in tables.items()})
    differing = sorted(name for name, table in tables.items() if rows[name] != table["rows"])
    if differing:
        raise MtaError(
            f"The backup in {folder} is damaged: {', '.join(differing)} has other rows than when it was made. Use another backup."
        )
    return f"{len(tables)} tables, {sum(rows.values()):,} rows"
