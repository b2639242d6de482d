import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from mta_assets.config import Config
from mta_assets.definitions import build_defs
from mta_assets.defs.pictures import as_markdown, bars
from mta_assets.defs.resources import LakeResource, Project
from mta_assets.defs.storage import EmbeddedOrPostgres
from mta_assets.defs.versions import model_version
from mta_assets.models.registry import MODELS
from mta_assets.quality.registry import DATA_CHECKS
from mta_assets.quality.table_checks import TABLE_CHECKS
from tests.defs.dagster_shop import CONFIG

GRAPH = Path(__file__).parent / "asset_graph.json"


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    root = tmp_path_factory.mktemp("unused")
    project = Project(config=Config(), models=MODELS)
    return build_defs(lake=LakeResource(root=str(root / "lake"), landing=str(root), project=project))


def test_the_asset_graph_is_the_reviewed_one(everything):
    """After a wanted change: python -m tests.defs.test_definitions writes the snapshot anew."""
    assert _graph(everything) == json.loads(GRAPH.read_text())


def _graph(defs):
    graph = defs.resolve_asset_graph()
    keys = sorted(graph.get_all_asset_keys(), key=lambda key: key.path)
    return {key.to_user_string(): sorted(parent.to_user_string() for parent in graph.get(key).parent_keys) for key in keys}


def test_a_code_location_can_load_every_definition(everything):
    """Ops, graphs and jobs share one space of names, which only loading all of them shows."""
    everything.get_repository_def().load_all_definitions()


def test_every_asset_says_what_it_is_who_owns_it_where_it_is_and_of_what_columns(everything):
    for spec in everything.resolve_all_asset_specs():
        if spec.group_name == "sources":
            continue
        assert spec.owners, spec.key
        assert spec.group_name != "default"
        assert {"deltalake"} < spec.kinds
        assert spec.description
        assert spec.code_version
        assert spec.metadata["dagster/uri"].endswith(spec.key.to_user_string())
        assert all(column.description for column in spec.metadata["dagster/column_schema"].columns)


def test_every_asset_check_is_in_the_runbook(everything):
    names = {key.name for key in everything.resolve_asset_graph().asset_check_keys}
    assert names == {check.name for check in (*DATA_CHECKS, *TABLE_CHECKS)}


def test_a_backfill_is_runs_of_a_few_months(everything):
    graph = everything.resolve_asset_graph()
    for key in graph.materializable_asset_keys - {dg.AssetKey(["staged", name]) for name in _STAGED} - _SCORECARD:
        assert graph.get(key).backfill_policy == dg.BackfillPolicy.multi_run(92), key
        assert isinstance(graph.get(key).partitions_def, dg.DailyPartitionsDefinition)


_SCORECARD = {dg.AssetKey(["scorecard", "models"]), dg.AssetKey(["scorecard", "predictions"])}
_STAGED = ("files", "quarantine", "touchpoints", "conversions", "spend")


def test_days_are_cut_in_the_reporting_timezone_and_today_and_tomorrow_exist(shop_of):
    shop = shop_of(config=CONFIG.model_copy(update={"reporting_timezone": "Asia/Tokyo"}))
    days = shop.defs.resolve_asset_graph().get(dg.AssetKey(["core", "journeys"])).partitions_def
    assert days.timezone == "Asia/Tokyo"
    assert days.get_last_partition_key() >= str(shop.resource.now().date())


def test_retuning_a_model_changes_its_code_version_and_no_other(tmp_path):
    slow = {**MODELS, "time_decay": replace(MODELS["time_decay"], half_life_days=3.0)}
    versions = [_versions(models, CONFIG, tmp_path) for models in (MODELS, slow)]
    changed = {key for key in versions[0] if versions[0][key] != versions[1][key]}
    assert changed == {"credits/time_decay", "scorecard/models", "scorecard/predictions"}  # all models are on the scorecard
    longer = _versions(MODELS, CONFIG.model_copy(update={"fit_window_days": 9}), tmp_path)
    refitted = {key for key in longer if versions[0][key] != longer[key]}
    assert "learned/markov_1" in refitted
    assert "credits/linear" not in refitted
    assert "core/journeys" not in refitted


def _versions(models, config, tmp_path):
    defs = build_defs(lake=LakeResource(root=str(tmp_path), landing=str(tmp_path), project=Project(config=config, models=models)))
    return {spec.key.to_user_string(): spec.code_version for spec in defs.resolve_all_asset_specs()}


def test_a_code_version_is_the_same_in_every_process():
    code = (
        "from mta_assets.config import Config; from mta_assets.defs.versions import model_version;"
        "from mta_assets.models.registry import MODELS; print(model_version(MODELS['position_based'], Config()))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "1"})
    assert said.stdout.strip() == model_version(MODELS["position_based"], Config())


def test_definitions_load_without_a_warning_and_without_pandera(tmp_path):
    code = "import sys; import mta_assets.definitions as d; d.defs.get_repository_def(); print('pandera' in sys.modules)"
    said = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert said.returncode == 0, said.stderr
    assert said.stdout.strip() == "False"
    assert not list(tmp_path.iterdir())  # loading touches no disk


def test_dagster_keeps_its_runs_in_sqlite_unless_postgres_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    home = Path(__file__).parents[2] / "dagster_home" / "dagster.yaml"
    (tmp_path / "dagster.yaml").write_text(home.read_text())
    with dg.DagsterInstance.get() as instance:
        assert "Sqlite" in type(instance.run_storage).__name__
        assert not instance.telemetry_enabled
    assert (tmp_path / "history" / "runs.db").exists()
    monkeypatch.setenv("MTA_DAGSTER_POSTGRES_URL", "postgresql://nobody@127.0.0.1:1/none")
    chosen = []
    monkeypatch.setattr("dagster_postgres.DagsterPostgresStorage", lambda url, **_: chosen.append(url))
    EmbeddedOrPostgres.from_config_value(None, {"base_dir": str(tmp_path)})
    assert chosen == ["postgresql://nobody@127.0.0.1:1/none"]


def test_a_picture_is_text_safe_and_in_proportion():
    svg = bars([("<script>", 2.0), ("email", 1.0), ("none", 0.0)])
    assert "<script>" not in svg
    assert 'width="200.0"' in svg
    assert 'width="100.0"' in svg
    assert as_markdown(svg, "credit").startswith("![credit](data:image/svg+xml;base64,")
    assert bars([]).endswith("</svg>")


if __name__ == "__main__":
    written = build_defs(lake=LakeResource(root="lake", landing="landing", project=Project(config=Config(), models=MODELS)))
    GRAPH.write_text(json.dumps(_graph(written), indent=1) + "\n")
