"""`mta keys` makes, shows, replaces and revokes keys; the secret is seen once."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from mta_assets.cli import BAD_CALL, mta
from mta_assets.settings import ApiSettings
from mta_assets.state.keys import KeyRecord, Keys, Reason
from mta_assets.state.pepper import read_pepper
from mta_assets.state.store import StateStore

PRESENTED = re.compile(r"mta_\w{8}_[\w-]{43}")


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*arguments, exit_code=0):
        result = CliRunner().invoke(mta, ["keys", *arguments])
        assert result.exit_code == exit_code, result.output
        return result

    return run


@pytest.fixture
def keys(run):
    run("list")
    store = StateStore("sqlite:///.mta/state.db")
    yield Keys(store, read_pepper(ApiSettings()))
    store.close()


def test_a_key_that_was_made_lets_in_and_is_seen_once(run, keys):
    made = run("create", "--owner", "acme", "--name", "report", "--role", "analyst")
    presented = PRESENTED.search(made.stdout)[0]
    record = keys.check(presented, datetime.now(UTC))
    assert (record.owner, record.role) == ("acme", "analyst")
    assert "only time" in made.stderr
    assert not PRESENTED.search(run("list").output + run("show", record.id).output)


def test_without_a_role_or_scope_a_key_only_views(run, keys):
    presented = PRESENTED.search(run("create", "--owner", "o", "--name", "n").stdout)[0]
    assert keys.check(presented, datetime.now(UTC)).role == "viewer"


def test_json_has_the_key_and_all_that_is_known_of_it(run):
    made = json.loads(
        run("create", "--owner", "o", "--name", "n", "--scope", "jobs:read", "--days", "7", "--limit-per-hour", "9", "--json").stdout
    )
    assert PRESENTED.fullmatch(made["key"])
    assert (made["scopes"], made["limit_per_hour"], made["state"]) == (["jobs:read"], 9, "valid")
    assert datetime.fromisoformat(made["expires_at"]) - datetime.fromisoformat(made["created_at"]) == timedelta(days=7)
    shown = json.loads(run("show", made["id"], "--json").stdout)
    assert shown == {name: value for name, value in made.items() if name != "key"}


def test_a_rotated_key_is_named_as_replaced_and_a_revoked_one_is_refused(run, keys):
    first = json.loads(run("create", "--owner", "o", "--name", "n", "--json").stdout)
    second = json.loads(run("rotate", first["id"], "--json").stdout)
    assert json.loads(run("show", first["id"], "--json").stdout)["state"] == f"replaced by {second['id']}"
    run("revoke", first["id"])
    assert keys.check(first["key"], datetime.now(UTC)).reason is Reason.REVOKED
    assert keys.check(second["key"], datetime.now(UTC)).id == second["id"]
    assert [line.split()[0] for line in run("list").stdout.splitlines()] == ["id", second["id"], first["id"]]


def test_a_list_goes_on_where_its_page_ended(run):
    ids = [json.loads(run("create", "--owner", "o", "--name", "n", "--json").stdout)["id"] for _ in range(3)]
    first = json.loads(run("list", "--limit", "2", "--json").stdout)
    second = json.loads(run("list", "--after", first["next"], "--json").stdout)
    assert [key["id"] for page in (first, second) for key in page["keys"]] == ids[::-1]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["show", "nosuchid"], "no key 'nosuchid'"),
        (["rotate", "nosuchid"], "no key 'nosuchid'"),
        (["create", "--owner", "o", "--name", "n", "--role", "admin", "--scope", "jobs:read"], "either a role"),
        (["create", "--owner", "o", "--name", "n", "--days", "nan"], "--days"),
        (["create", "--owner", " ", "--name", "n"], "owner"),
        (["list", "--after", "zz"], "no cursor"),
        (["list", "--limit", "0"], "--limit"),
    ],
)
def test_a_call_that_makes_no_sense_is_refused_in_a_sentence(run, arguments, says):
    assert says in run(*arguments, exit_code=BAD_CALL).output


def test_production_without_a_pepper_is_refused_before_anything_is_made(run, tmp_path, monkeypatch):
    monkeypatch.setenv("MTA_API_MODE", "production")
    assert "MTA_API_PEPPER is not set" in run("list", exit_code=BAD_CALL).output
    assert list(tmp_path.iterdir()) == []


def test_a_key_in_a_file_stays_until_its_last_month(run, keys, tmp_path):
    file = tmp_path / "key"
    asked = ("create", "--owner", "operations", "--name", "prometheus", "--scope", "health:read", "--file", str(file))
    said = run(*asked, "--days", "40").output
    first = file.read_text()
    assert isinstance(keys.check(first, datetime.now(UTC)), KeyRecord)
    assert first not in said
    assert file.stat().st_mode & 0o777 == 0o640
    run(*asked)
    assert file.read_text() == first
    keys.revoke(keys.check(first, datetime.now(UTC)).id, datetime.now(UTC))
    run(*asked, "--days", "29")
    short = file.read_text()
    assert short != first
    run(*asked)
    assert file.read_text() != short


def test_a_key_that_cannot_be_put_into_its_file_says_so(run):
    refused = run("create", "--owner", "o", "--name", "n", "--file", "/proc/none/key", exit_code=BAD_CALL)
    assert "cannot be put into /proc/none/key" in refused.stderr
