"""A state store for each test that asks for one, once on SQLite and once on PostgreSQL."""

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
    """A store with its tables."""
    made = StateStore(state_url)
    made.migrate()
    yield made
    made.close()
