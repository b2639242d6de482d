"""A state store for each test, once on SQLite and once on PostgreSQL."""

from datetime import UTC, datetime

import pytest

from mta_assets.state.store import StateStore


@pytest.fixture(params=["sqlite", "postgres"])
def state_url(request, tmp_path):
    """The URL of a store that has no tables yet."""
    if request.param == "postgres":
        return request.getfixturevalue("postgres_url")
    return f"sqlite:///{tmp_path}/folder/state.db"


@pytest.fixture
def store(state_url):
    made = StateStore(state_url)
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def now():
    return datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
