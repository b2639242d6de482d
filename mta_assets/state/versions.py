"""The state store's tables from one version to another, forward and back, by Alembic. The changes themselves are in `migrations`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect, text

from mta_assets.errors import StateError, did_you_mean

NOTHING, NEWEST = "base", "head"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What a step back removes. column: None when the whole table goes. values: rows of the table, or values of the column that are not empty."""

    table: str
    column: str | None
    values: int

    def __str__(self) -> str:
        """In words."""
        if self.column is None:
            return f"table {self.table}: {self.values} rows"
        return f"column {self.column} of {self.table}: {self.values} values"


def versions() -> Sequence[str]:
    """Every version, the oldest first; before the first there is no table."""
    return [NOTHING, *(script.revision for script in reversed(list(_scripts().walk_revisions())))]


def version(connection: Connection) -> str:
    """The version of the tables that are there."""
    return MigrationContext.configure(connection).get_current_revision() or NOTHING


def move(connection: Connection, to: str) -> None:
    """Bring the tables to a version, on this connection and in its transaction. Raises StateError for one that this code does not know."""
    known, here = versions(), version(connection)
    if to != NEWEST and to not in known:
        raise StateError(f"There is no version {to!r} of the state store's tables. {did_you_mean(to, known)}")
    if here not in known:
        raise StateError(
            f"A newer version of mta-assets has used the state store (its tables are at {here}, this program ends at {known[-1]}). "
            "Install that version, or set MTA_STATE_URL to another database."
        )
    config = _config()
    config.attributes["connection"] = connection
    target = known[-1] if to == NEWEST else to
    try:
        (command.upgrade if known.index(target) >= known.index(here) else command.downgrade)(config, target)
    except CommandError as error:
        raise StateError(f"The tables of the state store cannot be brought from {here} to {target}: {error}") from error


def losses(connection: Connection, to: str) -> Sequence[Loss]:
    """What going back to a version removes, found by doing so. The caller rolls the transaction back."""
    before = _values(connection)
    move(connection, to)
    after = _values(connection)
    gone = sorted(before.keys() - after.keys(), key=lambda key: (key[0], key[1] or ""))
    whole = {table for table, column in gone if column is None}
    return [
        Loss(table=table, column=column, values=before[table, column]) for table, column in gone if column is None or table not in whole
    ]


def _values(connection: Connection) -> Mapping[tuple[str, str | None], int]:
    """How many rows each table has, and how many values each column."""
    found: dict[tuple[str, str | None], int] = {}
    inspector = inspect(connection)
    quoted = connection.dialect.identifier_preparer.quote
    for table in set(inspector.get_table_names()) - {"alembic_version"}:
        columns = [column["name"] for column in inspector.get_columns(table)]
        counts = ", ".join(f"count({quoted(name)})" for name in columns)
        rows, *values = connection.execute(text(f"SELECT count(*), {counts} FROM {quoted(table)}")).one()  # noqa: S608  names of our own tables
        found[table, None] = rows
        found |= {(table, name): number for name, number in zip(columns, values, strict=True)}
    return found


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "mta_assets.state:migrations")
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())
