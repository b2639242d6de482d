"""The scorecard as an asset: what it computes is in the lake, and its table is in the materialisation."""

import dagster as dg
import pytest

from mta_assets.config import Config
from mta_assets.contracts.scorecard import PREDICTIONS, SCORECARD, SCORECARDS
from mta_assets.defs.assets.scorecard import scorecard_asset
from mta_assets.defs.resources import LakeResource, Project
from mta_assets.models.registry import MODELS


@pytest.fixture
def resource(tmp_path):
    models = {name: MODELS[name] for name in ("linear", "markov_1")}
    resource = LakeResource(root=str(tmp_path / "lake"), landing=str(tmp_path), project=Project(config=Config(), models=models))
    resource.lake.prepare(SCORECARDS)
    return resource


def test_a_run_replaces_what_was_known_of_its_worlds_and_shows_the_table(resource):
    asset = scorecard_asset(resource)

    def tried(**config):
        given = {"ops": {"try_models": {"config": {"users": 1_000, **config}}}}
        result = dg.materialize([asset], resources={"lake": resource}, run_config=given)
        assert result.success
        return result

    tried(worlds=["default"], seeds=[1, 2])
    result = tried(worlds=["default", "pure-noise"], seeds=[3])
    rows = resource.lake.read(SCORECARD).sort("world", "model")
    assert rows.select("world", "seed", "model").rows() == [
        (world, 3, model) for world in ("default", "pure-noise") for model in ("(truth)", "linear", "markov_1")
    ]
    assert set(resource.lake.read(PREDICTIONS)["model"]) == {"(base rate)", "markov_1"}
    shown = result.asset_materializations_for_node("try_models")[0].metadata
    assert shown["dagster/row_count"].value == 6
    assert "| `linear` |" in shown["table"].value
