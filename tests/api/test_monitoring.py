"""How old data are said to be, by a clock that the test moves; and what checks found, as it was recorded."""

from datetime import UTC, date, datetime, timedelta

import pytest

from mta_assets.contracts.tables import CHANNEL_DAILY, CONVERSIONS, FILES, TOUCHPOINTS
from mta_assets.errors import ConfigError
from mta_assets.lake.lake import Lake
from mta_assets.state.checks import CheckResult, Checks
from tests.api.test_problems import assert_problem


@pytest.fixture
def ask(make_app, filled, tmp_path, clock):
    """Ask /v1/freshness at a moment, under a configuration."""

    def asked(moment, config="", **query):
        (tmp_path / "mta.yaml").write_text(config)
        clock.now = moment
        services = (app := make_app(lake=filled)).extensions["mta"]
        key = services.keys.create(owner="ops", name="x", role="viewer", now=moment)[1]
        response = app.test_client().get("/v1/freshness", query_string=query, headers={"X-API-Key": key})
        assert response.status_code == 200, response.get_json()
        return response.get_json()

    return asked


@pytest.fixture(scope="module")
def newest(filled):
    return Lake(str(filled)).read(CHANNEL_DAILY)["day"].max()


def midnight_after(day):
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC)


@pytest.mark.parametrize(("hours", "status"), [(-5, "fresh"), (35, "fresh"), (37, "late"), (71, "late"), (73, "stale")])
def test_a_table_is_late_and_then_stale_by_the_hours_since_its_newest_day_ended(ask, newest, hours, status):
    body = ask(midnight_after(newest) + timedelta(hours=hours))
    row = {row["name"]: row for row in body["data"]}["marts/channel_daily"]
    assert (row["newest_day"], row["status"]) == (str(newest), status)
    assert row["age_hours"] == pytest.approx(max(0, hours), abs=1 / 59)
    assert (row["late_after_hours"], row["stale_after_hours"]) == (36, 72)


def test_a_policy_of_its_own_counts_for_a_source_and_for_a_table(ask, newest):
    policy = "{late_after_hours: 200, stale_after_hours: 400}"
    config = f"freshness: {{sources: {{touchpoints: {policy}}}, tables: {{marts/channel_daily: {policy}}}}}"
    rows = {(row["kind"], row["name"]): row for row in ask(midnight_after(newest) + timedelta(hours=100), config)["data"]}
    assert rows["table", "marts/channel_daily"]["status"] == "fresh"
    assert rows["source", "touchpoints"]["status"] == "fresh"
    assert rows["source", "conversions"]["status"] == "stale"


def test_a_source_is_as_new_as_its_newest_row_and_its_newest_file(ask, newest, filled):
    rows = {row["name"]: row for row in ask(midnight_after(newest))["data"] if row["kind"] == "source"}
    lake = Lake(str(filled))
    for name, table in (("touchpoints", TOUCHPOINTS), ("conversions", CONVERSIONS)):
        assert rows[name]["newest_day"] == str(lake.read(table)["day"].max())
        assert datetime.fromisoformat(rows[name]["written_at"]) == lake.read(FILES).filter(source_name=name)["ingested_at"].max()


def test_a_source_that_went_silent_long_ago_is_stale_and_a_declared_one_without_files_is_empty(ask, newest):
    body = ask(midnight_after(newest), "sources: {crm: {kind: touchpoints, glob: 'crm/*'}}")
    assert {row["name"]: row["status"] for row in body["data"] if row["kind"] == "source"}["crm"] == "empty"


@pytest.mark.parametrize(
    ("after_deadline", "status", "silent"),
    [(-8, "fresh", False), (-0.1, "fresh", False), (0.1, "late", True), (24.1, "stale", True)],
)
def test_a_source_with_deadlines_is_judged_by_when_it_last_came(ask, filled, after_deadline, status, silent):
    written = Lake(str(filled)).read(FILES).filter(source_name="touchpoints")["ingested_at"].max()
    deadline = (written + timedelta(hours=9)).replace(minute=0, second=0, microsecond=0)
    policy = f"{{deadline_cron: '0 {deadline.hour} * * *', within_hours: 8}}"
    body = ask(deadline + timedelta(hours=after_deadline), f"freshness: {{sources: {{touchpoints: {policy}}}}}")
    row = {row["name"]: row for row in body["data"]}["touchpoints"]
    assert (row["status"], row["silent"]) == (status, silent)


@pytest.mark.parametrize(("hours", "silent"), [(29, False), (31, True)])
def test_a_source_that_delivers_no_more_is_silent_and_health_says_so(ask, make_app, filled, clock, hours, silent):
    written = Lake(str(filled)).read(FILES)["ingested_at"].max()
    moment = written + timedelta(hours=hours)
    rows = {row["name"]: row["silent"] for row in ask(moment)["data"]}
    assert rows["conversions"] is silent
    assert rows["marts/channel_daily"] is False
    services = (app := make_app(lake=filled)).extensions["mta"]
    key = services.keys.create(owner="ops", name="x", role="viewer", now=clock.now)[1]
    data = app.test_client().get("/health/detailed", headers={"X-API-Key": key}).get_json()["data"]
    assert ("conversions" in data["silent"]) is silent
    assert data["status"] in {"fresh", "late", "stale"}
    assert bool(data["late"]) is (data["status"] != "fresh")


def test_only_those_of_a_status_are_told_and_the_worst_of_all_is_said(ask, newest):
    body = ask(midnight_after(newest) + timedelta(hours=100), status="stale")
    assert body["data"]
    assert {row["status"] for row in body["data"]} == {"stale"}
    assert body["status"] == "stale"


def test_an_empty_lake_is_empty(client, key_of):
    body = client.get("/v1/freshness", headers={"X-API-Key": key_of("viewer")}).get_json()
    assert {row["status"] for row in body["data"]} == {body["status"]} == {"empty"}
    assert body["data"][0]["age_hours"] is None


def test_a_policy_that_is_stale_before_it_is_late_is_refused(make_app, tmp_path):
    (tmp_path / "mta.yaml").write_text("freshness: {default: {late_after_hours: 5, stale_after_hours: 4}}")
    with pytest.raises(ConfigError, match=r"freshness\.default"):
        make_app()


@pytest.fixture
def checked(app, client, key_of, clock):
    """Ask /v1/checks after two runs have recorded findings."""
    first = {"asset": "credits/linear", "first_day": date(2026, 3, 1), "last_day": date(2026, 3, 2), "run_id": "r1", "at": clock.now}
    found = [
        CheckResult(name="conservation", passed=False, message="off by one", recommendation="look", numbers={"off": 1}, **first),
        CheckResult(name="unique_keys", passed=False, message="twice", recommendation="look", **first),
        CheckResult(name="unique_keys", passed=True, message="once", **(first | {"run_id": "r2"})),
    ]
    Checks(app.extensions["mta"].store).record(found)
    key = key_of("viewer")
    return lambda **query: client.get("/v1/checks", query_string=query, headers={"X-API-Key": key})


def test_the_latest_result_of_each_check_is_told_with_all_that_is_known_of_it(checked, clock):
    passed, failed = checked().get_json()["data"]
    assert (passed["name"], passed["status"], passed["run_id"]) == ("unique_keys", "passed", "r2")
    assert datetime.fromisoformat(failed.pop("at")) == clock.now
    assert failed == {
        "asset": "credits/linear",
        "name": "conservation",
        "status": "failed",
        "severity": "error",
        "message": "off by one",
        "recommendation": "look",
        "numbers": {"off": 1},
        "first_day": "2026-03-01",
        "last_day": "2026-03-02",
        "run_id": "r1",
    }


def test_checks_are_told_by_status_by_asset_with_their_history_and_in_pages(checked):
    assert [row["name"] for row in checked(status="failed").get_json()["data"]] == ["conservation"]
    assert checked(asset="core/journeys").get_json() == {"data": [], "next_cursor": None}
    assert [row["run_id"] for row in checked(results="all").get_json()["data"]] == ["r2", "r1", "r1"]
    page = checked(results="all", limit=2).get_json()
    assert [row["name"] for row in checked(results="all", limit=2, cursor=page["next_cursor"]).get_json()["data"]] == ["conservation"]


def test_a_cursor_that_is_none_is_refused(checked):
    assert_problem(checked(cursor="x"), "invalid_parameter", 422)
