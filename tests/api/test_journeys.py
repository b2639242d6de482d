"""What the journey routes answer equals what the core tables say, counted another way; and a conversion is followed down to its rows."""

import io
import statistics
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from mta_assets.config import load_config
from mta_assets.contracts.tables import CONVERSIONS, JOURNEYS, STAGED_CONVERSIONS, STAGED_TOUCHPOINTS, TOUCHPOINTS, credits_table
from mta_assets.lake.lake import Lake
from mta_assets.models.registry import build_models
from mta_assets.pipeline.run import open_lake, run
from tests.api.test_problems import assert_problem

PATHS, TRANSITIONS, FUNNEL, LENGTHS = (f"/v1/journeys/{name}" for name in ("paths", "transitions", "funnel", "lengths"))


@pytest.fixture(scope="module")
def lake(filled):
    return Lake(str(filled))


@pytest.fixture(scope="module")
def journeys(lake):
    """The journeys with a touch, one after the other."""
    return [row for row in lake.read(JOURNEYS).to_dicts() if row["channel"]]


@pytest.fixture
def analyst(make_app, filled):
    """A client that may see single journeys."""
    services = (app := make_app(lake=filled)).extensions["mta"]
    client = app.test_client()
    client.environ_base["HTTP_X_API_KEY"] = services.keys.create(owner="a", name="a", role="analyst", now=services.now())[1]
    return client


def ask(client, path, **query):
    response = client.get(path, query_string=query)
    assert response.status_code == 200, response.get_json()
    return response.get_json()


def test_a_path_has_the_journeys_that_took_it(reader, journeys):
    body = ask(reader, PATHS)
    converted, expired, value = Counter(), Counter(), Counter()
    for row in journeys:
        path = tuple(row["channel"])
        (converted if row["outcome"] == "converted" else expired)[path] += 1
        value[path] += row["value"]
    assert {tuple(row["path"]) for row in body["data"]} == set(converted)
    for row in body["data"]:
        path = tuple(row["path"])
        assert (row["conversions"], row["nulls"], Decimal(row["value"])) == (converted[path], expired[path], value[path])
        assert row["conversion_rate"] == converted[path] / (converted[path] + expired[path])
        assert row["length"] == len(path)
    totals = {"paths": len({*converted, *expired}), "conversions": converted.total(), "nulls": expired.total()}
    assert {name: body["totals"][name] for name in totals} == totals
    assert sum(row["share"] for row in body["data"]) == pytest.approx(1)
    counts = [row["conversions"] for row in body["data"]]
    assert counts == sorted(counts, reverse=True)


def test_paths_of_some_days_and_of_a_channel_are_those_alone(reader, journeys):
    start, end = date(2026, 3, 5), date(2026, 3, 12)
    body = ask(reader, PATHS, start=start, end=end, channel="email")
    own = [row for row in journeys if start <= row["day"] <= end and "email" in row["channel"]]
    assert body["totals"]["conversions"] == sum(row["outcome"] == "converted" for row in own) > 0
    assert body["totals"]["nulls"] == sum(row["outcome"] == "expired" for row in own)
    assert all("email" in row["path"] for row in body["data"])


def test_moves_are_counted_without_a_channel_that_follows_itself_and_leave_each_source_with_probability_one(reader, journeys):
    expected = Counter()
    for row in journeys:
        states = [channel for before, channel in zip([None, *row["channel"]], row["channel"], strict=False) if channel != before]
        expected.update(zip(["(start)", *states], [*states, "(conversion)" if row["outcome"] == "converted" else "(null)"], strict=True))
    body = ask(reader, TRANSITIONS)
    assert {(row["source"], row["target"]): row["count"] for row in body["data"]} == expected
    for source in {row["source"] for row in body["data"]}:
        assert sum(row["probability"] for row in body["data"] if row["source"] == source) == pytest.approx(1, rel=1e-12)


def test_nodes_and_links_draw_the_same_moves_on_every_page(reader):
    whole, page = ask(reader, TRANSITIONS), ask(reader, TRANSITIONS, limit=3)
    assert (page["nodes"], page["links"]) == (whole["nodes"], whole["links"])
    names = [node["name"] for node in whole["nodes"]]
    drawn = {(names[link["source"]], names[link["target"]]): link["value"] for link in whole["links"]}
    assert drawn == {(row["source"], row["target"]): row["count"] for row in whole["data"]}
    assert {node["kind"] for node in whole["nodes"]} == {"start", "channel", "conversion", "null"}


def test_moves_of_a_channel_keep_the_probability_that_they_have_among_all(reader):
    whole = {(row["source"], row["target"]): row for row in ask(reader, TRANSITIONS)["data"]}
    some = ask(reader, TRANSITIONS, channel="email")["data"]
    assert some == [row for (source, target), row in whole.items() if "email" in (source, target)]


def test_lengths_are_the_touches_and_the_days_of_converting_journeys(reader, journeys, lake):
    body = ask(reader, LENGTHS)
    converted = [row for row in journeys if row["outcome"] == "converted"]
    touches = [len(row["channel"]) for row in converted]
    days = [(row["closing_ts"] - row["touch_ts"][0]).total_seconds() / 86_400 for row in converted]
    for measure, values in (("touches", touches), ("days", days)):
        rows = {row["at_least"]: row["journeys"] for row in body["data"] if row["measure"] == measure}
        assert rows == Counter(int(value) for value in values)
        assert body[measure]["mean"] == pytest.approx(statistics.mean(values), rel=1e-12)
        assert body[measure]["median"] == pytest.approx(statistics.median_low(values), rel=1e-12)
        assert body[measure]["max"] == pytest.approx(max(values), rel=1e-12)
    all_converted = lake.read(JOURNEYS).filter(outcome="converted").height
    assert body["unattributed"] == all_converted - len(converted) > 0


def test_lengths_of_one_goal_are_those_of_its_conversions(reader, journeys):
    own = [row for row in journeys if row["goal"] == "purchase"]
    assert ask(reader, LENGTHS, goal="purchase")["touches"]["journeys"] == len(own) > 0


def test_days_without_any_journey_are_empty_answers(reader):
    far = {"start": "2031-01-01", "end": "2031-01-02"}
    assert ask(reader, PATHS, **far)["data"] == ask(reader, TRANSITIONS, **far)["data"] == []
    assert ask(reader, LENGTHS, **far)["days"]["mean"] is None
    assert ask(reader, FUNNEL, **far)["data"][0] == {"stage": "touched", "users": 0, "share": None, "from_previous": None}
    assert ask(reader, PATHS, end="0001-01-05")["data"] == []


def test_a_funnel_without_milestones_has_two_stages_and_says_which_are_missing(reader, lake):
    body = ask(reader, FUNNEL)
    touched = set(lake.read(TOUCHPOINTS)["user"])
    converted = touched & set(lake.read(CONVERSIONS)["user"])
    assert [(row["stage"], row["users"]) for row in body["data"]] == [("touched", len(touched)), ("converted", len(converted))]
    assert body["data"][1]["share"] == body["data"][1]["from_previous"] == len(converted) / len(touched)
    assert (body["missing"], body["milestones"]) == (["lead", "opportunity"], {})


def test_a_funnel_with_milestones_counts_the_touched_users_of_each(make_app, filled, lake, tmp_path):
    (tmp_path / "mta.yaml").write_text("milestones: {lead: sign_up, opportunity: add_to_cart}")
    services = (app := make_app(lake=filled)).extensions["mta"]
    key = services.keys.create(owner="bi", name="x", role="viewer", now=services.now())[1]
    body = app.test_client().get(FUNNEL, headers={"X-API-Key": key}).get_json()
    touched = set(lake.read(TOUCHPOINTS)["user"])
    events = lake.read(CONVERSIONS)
    users = {
        stage: touched & set(events.filter(goal=goal)["user"]) for stage, goal in (("lead", "sign_up"), ("opportunity", "add_to_cart"))
    }
    users["converted"] = touched & set(events.filter(goal="purchase")["user"])
    assert {row["stage"]: row["users"] for row in body["data"]} == {"touched": len(touched)} | {s: len(u) for s, u in users.items()}
    assert body["data"][2]["from_previous"] == len(users["lead"] & users["opportunity"]) / len(users["lead"])
    assert body["missing"] == []


def test_rows_come_in_pages_and_as_csv_parquet_and_arrow(reader):
    whole = ask(reader, PATHS)["data"]
    first = ask(reader, PATHS, limit=2)
    second = ask(reader, PATHS, limit=2, cursor=first["next_cursor"])
    assert first["data"] + second["data"] == whole[:4]
    assert first["total"] == len(whole)
    frame = pl.read_csv(io.BytesIO(reader.get(PATHS, headers={"Accept": "text/csv"}).data))
    assert frame["path"].to_list() == [" > ".join(row["path"]) for row in whole]
    frame = pl.read_parquet(io.BytesIO(reader.get(PATHS, headers={"Accept": "application/vnd.apache.parquet"}).data))
    assert frame["path"].to_list() == [row["path"] for row in whole]


@pytest.mark.parametrize("path", [PATHS, TRANSITIONS, FUNNEL, LENGTHS])
def test_what_the_client_has_is_not_sent_again(reader, path):
    first = reader.get(path)
    assert (first.status_code, first.headers["X-Cache-Status"]) == (200, "MISS")
    assert reader.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize(
    ("path", "query", "said"),
    [
        (PATHS, {"goal": "purchase"}, "goal"),
        (PATHS, {"start": "2026-03-09", "end": "2026-03-01"}, "start"),
        (LENGTHS, {"limit": 0}, "limit"),
    ],
)
def test_what_the_statistics_cannot_tell_is_refused(reader, path, query, said):
    assert said in assert_problem(reader.get(path, query_string=query), "invalid_parameter", 422)["message"]


def test_a_conversion_is_followed_down_to_the_rows_of_its_files(analyst, lake, journeys):
    journey = max((row for row in journeys if row["outcome"] == "converted" and row["value"]), key=lambda row: len(row["channel"]))
    body = ask(analyst, f"/v1/journeys/{journey['conversion_id']}")
    source = lake.read(STAGED_CONVERSIONS).filter(conversion_id=journey["conversion_id"]).to_dicts()[0]
    for name in ("conversion_id", "source_name", "goal", "currency", "file", "row", "file_version"):
        assert body["conversion"][name] == source[name]
    assert Decimal(body["conversion"]["value"]) == source["value"]
    assert body["closing_day"] == str(journey["day"])
    assert [touch["event_id"] for touch in body["data"]] == journey["event_id"]
    staged = {row["event_id"]: row for row in lake.read(STAGED_TOUCHPOINTS).to_dicts()}
    for touch in body["data"]:
        row = staged[touch["event_id"]]
        assert row["user_id"] == source["user_id"]
        assert datetime.fromisoformat(touch["ts"]) == row["ts"]
        assert [touch[name] for name in ("channel", "campaign", "file", "file_version")] == [
            row[name] for name in ("channel", "campaign", "file", "file_version")
        ]


def test_the_trail_has_what_each_model_credits_and_why_others_do_not(analyst, lake, journeys):
    journey = next(row for row in journeys if row["outcome"] == "converted" and row["value"])
    body = ask(analyst, f"/v1/journeys/{journey['conversion_id']}")
    for model in ("linear", "markov_1", "counterfactual"):
        stored = lake.read(credits_table(model)).filter(conversion_id=journey["conversion_id"]).sort("channel", "campaign", "kind")
        own = [row for row in body["credit"] if row["model"] == model]
        assert [(row["channel"], row["campaign"], row["kind"], row["credit"]) for row in own] == stored.select(
            "channel", "campaign", "kind", "credit"
        ).rows()
        assert [float(row["value"]) for row in own] == stored["value"].to_list()
    assert "milestone" in body["unavailable"]["w_shaped"]
    assert body["table_versions"]["credits/linear"] == lake.version(credits_table("linear"))


def test_an_unattributed_conversion_has_no_touch_and_its_credit_says_so(analyst, lake):
    lonely = lake.read(JOURNEYS).filter(pl.col("outcome") == "converted", pl.col("channel").list.len() == 0)["conversion_id"][0]
    body = ask(analyst, f"/v1/journeys/{lonely}")
    assert body["data"] == []
    assert {row["channel"] for row in body["credit"]} == {"unattributed"}


def test_a_trail_names_no_user_but_tells_that_two_conversions_are_of_one(analyst, lake):
    staged = lake.read(STAGED_CONVERSIONS)
    twice = staged.filter(pl.col("user_id").is_duplicated()).sort("user_id")
    one, other = (analyst.get(f"/v1/journeys/{conversion}") for conversion in twice["conversion_id"][:2])
    assert one.get_json()["user"] == other.get_json()["user"]
    assert twice["user_id"][0] not in one.text
    assert str(twice["user"][0]) not in one.text
    third = staged.filter(pl.col("user_id") != twice["user_id"][0])["conversion_id"][0]
    assert ask(analyst, f"/v1/journeys/{third}")["user"] != one.get_json()["user"]


def test_who_reads_results_only_sees_no_single_journey(reader, lake):
    assert_problem(reader.get(f"/v1/journeys/{lake.read(CONVERSIONS)['conversion_id'][0]}"), "forbidden", 403)


def test_a_conversion_that_there_is_not_is_said_where_to_look_for(analyst):
    body = assert_problem(analyst.get("/v1/journeys/order/17"), "not_found", 404)
    assert "'order/17'" in body["message"]
    assert "quarantine" in body["message"]


@pytest.fixture
def small(make_app, tmp_path):
    """A client over a lake of these files, and the way to add more."""
    (tmp_path / "mta.yaml").write_text("milestones: {lead: sign_up}")
    config = load_config(tmp_path / "mta.yaml")
    models = build_models(config.models)
    made = open_lake(str(tmp_path / "lake"), models)

    def land(**files):
        for name, text in files.items():
            kind = name.split("__")[0]
            (tmp_path / "landing" / kind).mkdir(parents=True, exist_ok=True)
            (tmp_path / "landing" / kind / f"{name}.csv").write_text(text)
        run(made, config, models, tmp_path / "landing", datetime.now(UTC))

    services = (app := make_app()).extensions["mta"]
    services.marts.snapshots.check_seconds = 0.0
    client = app.test_client()
    client.environ_base["HTTP_X_API_KEY"] = services.keys.create(owner="a", name="a", role="analyst", now=services.now())[1]
    return client, land


TOUCHES = "event_id,user_id,ts,channel\ne1,ann,2026-03-01T10:00:00Z,email\n"
ORDERS = "conversion_id,user_id,ts,goal,value\nc1,ann,2026-03-02T10:00:00Z,{goal},{value}\n"


def test_rows_that_did_not_count_are_named_with_why(small):
    client, land = small
    land(touchpoints__1=TOUCHES, conversions__1=ORDERS.format(goal="purchase", value=10), touchpoints__2=TOUCHES)
    land(conversions__2=ORDERS.format(goal="purchase", value=10), conversions__3=ORDERS.format(goal="purchase", value=12))
    body = ask(client, "/v1/journeys/c1")
    assert (body["conversion"]["file"], body["conversion"]["value"]) == ("conversions/conversions__3.csv", "12")
    assert {(row["file"][-5], row["row"], row["why"]) for row in body["other_rows"]} == {("1", 2, "conflict"), ("2", 2, "conflict")}
    assert [(touch["event_id"], touch["other_rows"]) for touch in body["data"]] == [("e1", 1)]


def test_a_corrected_file_shows_its_versions_and_the_trail_follows_at_once(small):
    client, land = small
    land(touchpoints__1=TOUCHES, conversions__1=ORDERS.format(goal="purchase", value=10))
    before = ask(client, "/v1/journeys/c1")
    land(conversions__1=ORDERS.format(goal="purchase", value=11.5))
    after = ask(client, "/v1/journeys/c1")
    assert (before["conversion"]["value"], after["conversion"]["value"]) == ("10", "11.5")
    assert [version["status"] for version in after["file_versions"]] == ["replaced", "current"]
    assert after["file_versions"][0]["file_version"] == before["conversion"]["file_version"] != after["conversion"]["file_version"]
    assert sum(float(row["value"]) for row in after["credit"] if row["model"] == "linear") == 11.5


def test_a_milestone_is_no_journey_and_says_which_stage_it_marks(small):
    client, land = small
    land(touchpoints__1=TOUCHES, conversions__1=ORDERS.format(goal="sign_up", value=0))
    body = ask(client, "/v1/journeys/c1")
    assert (body["milestone"], body["closing_day"], body["credit"], body["data"]) == ("lead", None, [], [])
