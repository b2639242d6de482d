"""An API over a lake of its own, with keys of every role, and a clock that tests can move."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from api import create_app
from api.services import make_services
from mta_assets.jobs.children import ChildLimits, Children
from mta_assets.settings import ApiSettings, Settings


class Clock:
    """The time, as far as the API knows."""

    def __init__(self):
        self.now = datetime.now(UTC)

    def __call__(self):
        return self.now

    def forward(self, **by):
        self.now += timedelta(**by)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(scope="session")
def children():
    """The processes that read files, warm for all tests."""
    made = Children(ChildLimits())
    yield made
    made.close()


@pytest.fixture
def make_app(tmp_path, clock, children):
    """An application with these settings of the API, over an empty lake unless one is given."""
    made = []

    def make(lake=None, **settings):
        where = Settings(
            lake=str(lake or tmp_path / "lake"),
            landing=tmp_path / "landing",
            uploads=tmp_path / "uploads",
            state_url=f"sqlite:///{tmp_path}/state.db",
            config=tmp_path / "mta.yaml",
        )
        services = make_services(where, ApiSettings(**({"pepper": "p" * 32} | settings)), now=clock)
        made.append(services)
        return create_app(replace(services, children=children))

    yield make
    for services in made:
        services.close()


@pytest.fixture
def app(make_app):
    return make_app()


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def key_of(app, clock):
    """A fresh key of a role, as its holder presents it."""
    keys = app.extensions["mta"].keys
    return lambda role, **more: keys.create(owner=more.pop("owner", role), name=f"{role} of a test", role=role, now=clock.now, **more)[1]


@pytest.fixture
def reader(make_app, filled):
    """A client that reads the results as a viewer."""
    app = make_app(lake=filled)
    services = app.extensions["mta"]
    key = services.keys.create(owner="bi", name="reader", role="viewer", now=services.now())[1]
    client = app.test_client()
    client.environ_base["HTTP_X_API_KEY"] = key
    return client
