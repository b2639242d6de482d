"""The one resource that assets, sensors and schedules use: the lake, with the configuration and the models it was defined for. No computation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import dagster as dg
from pydantic import PrivateAttr

from mta_assets.config import Config, load_config
from mta_assets.defs.observed import Watch, watch
from mta_assets.defs.untold import Told, keep
from mta_assets.errors import MtaError
from mta_assets.lake.lake import Lake
from mta_assets.models.base import AttributionModel
from mta_assets.models.registry import build_models
from mta_assets.pipeline.closings import ConvertedDays
from mta_assets.pipeline.retention import check_tables
from mta_assets.pipeline.run import open_lake
from mta_assets.settings import Settings
from mta_assets.state.figures import Figures
from mta_assets.state.store import StateStore
from mta_assets.telemetry.streams import application


@dataclass(frozen=True, kw_only=True)
class Project:
    """What the definitions are made from: the configuration and the models in force, and what the UI is not to show: addresses with passwords.

    state_url: of the state store, which runs tell what they found and which has the jobs to do; empty tells nobody and does none.
    """

    config: Config
    models: Mapping[str, AttributionModel]
    state_url: str = field(default="", repr=False)
    uploads: Path = Path()


class _Opened:
    """The lake as one run sees it: opened on first use, with the conversions that the run's models share."""

    def __init__(self, root: str, models: Mapping[str, AttributionModel], state_url: str) -> None:
        self._root, self._models, self._state_url = root, models, state_url
        self._state: StateStore | None = None
        self.converted = ConvertedDays()

    @cached_property
    def lake(self) -> Lake:
        """Every table is created before any writer: the first writers of a Delta table lose rows to each other."""
        return open_lake(self._root, self._models)

    @property
    def state(self) -> StateStore | None:
        """It may be that no API has been started yet, so that its tables are made here."""
        if self._state is None and self._state_url:
            store = StateStore(self._state_url)
            store.migrate()
            self._state = store
        return self._state

    def lose_state(self) -> None:
        """Ask it no more."""
        if self._state is not None:
            self._state.close()
        self._state, self._state_url = None, ""


class LakeResource(dg.ConfigurableResource):  # type: ignore[type-arg]  # it is used as itself
    """The lake and what belongs to it. root: a folder or an object-store URL; landing: the folder that raw files are dropped into.

    run_days: the most days of one run.
    """

    root: str
    landing: str
    sensor_seconds: int = 30
    run_days: int = 92
    project: dg.ResourceDependency[Project]
    _opened: _Opened | None = PrivateAttr(default=None)
    _watch: Watch | None = PrivateAttr(default=None)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Every line of the run, or of a sensor's tick, carries what it belongs to."""
        self._watch = watch(context.run)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """The run has ended in this process. What it counted is told the state store; one that is away fails no run and is told when it is back."""
        if self._watch is None or context.run is None or context.instance is None:
            return
        now = self.now()
        counted, away = self._watch.end(now).counted(), "it was away before"
        try:
            if (store := self.state) is not None:
                Figures(store).record(counted, now)
                return
        except MtaError as error:
            away = str(error)
        if self.project.state_url:
            application.warning("what a run counted is told when the state store is back", reason=away)
            keep(context.instance, Told(run_id=context.run.run_id, at=now, counted=counted))

    @property
    def watch(self) -> Watch | None:
        """The run that uses it; None outside of runs."""
        return self._watch

    def count(self, name: str, value: float, *labels: str) -> None:
        """Add to a figure of the run, if there is one: see `state.figures`."""
        if self._watch is not None:
            self._watch.tally.add(name, value, *labels)

    @classmethod
    def from_environment(cls) -> "LakeResource":
        """What `MTA_*` and `mta.yaml` say."""
        settings = Settings()
        config = load_config(settings.config)
        models = build_models(config.models)
        check_tables(config, models)
        return cls(
            root=settings.lake,
            landing=str(settings.landing),
            sensor_seconds=settings.sensor_seconds,
            run_days=settings.run_days,
            project=Project(config=config, models=models, state_url=settings.state_url, uploads=settings.uploads.absolute()),
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

    @property
    def state(self) -> StateStore | None:
        """The state store at this version's tables; None when there is none or this run has lost it. Raises StateError when it does not answer."""
        return self._run.state

    def lose_state(self) -> None:
        """The run goes on without the state store."""
        self._run.lose_state()

    def uri(self, table_name: str) -> str:
        """Where a table is."""
        return f"{self.root if '://' in self.root else Path(self.root).absolute()}/{table_name}"

    def now(self) -> datetime:
        """The time that steps are given."""
        return datetime.now(UTC)

    @property
    def _run(self) -> _Opened:
        if self._opened is None:
            self._opened = _Opened(self.root, self.project.models, self.project.state_url)
        return self._opened
