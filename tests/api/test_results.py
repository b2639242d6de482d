"""What the result routes answer: the marts, summed as asked, in the format and version that was asked for."""

import gzip
import io
from datetime import date
from decimal import Decimal
from shutil import copytree

import polars as pl
import pytest
import zstandard

from mta_assets.contracts.bands import BANDS
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.incrementality import INCREMENTALITY
from mta_assets.contracts.tables import CHANNEL_DAILY, CHANNEL_PERFORMANCE
from mta_assets.lake.lake import Lake
from tests.api.lakes import WORLD
from tests.api.test_problems import assert_problem

LINEAR = "/v1/attribution/linear"


@pytest.fixture(scope="module")
def daily(filled):
    return Lake(str(filled)).read(CHANNEL_DAILY)


def test_credit_by_channel_is_the_sum_of_the_mart(reader, daily):
    body = reader.get(LINEAR).get_json()
    expected = dict(daily.filter(model="linear").group_by("channel").agg(pl.col("conversions").sum()).iter_rows())
    assert {row["channel"]: row["conversions"] for row in body["data"]} == pytest.approx(expected, rel=1e-12)
    assert body["total"] == len(body["data"]) == len(expected)
    assert (body["start"], body["end"]) == (str(daily["day"].min()), str(daily["day"].max()))


@pytest.mark.parametrize("finer", ["day,channel", "week,channel", "month,channel", "channel,campaign", "channel,goal", "channel,kind"])
def test_every_finer_group_adds_up_to_the_channels(reader, finer):
    whole = {row["channel"]: row for row in reader.get(LINEAR).get_json()["data"]}
    parts = reader.get(LINEAR, query_string={"group_by": finer, "limit": 10_000}).get_json()["data"]
    for channel, row in whole.items():
        own = [part for part in parts if part["channel"] == channel]
        assert sum(part["conversions"] for part in own) == pytest.approx(row["conversions"], rel=1e-12)
        assert float(sum(Decimal(part["value"]) for part in own)) == pytest.approx(float(row["value"]), rel=1e-12)


def test_weeks_are_named_by_their_monday_and_months_by_their_first(reader):
    for period, is_first in (("week", lambda day: day.weekday() == 0), ("month", lambda day: day.day == 1)):
        rows = reader.get(LINEAR, query_string={"group_by": period}).get_json()["data"]
        assert rows
        assert all(is_first(date.fromisoformat(row[period])) for row in rows)


def test_filters_by_day_and_channel_leave_the_others_out(reader, daily):
    middle = WORLD.day(10)
    query = {"group_by": "day,channel", "start": middle, "end": middle, "channel": ["email", "direct"]}
    rows = reader.get(LINEAR, query_string=query).get_json()["data"]
    expected = daily.filter(pl.col("channel").is_in(["email", "direct"]), model="linear", day=middle)
    assert {(row["day"], row["channel"]) for row in rows} == {(str(middle), channel) for channel in expected["channel"]}


def test_days_at_the_end_are_provisional_and_settled_ones_are_not(reader, filled):
    rows = reader.get(LINEAR, query_string={"group_by": "day"}).get_json()["data"]
    assert rows[-1]["provisional"] is True
    assert rows[0]["provisional"] is False


def test_models_side_by_side_say_what_each_says_alone(reader):
    body = reader.get("/v1/attribution/compare", query_string={"models": ["linear", "last_touch"]}).get_json()
    assert body["models"] == ["linear", "last_touch"]
    assert reader.get("/v1/attribution/compare", query_string={"models": "linear,last_touch"}).get_json() == body
    for model in body["models"]:
        alone = {row["channel"]: row for row in reader.get(f"/v1/attribution/{model}").get_json()["data"]}
        for row in body["data"]:
            own = alone.get(row["channel"], {"conversions": 0.0, "value": "0"})
            assert row[f"{model}_conversions"] == own["conversions"]
            assert row[f"{model}_value"] == own["value"]
            assert row["spread"] == abs(row["linear_conversions"] - row["last_touch_conversions"])


def test_performance_without_days_is_the_mart_of_the_newest_closing_day(reader, filled):
    mart = Lake(str(filled)).read(CHANNEL_PERFORMANCE)
    newest = mart.filter(pl.col("day") == mart["day"].max(), model="markov_1")
    body = reader.get("/v1/channels/performance", query_string={"models": "markov_1"}).get_json()
    assert body["basis"] == "fit_window"
    found = {row["channel"]: row for row in body["data"]}
    for row in newest.to_dicts():
        assert found[row["channel"]]["conversions"] == row["conversions"]
        assert Decimal(found[row["channel"]]["value"]) == Decimal(repr(row["value"]))
        assert found[row["channel"]]["roas"] == row["roas"]
        assert found[row["channel"]]["cost"] is None or Decimal(found[row["channel"]]["cost"]) == row["cost"]


def test_performance_of_the_newest_day_has_the_bands_of_the_mart_and_says_what_they_do_not_cover(reader, filled):
    bands = Lake(str(filled)).read(BANDS)
    body = reader.get("/v1/channels/performance", query_string={"models": ["markov_1", "linear"]}).get_json()
    assert body["band_level"] == 0.9
    assert "does not say how far the model itself is from what a channel caused" in body["bands"]
    assert any(row["conversions_low"] is not None for row in body["data"])
    assert any(row["no_band"] for row in body["data"])
    for row in body["data"]:
        own = bands.filter(model=row["model"], channel=row["channel"])
        for metric, low, high, reason in own.select("metric", "low", "high", "reason").iter_rows():
            found = [None if row[f"{metric}_{bound}"] is None else float(row[f"{metric}_{bound}"]) for bound in ("low", "high")]
            assert found == [low, high]
            assert metric != "conversions" or row["no_band"] == reason or reason is None
        assert (row["effect"] is None) == (row["model"] == "linear" or not own.filter(metric="effect").height)


def test_performance_of_days_adds_them_up(reader, daily):
    query = {"models": "linear", "start": daily["day"].min(), "end": daily["day"].max()}
    body = reader.get("/v1/channels/performance", query_string=query).get_json()
    assert (body["basis"], body["band_level"], body["bands"]) == ("daily", None, None)
    assert "conversions_low" not in body["data"][0]
    assert sum(row["conversions"] for row in body["data"]) == pytest.approx(daily.filter(model="linear")["conversions"].sum(), rel=1e-12)


def test_what_a_model_cannot_estimate_has_no_return_on_its_spend_over_any_days(reader, daily):
    query = {"models": "incremental,linear", "start": daily["day"].min(), "end": daily["day"].max()}
    rows = reader.get("/v1/channels/performance", query_string=query).get_json()["data"]
    paid = {model: [row for row in rows if row["model"] == model and row["cost"]] for model in ("incremental", "linear")}
    assert paid["incremental"]
    assert {row["roas"] for row in paid["incremental"]} == {None}
    assert None not in {row["roas"] for row in paid["linear"]}


def test_an_answer_that_the_client_has_is_not_sent_again(reader):
    first = reader.get(LINEAR)
    assert first.headers["X-Cache-Status"] == "MISS"
    again = reader.get(LINEAR)
    assert again.headers["X-Cache-Status"] == "HIT"
    assert again.data == first.data
    kept = reader.get(LINEAR, headers={"If-None-Match": first.headers["ETag"]})
    assert (kept.status_code, kept.data) == (304, b"")
    assert reader.get(LINEAR, query_string={"group_by": "day"}).headers["ETag"] != first.headers["ETag"]


def test_csv_parquet_and_arrow_hold_the_same_rows(reader):
    rows = [(row["channel"], row["conversions"]) for row in reader.get(LINEAR).get_json()["data"]]
    read = {
        "text/csv": pl.read_csv,
        "application/vnd.apache.parquet": pl.read_parquet,
        "application/vnd.apache.arrow.stream": pl.read_ipc_stream,
    }
    for media, reading in read.items():
        response = reader.get(LINEAR, headers={"Accept": media})
        assert response.content_type.startswith(media)
        assert reading(io.BytesIO(response.data)).select("channel", "conversions").rows() == rows


@pytest.mark.parametrize(
    ("encoding", "unpack"), [("gzip", gzip.decompress), ("zstd", lambda data: zstandard.ZstdDecompressor().decompress(data))]
)
def test_large_answers_come_compressed_where_the_client_takes_it(reader, encoding, unpack):
    query = {"group_by": "day,channel"}
    plain = reader.get(LINEAR, query_string=query)
    packed = reader.get(LINEAR, query_string=query, headers={"Accept-Encoding": encoding})
    assert packed.headers["Content-Encoding"] == encoding
    assert unpack(packed.data) == plain.data
    assert "Content-Encoding" not in reader.get(LINEAR, query_string=query, headers={"Accept-Encoding": f"{encoding};q=0"}).headers


def test_pages_hold_every_row_once(reader):
    query = {"group_by": "day,channel", "limit": 7}
    whole = reader.get(LINEAR, query_string={"group_by": "day,channel"}).get_json()["data"]
    seen, cursor = [], None
    while True:
        body = reader.get(LINEAR, query_string=query | ({"cursor": cursor} if cursor else {})).get_json()
        seen += body["data"]
        if (cursor := body["next_cursor"]) is None:
            break
    assert seen == whole


@pytest.mark.parametrize(
    ("path", "query", "status", "code", "said"),
    [
        ("/v1/attribution/liner", {}, 404, "unknown_model", "linear"),
        ("/v1/attribution/w_shaped", {}, 422, "model_unavailable", "milestone"),
        (LINEAR, {"group_by": "chanel"}, 422, "invalid_parameter", "group_by"),
        (LINEAR, {"start": "31.02.2026"}, 422, "invalid_parameter", "start"),
        (LINEAR, {"start": "2026-03-09", "end": "2026-03-01"}, 422, "invalid_parameter", "start"),
        (LINEAR, {"limit": 0}, 422, "invalid_parameter", "limit"),
        (LINEAR, {"strat": "2026-03-01"}, 422, "invalid_parameter", "strat"),
        (LINEAR, {"cursor": "nonsense"}, 422, "invalid_parameter", "cursor"),
        (LINEAR, {"cursor": "WzUsIm9sZCJd"}, 422, "cursor_expired", "changed"),
        ("/v1/attribution/compare", {"models": "markov"}, 404, "unknown_model", "markov_1"),
    ],
)
def test_what_cannot_be_answered_says_what_to_mend(reader, path, query, status, code, said):
    body = assert_problem(reader.get(path, query_string=query), code, status)
    assert said in str(body)


def test_a_format_that_there_is_not_is_refused_with_those_there_are(reader):
    body = assert_problem(reader.get(LINEAR, headers={"Accept": "application/xml"}), "not_acceptable", 406)
    assert "text/csv" in body["details"]["formats"]


def test_new_data_are_seen_at_once_and_change_the_etag(make_app, filled, tmp_path):
    lake = tmp_path / "changing"
    copytree(filled, lake)
    app = make_app(lake=lake)
    services = app.extensions["mta"]
    services.marts.snapshots.check_seconds = 0.0
    client = app.test_client()
    ask = {"headers": {"X-API-Key": services.keys.create(owner="bi", name="x", role="viewer", now=services.now())[1]}}
    before = client.get(LINEAR, **ask)
    writer = Lake(str(lake))
    day = writer.read(CHANNEL_DAILY)["day"].max()
    writer.replace_days(CHANNEL_DAILY, CHANNEL_DAILY.empty(), DayRange(day, day))
    after = client.get(LINEAR, **ask)
    assert after.headers["X-Cache-Status"] == "MISS"
    assert after.headers["ETag"] != before.headers["ETag"]
    assert after.get_json()["end"] < before.get_json()["end"]


def test_when_the_lake_cannot_be_read_the_last_good_answer_is_served_as_stale(make_app, filled, tmp_path):
    lake = tmp_path / "lost"
    copytree(filled, lake)
    app = make_app(lake=lake)
    services = app.extensions["mta"]
    services.marts.snapshots.check_seconds = 0.0
    client = app.test_client()
    ask = {"headers": {"X-API-Key": services.keys.create(owner="bi", name="x", role="viewer", now=services.now())[1]}}
    before = client.get(LINEAR, **ask)
    log = lake / CHANNEL_DAILY.name / "_delta_log"
    (log / f"{len(list(log.glob('*.json'))):020}.json").write_text("torn")
    stale = client.get(LINEAR, **ask)
    assert (stale.status_code, stale.headers["X-Cache-Status"], stale.data) == (200, "STALE", before.data)
    assert_problem(client.get(LINEAR, query_string={"group_by": "goal"}, **ask), "unavailable", 503)


def test_the_list_of_methods_has_every_model_with_its_example_and_why_it_is_unavailable(reader):
    methods = {method["name"]: method for method in reader.get("/v1/attribution/methods").get_json()["data"]}
    assert methods["markov_1"]["example"]["credit"]
    assert methods["time_decay"]["parameters"][0]["range"]
    assert "milestone" in methods["w_shaped"]["unavailable"]
    assert methods["linear"]["unavailable"] is None


@pytest.mark.parametrize("day", ["0", "1772323200", "2026-03-01T00:00:00", " 2026-03-01", "20260301"])
def test_a_day_is_written_as_a_day_and_a_number_is_none(reader, day):
    assert "YYYY-MM-DD" in assert_problem(reader.get(LINEAR, query_string={"start": day}), "invalid_parameter", 422)["message"]


def test_what_channels_added_is_the_mart_of_the_newest_day_and_says_what_its_bands_cover(reader, filled):
    mart = Lake(str(filled)).read(INCREMENTALITY)
    body = reader.get("/v1/channels/incrementality").get_json()
    assert body["band_level"] == 0.9
    assert "Without any experiment" in body["bands"]
    assert {row["channel"] for row in body["data"]} == set(mart["channel"])
    for row in body["data"]:
        (own,) = mart.filter(channel=row["channel"], currency=row["currency"]).to_dicts()
        assert (row["basis"], row["reason"], row["calibrated"]) == (own["basis"], own["reason"], own["calibrated"])
        assert row["cost"] is None or Decimal(row["cost"]) == own["cost"]
    channel = body["data"][0]["channel"]
    only = reader.get("/v1/channels/incrementality", query_string={"channel": channel}).get_json()["data"]
    assert {row["channel"] for row in only} == {channel}
