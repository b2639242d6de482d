"""Journeys sent as JSON: the credit of each touch, the models' worked examples, and the numbers of an analysis of the same events."""

import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from mta_assets.models.registry import MODELS
from tests.api.sending import ANALYZE
from tests.api.test_problems import assert_problem

CALCULATE = "/v1/attribution/calculate"
DAY = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def analyst(app, client, key_of):
    client.environ_base["HTTP_X_API_KEY"] = key_of("analyst")
    return client


def journey(path, *, converts=True, **more):
    """A journey without times: C1 > C2."""
    touchpoints = [{"channel": channel.strip()} for channel in path.split(">") if channel.strip()]
    return {"touchpoints": touchpoints, "conversion": {"value": 10} if converts else None} | more


def totals(body, model):
    return {row["channel"]: row["conversions"] for row in body["data"] if row["model"] == model and row["conversions"]}


def test_the_worked_example_of_markov(analyst):
    journeys = [journey("C1 > C2 > C3"), journey("C1", converts=False), journey("C2 > C3", converts=False)]
    body = analyst.post(CALCULATE, json={"journeys": journeys, "models": ["markov_1", "linear"]}).get_json()
    assert totals(body, "markov_1") == pytest.approx({"C1": 0.2, "C2": 0.4, "C3": 0.4}, abs=1e-12)
    assert body["shares"]["markov_1"] == pytest.approx({"C1": 0.2, "C2": 0.4, "C3": 0.4}, abs=1e-12)
    (converted,) = body["journeys"]
    assert converted["journey"] == 0
    assert converted["credit"] == {"linear": pytest.approx([1 / 3] * 3)}
    assert [row["value"] for row in body["data"] if (row["model"], row["channel"]) == ("markov_1", "C1")] == ["2"]


@pytest.mark.parametrize("name", [name for name, model in MODELS.items() if not (model.needs_times or model.needs_milestones)])
def test_the_worked_example_of_every_model(analyst, name):
    example = MODELS[name].example
    journeys = []
    for row in example.journeys:
        path = " > ".join(row["path"])
        journeys += [journey(path)] * int(row["conversions"]) + [journey(path, converts=False)] * int(row["nulls"])
    body = analyst.post(CALCULATE, json={"journeys": journeys, "models": [name]}).get_json()
    assert totals(body, name) == pytest.approx({channel: credit for channel, credit in example.credit.items() if credit}, abs=1e-9)


def test_one_journey_may_stand_by_itself(analyst):
    one = journey("A > B")
    body = analyst.post(CALCULATE, json=one | {"models": ["first_touch"]}).get_json()
    assert body["journeys"] == [{"journey": 0, "id": None, "credit": {"first_touch": [1.0, 0.0]}}]


def test_credit_stands_where_its_touch_was_given_whatever_the_order_of_times(analyst):
    at = [(DAY + timedelta(days=day)).isoformat() for day in (5, 1, 9, -40)]
    touchpoints = [{"channel": f"C{n}", "ts": ts} for n, ts in enumerate(at)]
    conversion = {"ts": (DAY + timedelta(days=6)).isoformat(), "value": 1}
    body = analyst.post(
        CALCULATE, json={"touchpoints": touchpoints, "conversion": conversion, "models": ["last_touch", "linear"]}
    ).get_json()
    assert body["journeys"][0]["credit"] == {"last_touch": [1.0, 0.0, 0.0, 0.0], "linear": [0.5, 0.5, 0.0, 0.0]}


def test_a_touch_a_microsecond_after_the_conversion_does_not_count_in_any_century(analyst):
    touchpoints = [{"channel": "A", "ts": "9999-12-30T10:00:00Z"}, {"channel": "B", "ts": "9999-12-31T23:59:59.999999Z"}]
    conversion = {"ts": "9999-12-31T23:59:59.999998Z"}
    body = analyst.post(CALCULATE, json={"touchpoints": touchpoints, "conversion": conversion, "models": ["last_touch"]}).get_json()
    assert body["journeys"][0]["credit"] == {"last_touch": [1.0, 0.0]}


def test_a_conversion_without_touches_is_unattributed(analyst):
    body = analyst.post(CALCULATE, json={"journeys": [journey(""), journey("A")], "models": ["linear"]}).get_json()
    assert totals(body, "linear") == {"A": 1.0, "unattributed": 1.0}


def test_journeys_of_which_none_converts_earn_nothing(analyst):
    body = analyst.post(CALCULATE, json={"journeys": [journey("A", converts=False)]}).get_json()
    assert (body["data"], body["journeys"]) == ([], [])


def test_the_numbers_are_those_of_an_analysis_of_the_same_events(analyst):
    random = np.random.default_rng(5)
    journeys, rows = [], ["user_id,ts,channel,conversion,value,currency"]
    for user in range(200):
        moments = [DAY + timedelta(hours=float(hours)) for hours in np.sort(random.uniform(0, 500, random.integers(1, 6)))]
        channels = random.choice(["email", "search", "social", "direct"], len(moments))
        converts, currency = bool(random.random() < 0.4), str(random.choice(["USD", "EUR"]))
        value = round(float(random.uniform(5, 50)), 2)
        touchpoints = [{"channel": str(name), "ts": ts.isoformat()} for name, ts in zip(channels, moments, strict=True)]
        closing = {"ts": moments[-1].isoformat(), "value": value, "currency": currency} if converts else None
        journeys.append({"id": f"u{user}", "touchpoints": touchpoints, "conversion": closing})
        for n, (name, ts) in enumerate(zip(channels, moments, strict=True)):
            last = converts and n == len(moments) - 1
            rows.append(f"u{user},{ts.isoformat()},{name},{int(last)},{value if last else ''},{currency if last else ''}")
    calculated = analyst.post(CALCULATE, json={"journeys": journeys}).get_json()
    analysed = analyst.post(ANALYZE, data="\n".join(rows)).get_json()

    def keyed(body):
        return {(row["model"], row["channel"], row["currency"]): row for row in body["data"]}

    assert keyed(calculated).keys() == keyed(analysed).keys()
    for key, row in keyed(analysed).items():
        assert keyed(calculated)[key]["conversions"] == pytest.approx(row["conversions"], rel=1e-9, abs=1e-12), key
        assert float(keyed(calculated)[key]["value"]) == pytest.approx(float(row["value"]), rel=1e-9, abs=1e-9), key
    assert calculated["unavailable"].keys() == analysed["about"]["unavailable"].keys()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"journeys": [journey("A")] * 3 + [{"touchpoints": [{"channel": "A", "ts": "yesterday"}]}]}, "journeys.3.touchpoints.0.ts"),
        ({"journeys": [{"touchpoints": [{"channel": "A", "ts": "2026-03-01T10:00:00"}]}]}, "journeys.0.touchpoints.0.ts"),
        ({"journeys": [{"touchpoints": [{"channel": ""}]}]}, "journeys.0.touchpoints.0.channel"),
        ({"journeys": [{"touchpoints": [{"channel": "a\0b"}]}]}, "journeys.0.touchpoints.0.channel"),
        ({"journeys": [{"touchpoints": [{"chanel": "A"}]}]}, "journeys.0.touchpoints.0.channel"),
        ({"journeys": [journey("A") | {"conversion": {"value": -1}}]}, "journeys.0.conversion.value"),
        ({"journeys": [journey("A") | {"conversion": {"value": 1, "currency": "dollar"}}]}, "journeys.0.conversion.currency"),
        ({"journeys": []}, "journeys"),
        ({"journeys": [journey("A")], "lookback_days": 0}, "lookback_days"),
        ({"journeys": [journey("A")], "touchpoints": []}, "body"),
        ({}, "body"),
        (
            {"journeys": [{"touchpoints": [{"channel": "A", "ts": "2026-03-01T10:00:00Z"}, {"channel": "B"}]}]},
            "journeys.0.touchpoints.1.ts",
        ),
        (
            {"journeys": [journey("A", converts=False), {"touchpoints": [], "conversion": {"ts": "2026-03-01T10:00:00Z"}}]},
            "journeys.1.conversion.ts",
        ),
    ],
)
def test_what_is_wrong_is_named_by_its_path(analyst, body, field):
    assert assert_problem(analyst.post(CALCULATE, json=body), "invalid_parameter", 422)["details"]["field"] == field


@pytest.mark.parametrize("sent", [b"", b"{", b"nonsense", b"\xff\xfe", b'{"journeys": [' + b"[" * 100_000])
def test_what_is_no_json_is_said_to_be_none(analyst, sent):
    assert_problem(analyst.post(CALCULATE, data=sent, content_type="application/json"), "invalid_json", 400)


def test_nan_is_no_value(analyst):
    sent = b'{"touchpoints": [{"channel": "A"}], "conversion": {"value": NaN}}'
    assert analyst.post(CALCULATE, data=sent, content_type="application/json").status_code in {400, 422}


def test_a_model_that_there_is_not_is_met_with_the_nearest_one(analyst):
    problem = assert_problem(analyst.post(CALCULATE, json=journey("A") | {"models": ["liner"]}), "invalid_parameter", 422)
    assert "linear" in problem["message"]


def test_a_thousand_journeys_are_quick(analyst):
    random = np.random.default_rng(5)
    names = [f"channel {n}" for n in range(12)]
    journeys = [journey(" > ".join(random.choice(names, random.integers(1, 10))), converts=random.random() < 0.3) for _ in range(1_000)]
    taken = []
    for _ in range(5):
        begun = time.process_time()
        assert analyst.post(CALCULATE, json={"journeys": journeys}).status_code == 200
        taken.append(time.process_time() - begun)
    assert min(taken) < 0.5, taken  # CPU seconds, client included; the bar of 0.1 s is measured by the benchmark
    print(taken)
