"""What the server says of itself reaches the state store, once per moment, and its absence harms no request."""

from datetime import UTC, datetime, timedelta

import pytest

from api.metrics import EXTENSION as METRICS
from api.vitals import Reporter, server_name
from mta_assets.state.store import StateStore
from mta_assets.state.vitals import Vitals

BEGAN = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def reporter(app, clock):
    services = app.extensions["mta"]
    about = {"server": "h:8000", "began_at": BEGAN, "metrics": app.extensions[METRICS], "now": clock}
    return Reporter(store=services.store, **about)


def test_requests_failures_and_refusals_are_told_once_per_quarter_of_a_minute(app, client, clock, reporter):
    app.view_functions["health.live"] = lambda: 1 / 0
    client.get("/health/live")
    client.get("/v1/nothing")
    app.extensions[METRICS].limit_rejections.labels("key").inc(3)
    assert reporter.report()
    assert not reporter.report()  # another process of the same server
    clock.now += timedelta(seconds=15)
    assert reporter.report()
    first, second = Vitals(reporter.store).since(BEGAN)
    assert (first.server, first.requests, first.errors, first.rate_limited) == ("h:8000", 2, 1, 3)
    assert second.at - first.at == timedelta(seconds=15)
    assert 0 < first.memory_percent <= 100


def test_while_the_state_store_is_away_nothing_is_told_and_nothing_breaks(reporter):
    reporter.store = StateStore("postgresql://mta:unchecked@127.0.0.1:1/none")
    assert not reporter.report()


def test_a_server_on_all_addresses_goes_by_the_name_of_its_machine():
    assert server_name("10.0.0.5", 80) == "10.0.0.5:80"
    assert server_name("0.0.0.0", 80).partition(":")[0] not in {"0.0.0.0", ""}  # noqa: S104  compared with
