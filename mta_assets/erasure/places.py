"""Where the environment says that users may be. No erasing."""

from pathlib import Path

from mta_assets.config import Config
from mta_assets.erasure.erase import Places
from mta_assets.models.registry import build_models
from mta_assets.pipeline.run import open_lake
from mta_assets.settings import ApiSettings, LogSettings, Settings
from mta_assets.state.pepper import read_privacy_keys
from mta_assets.state.store import StateStore


def places_of(settings: Settings, config: Config, store: StateStore) -> Places:
    """Every place of these settings."""
    models, api = build_models(config.models), ApiSettings()
    return Places(
        lake=open_lake(settings.lake, models),
        config=config,
        models=models,
        landing=settings.landing,
        uploads=settings.uploads,
        store=store,
        keys=read_privacy_keys(settings, api),
        redis_url=api.redis_url.get_secret_value(),
        dagster_home=settings.dagster_home,
        dagster_url=settings.dagster_postgres_url,
        logs=Path(folder) if (folder := LogSettings().folder) else None,
    )
