"""`mta backup`: lake and state as they are at one moment, in a folder, while everything runs. `mta restore` is its way back."""

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import click
import orjson

from mta_assets.cli.output import say
from mta_assets.errors import MtaError
from mta_assets.lake.copies import copy_lake, moment
from mta_assets.lake.lake import Lake
from mta_assets.settings import Settings
from mta_assets.state.dumps import dump

# Written last: a folder without it is no backup.
MANIFEST = "backup.json"
LAKE, STATE, DAGSTER = "lake", "state", "dagster"
PARTS = (LAKE, STATE, DAGSTER)


@click.command(name="backup")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--only", type=click.Choice(PARTS), multiple=True, help="Only this part; repeatable. [default: all that there are]")
def command(folder: Path, only: tuple[str, ...]) -> None:
    """Copy lake and state into FOLDER, which is made and must be empty.

    Everything may run meanwhile. The lake's tables are copied at the versions they have at one moment; a step that is under way is waited for. The state
    store is copied by its database's own means: SQLite's online backup, or pg_dump, which must be installed. Dagster's storage is copied too when it
    is in Postgres. Uploads of clients are not copied.

    The copy holds what its originals hold, personal data included, and no key for it: keep it as safe, and the pepper elsewhere.
    """
    settings = Settings()
    if folder.exists() and any(folder.iterdir()):
        raise MtaError(f"{folder} is not empty. Name a new folder for each backup.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    parts = only or (LAKE, STATE, *([DAGSTER] if settings.dagster_postgres_url else []))
    manifest: dict[str, object] = {"program": version("mta-assets"), "began": datetime.now(UTC)}
    if STATE in parts:
        (folder / STATE).mkdir()
        say(f"state    {dump(settings.state_url, folder / STATE).name}")
    if DAGSTER in parts:
        if not settings.dagster_postgres_url:
            raise MtaError(
                "MTA_DAGSTER_POSTGRES_URL is not set: Dagster keeps its runs in files under DAGSTER_HOME, which can be copied while it is stopped."
            )
        (folder / DAGSTER).mkdir()
        say(f"Dagster  {dump(settings.dagster_postgres_url, folder / DAGSTER).name}")
    if LAKE in parts:
        lake = Lake(settings.lake)
        versions = moment(lake)
        rows = copy_lake(lake.root, str((folder / LAKE).absolute()), versions)
        manifest["tables"] = {name: {"version": versions[name], "rows": rows[name]} for name in versions}
        say(f"lake     {len(versions)} tables, {sum(rows.values()):,} rows")
    manifest |= {"parts": parts, "ended": datetime.now(UTC)}
    (folder / MANIFEST).write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
    say(f"The backup is in {folder}.")
