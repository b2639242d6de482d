"""What is said of channels and models follows from the rules, and what cannot be said is said."""

import polars as pl
import pytest

from mta_assets.config_advice import AdviceConfig
from mta_assets.contracts.advice import CHANNEL_ADVICE, MODEL_ADVICE
from mta_assets.contracts.increments import INCREMENTS
from mta_assets.contracts.tables import MONEY
from mta_assets.marts.advice import NOT_ADDITIVE, Evidence, advise, largest
from mta_assets.marts.bands import ONE_DAY, TOO_FEW
from mta_assets.marts.disagreement import Facts
from mta_assets.marts.known_distances import KNOWN
from mta_assets.marts.openers import OPENERS

FACTS = Facts(all_conversions=9_000.0, days=90, dispersion=2.0)


def shares(reach=0.01, reason=None, **models):
    """Rows of bands: model -> channel -> share, each with a band that reaches so far to either side."""
    rows = [
        {"model": model, "channel": channel, "currency": "EUR", "metric": "share", "estimate": share, "level": 0.9}
        | {"standard_error": None if reason else reach / 1.67, "reason": reason}
        | {"low": None if reason else share - reach, "high": None if reason else share + reach}
        for model, said in models.items()
        for channel, share in said.items()
    ]
    numbers = dict.fromkeys(("estimate", "standard_error", "low", "high", "level"), pl.Float64)
    return pl.DataFrame(rows, schema=dict.fromkeys(("model", "channel", "currency", "metric", "reason"), pl.String) | numbers)


def placed(**ends):
    """Channel -> (share of its journeys that it begins, that it ends); each channel is in half of all conversions."""
    rows = [
        {"channel": name, "reached": 4500.0, "first_share": first, "last_share": last, "alone_share": 0.1}
        | {"end_less_start": (last - first) / 2}
        for name, (first, last) in ends.items()
    ]
    return pl.DataFrame(rows, schema=OPENERS)


def advised(bands, places=None, facts=FACTS, settings=None, **more):
    nothing = pl.DataFrame(schema={"channel": pl.String, "currency": pl.String, "cost": MONEY})
    evidence = Evidence(
        bands=bands,
        costs=more.pop("costs", nothing),
        openers=placed() if places is None else places,
        facts={"EUR": facts} if facts else {},
        refused=more.pop("refused", {}),
        **more,
    )
    return advise(evidence, settings or AdviceConfig())


def of(advice, channel):
    return advice.channels.filter(channel=channel).row(0, named=True)


ENDS = {"first_touch": {"video": 0.5, "search": 0.5}, "last_touch": {"video": 0.2, "search": 0.8}}
PLACES = placed(video=(0.8, 0.1), search=(0.1, 0.8))


def test_models_that_are_close_agree():
    advice = advised(shares(linear={"video": 0.5, "search": 0.5}, shapley={"video": 0.505, "search": 0.495}), PLACES)
    assert of(advice, "video")["verdict"] == "agree"
    assert of(advice, "video")["no_experiment"] == "the models do not surely disagree about it"


def test_a_channel_that_ends_journeys_is_a_closer_and_one_that_begins_them_an_opener():
    advice = advised(shares(**ENDS), PLACES)
    assert of(advice, "search")["verdict"] == "disagree"
    assert of(advice, "search")["reasons"] == ["closer"]
    assert of(advice, "video")["reasons"] == ["opener"]
    assert (of(advice, "video")["lowest_model"], of(advice, "video")["highest_model"]) == ("last_touch", "first_touch")
    assert "begins 80%" in of(advice, "video")["why"]


def test_where_a_channel_stands_must_explain_half_of_the_gap():
    half = advised(shares(**ENDS), placed(video=(0.4, 0.1), search=(0.1, 0.4)))  # a gap of 0.3, of which 0.15
    less = advised(shares(**ENDS), placed(video=(0.38, 0.1), search=(0.1, 0.38)))
    assert of(half, "video")["reasons"] == ["opener"]
    assert of(less, "video")["reasons"] == ["counting"]


def test_bands_that_touch_leave_open_who_is_right():
    assert of(advised(shares(reach=0.149, **ENDS), PLACES), "video")["verdict"] == "disagree"
    touching = of(advised(shares(reach=0.151, **ENDS), PLACES), "video")
    assert touching["verdict"] == "too few conversions"
    assert touching["reasons"] == []
    assert touching["held_out"] is None


def test_too_few_users_for_a_band_are_too_few_conversions():
    advice = advised(shares(reason=f"{TOO_FEW}: they fill 3", **ENDS), PLACES)
    assert of(advice, "video")["verdict"] == "too few conversions"
    assert not advice.models["suggested"].any()
    assert "too few users" in advice.models["reason"][0]


def test_a_model_that_gives_next_to_nothing_differs_surely_from_one_that_gives_much():
    bands = shares(last_touch={"direct": 0.4, "search": 0.6})
    few = shares(reason=f"{TOO_FEW}: they fill 2", last_non_direct={"direct": 0.001})
    row = of(advised(pl.concat([bands, few, shares(last_non_direct={"search": 0.999})])), "direct")
    assert (row["verdict"], row["lowest_model"]) == ("disagree", "last_non_direct")


def test_figures_of_one_day_cannot_be_told_apart_by_chance_and_say_so():
    row = of(advised(shares(reason=ONE_DAY, **ENDS), PLACES), "video")
    assert row["verdict"] == "unknown"
    assert ONE_DAY in row["why"]


def test_one_model_has_nothing_to_be_compared_with():
    row = of(advised(shares(linear={"video": 0.5, "search": 0.5}), PLACES), "video")
    assert (row["verdict"], row["lowest_share"], row["held_out"]) == ("unknown", None, None)


def test_two_models_are_enough():
    assert largest(advised(shares(**ENDS), PLACES).channels)[1]["channel"] == "search"


def increments(intent=0.6, doubt=None, error=90.0, **added):
    """Rows of increments: channel -> conversions added."""
    rows = [
        {"channel": channel, "role": "unpaid" if channel == "walk-in" else "pushed", "touches": 900, "doubt": doubt, "intent": intent}
        | {"increment": number, "increment_se": None if number is None else error, "reason": None if number else "three touches"}
        for channel, number in added.items()
    ]
    schema = {name: dtype for name, dtype in INCREMENTS.schema.items() if name != "day"}
    return {"incremental": pl.DataFrame(rows, schema=schema)}


def test_hidden_targeting_is_suspected_where_it_was_measured_only():
    row = of(advised(shares(**ENDS), PLACES, increments=increments(video=900.0)), "video")
    assert row["reasons"] == ["opener", "hidden targeting"]
    assert "0.6 times" in row["why"]
    for nothing in ({}, increments(intent=0.09, video=900.0), increments(doubt="the placebo fails", video=900.0)):
        assert of(advised(shares(**ENDS), PLACES, increments=nothing), "video")["reasons"] == ["opener"]


def test_the_band_of_a_measured_share_is_that_of_its_error():
    measured = shares(reason="not fitted again", incremental={"video": 0.1, "search": 0.1})
    bands = pl.concat([shares(**ENDS), measured])
    row = of(advised(bands, PLACES, increments=increments(video=900.0, search=900.0)), "search")
    assert (row["verdict"], row["lowest_model"]) == ("disagree", "incremental")  # 10 % +- 1.7 %, and 80 %
    assert of(advised(bands, PLACES), "search")["lowest_model"] == "first_touch"  # of the others it is known how sure they are
    wide = of(advised(bands, PLACES, increments=increments(error=9_000.0, video=900.0, search=900.0)), "search")
    assert wide["verdict"] == "too few conversions"


def test_what_a_model_never_credits_it_does_not_disagree_about():
    measured = shares(reason="not fitted again", incremental={"walk-in": 0.0, "search": 0.1})
    bands = pl.concat([shares(first_touch={"walk-in": 0.5, "search": 0.5}, last_touch={"walk-in": 0.2, "search": 0.8}), measured])
    found = advised(bands, increments=increments(**{"walk-in": 9.0, "search": 900.0}))
    assert (of(found, "walk-in")["lowest_model"], of(found, "search")["lowest_model"]) == ("last_touch", "incremental")


def test_what_would_have_happened_anyway_is_no_channel():
    bands = pl.concat([shares(**ENDS), shares(incremental={"baseline": 0.8, "video": 0.1, "search": 0.1})])
    assert set(advised(bands, PLACES).channels["channel"]) == {"video", "search"}


def test_a_model_whose_placebo_fails_or_that_estimates_nothing_is_not_suggested():
    bands = shares(incremental={"video": 0.1, "search": 0.1}, shapley={"video": 0.5, "search": 0.5})
    for doubtful, told in ((increments(doubt="the placebo fails", video=9.0), "placebo"), (increments(video=None), "three touches")):
        models = advised(bands, PLACES, increments=doubtful).models
        assert models.filter(pl.col("suggested"))["model"].to_list() == ["shapley"]
        assert told in models.filter(model="incremental")["reason"].item()


def test_a_channel_that_the_configuration_calls_unpaid_cannot_be_switched_off():
    bands = shares(first_touch={"walk-in": 0.5, "search": 0.5}, last_touch={"walk-in": 0.1, "search": 0.9})
    found = advised(bands, increments=increments(**{"walk-in": 9.0}))
    assert "come by it themselves" in of(found, "walk-in")["no_experiment"]


def test_the_experiment_is_of_the_two_models_and_of_no_channel_that_is_free():
    advice = advised(shares(**{name: {**said, "direct": 0.0} for name, said in ENDS.items()}), PLACES)
    row = of(advice, "search")
    assert (row["alpha"], row["experiment_days"] % 14, row["no_experiment"]) == (0.1, 0, None)
    assert row["power"] >= 0.8
    assert row["foregone"] == pytest.approx(100 * 0.8 * row["held_out"] * row["experiment_days"])
    free = advised(shares(first_touch={"direct": 0.5, "search": 0.5}, last_touch={"direct": 0.1, "search": 0.9}))
    assert "come by it themselves" in of(free, "direct")["no_experiment"]
    assert [row["channel"] for row in largest(free.channels)] == ["direct", "search"]


def test_a_channel_that_money_is_spent_on_can_be_switched_off_whatever_its_name():
    costs = pl.DataFrame({"channel": ["direct"], "currency": ["EUR"], "cost": [10]}, schema_overrides={"cost": MONEY})
    bands = shares(first_touch={"direct": 0.5, "search": 0.5}, last_touch={"direct": 0.1, "search": 0.9})
    assert of(advised(bands, costs=costs), "direct")["no_experiment"] is None
    assert of(advised(bands), "direct")["no_experiment"] is not None


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        (Facts(all_conversions=9_000.0, days=None, dispersion=2.0), "has no days"),
        (Facts(all_conversions=9_000.0, days=6, dispersion=2.0), "are of 6 days"),
        (Facts(all_conversions=9_000.0, days=90, dispersion=None), "whose conversions"),
        (Facts(all_conversions=90.0, days=90, dispersion=2.0), "even with half of the users"),
    ],
)
def test_without_what_it_takes_there_is_a_reason_and_no_experiment(facts, told):
    row = of(advised(shares(**ENDS), PLACES, facts=facts), "search")
    assert row["verdict"] == "disagree"
    assert told in row["no_experiment"]
    assert row["held_out"] is None


def test_the_model_is_suggested_whose_worst_world_and_chance_come_to_the_least():
    advice = advised(shares(shapley=ENDS["first_touch"], linear=ENDS["last_touch"]), PLACES)
    rows = {row["model"]: row for row in advice.models.to_dicts()}
    assert rows["shapley"]["suggested"]
    assert not rows["linear"]["suggested"]
    assert rows["shapley"]["distance"] == max(KNOWN["shapley"].worlds.values())
    assert KNOWN["shapley"].worst[0] in rows["shapley"]["reason"]
    # two shares of which each is off by 0.798 standard errors on average; half of that is with another channel
    assert rows["shapley"]["by_chance"] == pytest.approx(0.7979 * 0.01 / 1.67, rel=1e-3)


def test_a_model_that_chance_moves_too_much_is_not_suggested():
    unsure = shares(reach=0.2, shapley=ENDS["first_touch"])
    chosen = advised(pl.concat([unsure, shares(linear=ENDS["last_touch"])]), PLACES).models.filter(pl.col("suggested"))
    assert chosen["model"].to_list() == ["linear"]


def test_one_channel_needs_no_model():
    advice = advised(shares(shapley={"search": 1.0}, linear={"search": 1.0}))
    assert of(advice, "search")["verdict"] == "agree"
    assert not advice.models["suggested"].any()
    assert "fewer than two channels" in advice.models["reason"][0]


def test_models_that_are_not_on_the_scorecard_are_never_suggested():
    advice = advised(shares(own=ENDS["first_touch"], another=ENDS["last_touch"]), PLACES)
    assert not advice.models["suggested"].any()
    assert "none of the models is on the scorecard" in advice.models["reason"][0]


def test_what_was_refused_is_said_and_neither_compared_nor_suggested():
    refused = {"participation": NOT_ADDITIVE, "w_shaped": "no milestone is configured"}
    advice = advised(shares(shapley=ENDS["first_touch"], linear=ENDS["last_touch"], participation={"video": 9.0}), PLACES, refused=refused)
    assert of(advice, "video")["highest_share"] == 0.5
    reasons = dict(advice.models.select("model", "reason").iter_rows())
    assert NOT_ADDITIVE in reasons["participation"]
    assert "no milestone" in reasons["w_shaped"]


def test_with_nothing_at_all_there_is_no_row_of_a_channel():
    advice = advised(shares(), facts=None, refused={"linear": "no"})
    assert advice.channels.is_empty()
    assert advice.models["suggested"].to_list() == [False]


def test_rows_meet_their_contracts():
    advice = advised(shares(**ENDS), PLACES)
    for frame, table in ((advice.channels, CHANNEL_ADVICE), (advice.models, MODEL_ADVICE)):
        table.validate(table.conform(frame.with_columns(day=pl.date(2024, 1, 1))))
