"""A small simulated shop: a landing folder, a lake, and Dagster's definitions and instance over them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import uuid4

import dagster as dg

from mta_assets.config import Config, parse_config
from mta_assets.contracts.days import DayRange
from mta_assets.definitions import build_defs
from mta_assets.defs.partitions import range_tags
from mta_assets.defs.resources import LakeResource, Project
from mta_assets.models.base import AttributionModel
from mta_assets.models.registry import MODELS
from mta_assets.simulation.world import World
from mta_assets.simulation.write import write_table

STORAGE = {"module": "mta_assets.defs.storage", "class": "EmbeddedOrPostgres"}
# What steps print is kept by two more interpreters per step, which take more time than the steps of a small shop.
UNKEPT = {"module": "dagster._core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager"}
CONFIG = parse_config({"lookback_days": 3, "fit_window_days": 4})
FEW = {name: MODELS[name] for name in ("linear", "w_shaped", "participation", "markov_1", "shapley", "counterfactual")}
WORLD = World(seed=5, touchpoints=400, days=6, first_day=date(2026, 3, 1), dirty_share=0.05, baseline=0.05)


class Shop:
    """A landing folder, a lake, and Dagster's definitions and instance over them."""

    def __init__(self, folder: Path, models: Mapping[str, AttributionModel] = FEW, config: Config = CONFIG) -> None:
        self.folder = folder
        self.landing = folder / "landing"
        self.resource = self._resource(Project(config=config, models=models))
        home = folder / f"dagster-{uuid4().hex}"
        home.mkdir(parents=True)
        self.instance = dg.DagsterInstance.local_temp(
            str(home), overrides={"storage": {"custom": STORAGE | {"config": {"base_dir": str(home)}}}, "compute_logs": UNKEPT}
        )
        self.defs = build_defs(lake=self.resource)

    def tell(self, state_url: str, uploads: Path = Path()) -> None:
        """Have runs tell this state store what they found and counted, and do the jobs that it has."""
        self.resource = self._resource(replace(self.resource.project, state_url=state_url, uploads=uploads))
        self.defs = build_defs(lake=self.resource)

    def _resource(self, project: Project) -> LakeResource:
        return LakeResource(root=str(self.folder / "lake"), landing=str(self.landing), project=project)

    def run(
        self, job: str, days: DayRange | None = None, ops: Mapping[str, object] | None = None, **tags: str
    ) -> dg.ExecuteInProcessResult:
        """Run a job here and now; a failure is a result, not an error. ops: what its ops are configured with."""
        everything = (range_tags(days) if days else {}) | tags
        config = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}} | ({"ops": ops} if ops else {})
        return self.defs.resolve_job_def(job).execute_in_process(
            instance=self.instance, tags=everything, raise_on_error=False, run_config=config
        )

    def look(self, sensor: str, cursor: str | None = None) -> dg.SensorResult | dg.RunRequest | dg.SkipReason:
        """What one tick of a sensor answers."""
        repository = self.defs.get_repository_def()
        with dg.build_sensor_context(
            instance=self.instance, cursor=cursor, repository_def=repository, resources={"lake": self.resource}
        ) as context:
            return repository.get_sensor_def(sensor)(context)


def land(folder: Path) -> None:
    """Drop the simulated files into the landing folder, one per kind."""
    for path in write_table(WORLD, folder / "simulated"):
        target = folder / "landing" / path.stem / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
