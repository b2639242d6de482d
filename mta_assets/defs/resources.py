"""The one resource that assets, sensors and schedules use: the lake, with the configuration and the models it was defined for. No computation."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import dagster as dg
from pydantic import PrivateAttr

from mta_assets.config import Config, load_config
from mta_assets.lake.lake import Lake
from mta_assets.models.base import AttributionModel
from mta_assets.models.registry import build_models
from mta_assets.pipeline.closings import ConvertedDays
from mta_assets.pipeline.run import open_lake
from mta_assets.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Project:
    """What the definitions are made from: the configuration and the models in force."""

    config: Config
    models: Mapping[str, AttributionModel]


class _Opened:
    """The lake as one run sees it: opened on first use, with the conversions that the run's models share."""

    def __init__(self, root: str, models: Mapping[str, AttributionModel]) -> None:
        self._root, self._models = root, models
        self.converted = ConvertedDays()

    @cached_property
    def lake(self) -> Lake:
        """Every table is created before any writer: the first writers of a Delta table lose rows to each other."""
        return open_lake(self._root, self._models)


class LakeResource(dg.ConfigurableResource):  # type: ignore[type-arg]  # it is used as itself
    """The lake and what belongs to it. root: a folder or an object-store URL; landing: the folder that raw files are dropped into."""

    root: str
    landing: str
    sensor_seconds: int = 30
    project: dg.ResourceDependency[Project]
    _opened: _Opened | None = PrivateAttr(default=None)

    @classmethod
    def from_environment(cls) -> "LakeResource":
        """What `MTA_*` and `mta.yaml` say."""
        settings = Settings()
        config = load_config(settings.config)
        return cls(
            root=settings.lake,
            landing=str(settings.landing),
            sensor_seconds=settings.sensor_seconds,
            project=Project(config=config, models=build_models(config.models)),
        )

    @property
    def lake(self) -> Lake:
        """The tables."""
        return self._run.lake

    @property
    def converted(self) -> ConvertedDays:
        """The conversions to credit, read once per run."""
        return self._run.converted

    @property
    def config(self) -> Config:
        """What `mta.yaml` says."""
        return self.project.config

    @property
    def models(self) -> Mapping[str, AttributionModel]:
        """The models in force."""
        return self.project.models

    @property
    def landing_folder(self) -> Path:
        """The folder that raw files are dropped into."""
        return Path(self.landing)

    def uri(self, table_name: str) -> str:
        """Where a table is."""
        return f"{self.root if '://' in self.root else Path(self.root).absolute()}/{table_name}"

    def now(self) -> datetime:
        """The time that steps are given."""
        return datetime.now(UTC)

    @property
    def _run(self) -> _Opened:
        if self._opened is None:
            self._opened = _Opened(self.root, self.project.models)
        return self._opened
