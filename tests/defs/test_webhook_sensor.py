"""The daemon sends what waits in the outbox, and says what it did."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from mta_assets.defs.webhook_sensor import _sender, webhook_sensor
from mta_assets.state.deliveries import Deliveries
from mta_assets.state.store import StateStore
from mta_assets.state.webhooks import Webhooks
from tests.webhooks.receiver import receiving

PEPPER = "p" * 32


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("MTA_STATE_URL", f"sqlite:///{tmp_path}/state.db")
    monkeypatch.setenv("MTA_API_PEPPER", PEPPER)
    monkeypatch.setenv("MTA_WEBHOOK_PRIVATE", "true")
    _sender.cache_clear()
    made = StateStore(f"sqlite:///{tmp_path}/state.db")
    made.migrate()
    yield made
    made.close()
    _sender.cache_clear()


def tick():
    with dg.build_sensor_context() as context:
        return webhook_sensor()(context).skip_message


def test_a_tick_sends_what_is_due_and_then_has_nothing_to_do(store):
    with receiving() as receiver:
        now = datetime.now(UTC)
        webhook, _ = Webhooks(store, PEPPER.encode()).create(owner="acme", url=receiver.url, events=["job.finished"], now=now)
        assert tick() == "No message is due."
        Deliveries(store, PEPPER.encode()).ping(webhook.id, "acme", now=now)
        assert tick().startswith("1 messages sent, 0 failed")
        assert tick() == "No message is due."
    assert len(receiver.received) == 1
