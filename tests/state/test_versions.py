"""The state store goes back as well as forward, version by version, and says beforehand what it would lose."""

from datetime import UTC, date, datetime

import pytest
from alembic import op
from sqlalchemy import create_engine, inspect, literal_column, select, text

from mta_assets.errors import StateError
from mta_assets.state.tables import Base
from mta_assets.state.versions import NOTHING, versions

VERSIONS = versions()


@pytest.fixture
def filled(store, state_url):
    """A store at the newest version with a row in every table, every column filled."""
    engine = create_engine(state_url)
    with engine.begin() as connection:
        for table in Base.metadata.sorted_tables:
            connection.execute(table.insert(), {column.name: _value(column) for column in table.columns})
    yield store
    engine.dispose()


@pytest.fixture
def rows(state_url):
    """The rows of every table there is, by its name."""
    engine = create_engine(state_url)

    def read():
        with engine.connect() as connection:
            names = set(inspect(connection).get_table_names()) - {"alembic_version"}
            return {
                name: [dict(row) for row in connection.execute(select(literal_column("*")).select_from(text(name))).mappings()]
                for name in names
            }

    yield read
    engine.dispose()


def test_every_version_follows_from_the_one_before():
    assert VERSIONS[0] == NOTHING
    assert len(set(VERSIONS)) == len(VERSIONS) > 4


def test_every_step_back_keeps_what_the_earlier_version_has_and_forward_again_makes_what_the_code_declares(filled, rows):
    before = rows()
    for version in reversed(VERSIONS):
        filled.migrate(version)
        assert filled.version() == version
        for name, kept in rows().items():
            assert kept == [{column: row[column] for column in kept[0]} for row in before[name]], name
        assert filled.losses(version) == []
    assert rows() == {}
    for version in VERSIONS:
        filled.migrate(version)
        assert filled.version() == version
    assert set(rows()) == set(Base.metadata.tables)


@pytest.mark.parametrize("version", VERSIONS[1:-1])
def test_one_step_back_and_forward_again_leaves_what_both_versions_have(filled, rows, version):
    filled.migrate(version)
    there = rows()
    filled.migrate()
    after = rows()
    for name, kept in there.items():
        assert [{column: row[column] for column in kept[0]} for row in after[name]] == kept, name


def test_what_a_step_back_loses_is_told_and_nothing_is_changed_by_asking(filled, rows):
    before = rows()
    told = {(loss.table, loss.column): loss.values for loss in filled.losses("0002")}
    assert (told["checks", None], told["webhooks", None], told["deliveries", None]) == (1, 1, 1)
    assert not [table for table, _ in told if table in {"api_keys", "jobs", "audit"} and (table, None) in told]
    assert rows() == before
    assert filled.version() == VERSIONS[-1]


def test_a_version_that_is_not_there_is_refused_with_the_nearest(store):
    with pytest.raises(StateError, match="Did you mean '0003'"):
        store.migrate("003")


def test_a_step_that_fails_leaves_everything_as_it_was(filled, rows, monkeypatch):
    before = rows()
    real = op.drop_table

    def fails(name, *given, **more):
        if name == "api_keys":
            raise ZeroDivisionError
        return real(name, *given, **more)

    monkeypatch.setattr(op, "drop_table", fails)
    with pytest.raises(ZeroDivisionError):
        filled.migrate(NOTHING)
    assert rows() == before
    assert filled.version() == VERSIONS[-1]


def _value(column):
    """Something that the column takes; a reference is to the one row there is."""
    known = {"UtcTime": datetime(2026, 3, 1, tzinfo=UTC), "Date": date(2026, 3, 1), "JSON": {"a": 1}, "LargeBinary": b"x", "Boolean": True}
    known |= {"Integer": 1, "BigInteger": 1, "Variant": 1, "Float": 1.5}
    return known.get(type(column.type).__name__, "text")
