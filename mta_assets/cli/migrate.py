"""`mta migrate`: every store at this version's tables, before anything is started, or the state store back at an earlier version's."""

import click
from sqlalchemy import make_url

from mta_assets.cli.home import prepared_home, prepared_storage
from mta_assets.cli.output import say
from mta_assets.config import load_config
from mta_assets.errors import MtaError
from mta_assets.models.registry import build_models
from mta_assets.pipeline.run import open_lake
from mta_assets.settings import Settings
from mta_assets.state.store import StateStore


@click.command(name="migrate")
@click.option("--to", metavar="VERSION", help="Bring the state store alone to this version of its tables, back or forward.")
@click.option("--lose-data", is_flag=True, help="Go back although rows or values are lost. Make a backup first: mta backup.")
def command(to: str | None, lose_data: bool) -> None:
    """Bring the state store, Dagster's storage and the lake up to this version.

    Each exists afterwards; what is up to date is left alone. The services do the same when they start, so that this command is for
    doing it once and beforehand: from a deployment, or before several machines start at once.

    With --to the state store goes to an earlier version, for a return to an earlier release: install that release afterwards. What is
    lost is told first, and lost only with --lose-data.
    """
    settings = Settings()
    _refuse_one_database_for_two(settings)
    store = StateStore(settings.state_url)
    try:
        if to is not None:
            _move(store, to, lose_data)
            return
        store.migrate()
        say(f"state store       {store.name} at {store.version()}")
    finally:
        store.close()
    open_lake(settings.lake, build_models(load_config(settings.config).models))
    say(f"lake              {settings.lake}")
    home = prepared_home(settings)
    prepared_storage(home)
    say(f"Dagster's storage {'Postgres' if settings.dagster_postgres_url else home}")


def _move(store: StateStore, to: str, lose_data: bool) -> None:
    here, lost = store.version(), store.losses(to)
    for loss in lost:
        say(f"goes away: {loss}")
    if any(loss.values for loss in lost) and not lose_data:
        raise MtaError(f"Nothing was changed. Going from {here} to {to} loses the rows and values above; --lose-data goes on.")
    store.migrate(to)
    say(f"state store {store.name}: {here} -> {to}")


def _refuse_one_database_for_two(settings: Settings) -> None:
    """Both keep the number of their last change in a table of the same name."""
    if not settings.dagster_postgres_url:
        return
    state, dagster = make_url(settings.state_url), make_url(settings.dagster_postgres_url)
    if (state.host, state.port, state.database, state.query) == (dagster.host, dagster.port, dagster.database, dagster.query):
        raise MtaError("MTA_STATE_URL and MTA_DAGSTER_POSTGRES_URL name the same database. Give each its own.")
