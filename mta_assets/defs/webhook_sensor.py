"""Has the daemon send what the outbox of webhooks holds, every few seconds. How, and to where, is `mta_assets.webhooks`'."""

from datetime import UTC, datetime
from functools import lru_cache

import dagster as dg

from mta_assets.settings import ApiSettings, Settings
from mta_assets.state.deliveries import Deliveries
from mta_assets.state.pepper import read_pepper
from mta_assets.state.store import StateStore
from mta_assets.telemetry.streams import application
from mta_assets.webhooks.sender import Sender

# After this no further message is begun in a tick; with the time-out of the last ones it stays far below the minute that Dagster gives a tick.
TICK_SECONDS = 5.0


def webhook_sensor() -> dg.SensorDefinition:
    """The sensor. It starts no run: messages are small, and a run costs seconds."""

    @dg.sensor(
        name="webhook_sensor",
        minimum_interval_seconds=Settings().webhook_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Sends the events that webhooks are subscribed to, and tries again what failed.",
    )
    def send() -> dg.SkipReason:
        """One tick."""
        done = _sender(Settings().state_url).drain(TICK_SECONDS)
        if not (done.sent or done.failed or done.unfinished):
            return dg.SkipReason("No message is due.")
        application.info("messages sent", sent=done.sent, failed=done.failed, unfinished=done.unfinished)
        return dg.SkipReason(f"{done.sent} messages sent, {done.failed} failed and to be tried again, {done.unfinished} still under way.")

    return send


@lru_cache(maxsize=1)
def _sender(state_url: str) -> Sender:
    """One for all ticks of a process: the store is migrated and its connections are made once."""
    settings, store = Settings(), StateStore(state_url)
    store.migrate()
    deliveries = Deliveries(store, read_pepper(ApiSettings()))
    return Sender(
        deliveries, timeout_seconds=settings.webhook_timeout_seconds, private=settings.webhook_private, now=lambda: datetime.now(UTC)
    )
