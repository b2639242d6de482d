"""What views work with: the lake, the state store, the models in force. Made once per application; `services()` finds it. No HTTP."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

from flask import current_app

from api.components import Components
from api.measured import Measured
from api.redis_link import RedisLink
from api.trail import Trail
from mta_assets.config import Config, load_config
from mta_assets.jobs.children import ChildLimits, Children
from mta_assets.lake.lake import Lake
from mta_assets.models.base import AttributionModel
from mta_assets.models.registry import build_models
from mta_assets.pipeline.run import open_lake
from mta_assets.results.freshness import Freshness
from mta_assets.results.holdings import Holdings
from mta_assets.results.questions import Marts
from mta_assets.results.snapshots import Snapshots
from mta_assets.settings import ApiSettings, Settings
from mta_assets.state.audit import Audit
from mta_assets.state.deliveries import Deliveries
from mta_assets.state.erasures import Erasures
from mta_assets.state.keys import Keys
from mta_assets.state.pepper import read_pepper, read_privacy_keys
from mta_assets.state.store import StateStore
from mta_assets.state.webhooks import Webhooks

Clock = Callable[[], datetime]
EXTENSION = "mta"


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that a view may ask."""

    settings: Settings
    api: ApiSettings
    config: Config
    models: Mapping[str, AttributionModel]
    lake: Lake
    store: StateStore
    keys: Keys
    pepper: bytes = field(repr=False)
    redis: RedisLink | None
    marts: Marts
    freshness: Freshness
    holdings: Holdings
    measured: Measured
    components: Components
    trail: Trail
    webhooks: Webhooks
    deliveries: Deliveries
    erasures: Erasures
    children: Children
    now: Clock = utc_now

    def close(self) -> None:
        """Write what waits for the audit log, end the children, and let go of the state store."""
        self.children.close()
        self.trail.close()
        self.store.close()


def make_services(settings: Settings, api: ApiSettings, now: Clock = utc_now) -> Services:
    """Open what the environment names: every table is there and the state store is at its newest schema."""
    config = load_config(settings.config)
    models = build_models(config.models)
    pepper = read_pepper(api)
    store = StateStore(settings.state_url)
    store.migrate()
    lake = open_lake(settings.lake, models)
    keys = Keys(store, pepper, development=api.mode == "development")
    redis = RedisLink.to(url) if (url := api.redis_url.get_secret_value()) else None
    marts = Marts(snapshots=Snapshots(lake), config=config, models=models)
    return Services(
        settings=settings,
        api=api,
        config=config,
        models=models,
        lake=lake,
        marts=marts,
        freshness=Freshness(marts),
        holdings=Holdings(marts),
        measured=Measured(api.cache_metrics_seconds),
        components=Components(lake=lake, store=store, redis=redis, now=now),
        store=store,
        keys=keys,
        pepper=pepper,
        trail=Trail(Audit(store), keys),
        webhooks=Webhooks(store, pepper),
        deliveries=Deliveries(store, pepper),
        erasures=Erasures(store, read_privacy_keys(settings, api)),
        children=Children(ChildLimits(most=api.analysis_processes, data_mb=api.analysis_memory_mb, seconds=api.analysis_seconds)),
        redis=redis,
        now=now,
    )


def services() -> Services:
    """The services of the application that handles this request."""
    return cast("Services", current_app.extensions[EXTENSION])
