"""`mta erase` and `mta erasures`: what a person asks for, sees and can verify."""

import json
import shutil
import sqlite3

import pytest
from click.testing import CliRunner

from mta_assets.cli import mta
from mta_assets.contracts.tables import CORE
from mta_assets.lake.lake import Lake
from tests.erasure.erasing import ANN, FILES, KEYS, SETTINGS, land, traces

HERE = {
    "MTA_LAKE": "lake",
    "MTA_LANDING": "landing",
    "MTA_UPLOADS": "uploads",
    "MTA_STATE_URL": "sqlite:///state.db",
    "DAGSTER_HOME": "home",
    "MTA_PRIVACY_KEY": KEYS.current.decode(),
}


@pytest.fixture(scope="module")
def ingested(tmp_path_factory):
    """A folder in which `mta ingest` has run."""
    folder = tmp_path_factory.mktemp("ingested") / "shop"
    land(folder / "landing", FILES)
    (folder / "mta.yaml").write_text(json.dumps(SETTINGS))  # windows as short as the data: JSON is YAML
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, value in HERE.items():
            patch.setenv(name, value)
        assert CliRunner().invoke(mta, ["ingest"]).exit_code == 0
    return folder


@pytest.fixture
def shop(ingested, tmp_path, monkeypatch):
    """The same in a folder of its own."""
    shutil.copytree(ingested, tmp_path / "shop")
    monkeypatch.chdir(tmp_path / "shop")
    for name, value in HERE.items():
        monkeypatch.setenv(name, value)
    return tmp_path / "shop"


def test_a_user_is_erased_recorded_and_the_record_is_verified(run, shop):
    done = run("erase", "--user-id", ANN, "--by", "data protection")
    assert done.exit_code == 0, done.output
    assert "done, asked for by data protection" in done.output
    assert ANN not in done.output
    assert traces(shop) == []
    assert Lake(str(shop / "lake")).read(CORE["conversions"])["conversion_id"].sort().to_list() == ["o2", "o3"]
    listed = json.loads(run("erasures", "list", "--json").stdout)["erasures"]
    assert [record["requested_by"] for record in listed] == ["data protection"]
    verified = run("erasures", "verify")
    assert (verified.exit_code, "genuine" in verified.output) == (0, True)
    assert run("erasures", "show", listed[0]["id"]).exit_code == 0


def test_ids_are_taken_from_a_file_and_left_to_the_daemon(run, shop):
    (shop / "ids.txt").write_text(f"{ANN}\n\nbob\n")
    queued = run("erase", "--ids-from", "ids.txt", "--queue", "--json")
    assert [(record["state"], record["marks"]) for record in json.loads(queued.stdout)] == [("pending", [])]
    (shop / "ids.txt").unlink()
    resumed = run("erase", "--resume")
    assert resumed.exit_code == 0, resumed.output
    assert Lake(str(shop / "lake")).read(CORE["conversions"])["conversion_id"].to_list() == ["o3"]
    assert run("erase", "--resume").output == "No erasure is pending.\n"


@pytest.mark.usefixtures("shop")
def test_a_lake_without_a_lock_is_left_to_the_daemon_or_said_to_be_alone(run, monkeypatch):
    monkeypatch.setenv("MTA_LAKE", "s3://bucket/lake")
    refused = run("erase", "--user-id", ANN)
    assert refused.exit_code == 2
    assert "--queue" in refused.stderr
    assert "--alone" in refused.stderr
    assert json.loads(run("erasures", "list", "--json").stdout)["erasures"] == []


def test_a_record_that_was_changed_does_not_pass(run, shop):
    assert run("erase", "--user-id", "nobody@example.org").exit_code == 0
    with sqlite3.connect(shop / "state.db") as connection:
        connection.execute("UPDATE erasures SET requested_by = 'somebody else'")
    connection.close()
    verified = run("erasures", "verify")
    assert (verified.exit_code, "NOT as it was signed" in verified.output) == (1, True)


@pytest.mark.parametrize("options", [[], ["--ids-from", "absent.txt"], ["--conversion-id", "o77"]])
def test_who_names_nobody_is_told_what_to_do(run, shop, options):
    refused = run("erase", *options)
    assert refused.exit_code == 2
    assert "Traceback" not in refused.output
