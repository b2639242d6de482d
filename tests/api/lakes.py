"""A small lake with results, made as the pipeline makes it, once for all processes that share the tests."""

from datetime import UTC, date, datetime

import pytest

from mta_assets.config import load_config
from mta_assets.models.registry import build_models
from mta_assets.pipeline.run import open_lake, run
from mta_assets.simulation.world import World
from mta_assets.simulation.write import write_table

WORLD = World(touchpoints=3_000, days=20, first_day=date(2026, 3, 1))


def filled_lake(folder):
    """The folder of a lake in which everything has run."""
    config = load_config(folder / "mta.yaml")
    models = build_models(config.models)
    for path in write_table(WORLD, folder / "simulated"):
        target = folder / "landing" / path.stem / path.name
        target.parent.mkdir(parents=True)
        path.rename(target)
    run(open_lake(str(folder / "lake"), models), config, models, folder / "landing", datetime.now(UTC))
    return folder / "lake"


@pytest.fixture(scope="session")
def filled(made_once):
    """A lake with results; not to be written to."""
    return made_once("filled", filled_lake)
