"""What a cube adds up equals, to the last bit, what a group-by in the order of the rows adds up."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mta_assets.contracts.tables import CHANNEL_DAILY
from mta_assets.marts.sums import summed
from mta_assets.results import cube as cubes
from mta_assets.results.cube import Cube, Totals
from mta_assets.results.questions import Selection

MEASURES = ["conversions", "value"]
FIRST = date(2025, 12, 20)
MODELS = ("linear", "last_touch", "shapley")
DIMENSIONS = ("channel", "campaign", "goal", "kind", "currency")


def mart(rows: int, seed: int = 3) -> pl.DataFrame:
    """Rows of `marts/channel_daily`, drawn at random, of unlike sizes so that the order of addition shows."""
    draw = np.random.default_rng(seed)
    drawn = {
        "day": [FIRST + timedelta(days=int(n)) for n in draw.integers(0, 60, rows)],
        "model": draw.choice(["shapley", "linear", "first_touch"], rows),
        "channel": draw.choice(["email", "paid search", "Ärger", "(not set)"], rows),
        "campaign": [f"c{n}" for n in draw.integers(0, 40, rows)],
        "kind": draw.choice(["click", "view"], rows),
        "goal": draw.choice(["purchase", "sign_up"], rows),
        "currency": draw.choice(["EUR", "USD"], rows),
        "conversions": 10 ** draw.uniform(-9, 9, rows),
        "value": 10 ** draw.uniform(-9, 9, rows),
    }
    return CHANNEL_DAILY.conform(pl.DataFrame(drawn)).unique(CHANNEL_DAILY.key).sort(CHANNEL_DAILY.key)


def totals(frame: pl.DataFrame, groups: list[str], selection: Selection, models: tuple[str, ...] = MODELS) -> Totals:
    whole = Cube.of(frame, CHANNEL_DAILY.key, MEASURES)
    chosen = selection.chosen(whole, models)
    cube = whole.over([*groups, *chosen])
    return cube.totals(cube.rows(chosen), models, groups, cube.axes["day"].labels >= np.datetime64("2026-01-10"))


def by_group(frame: pl.DataFrame, groups: list[str], selection: Selection) -> pl.DataFrame:
    """The same by sorting and adding up the rows of the table: those of a day that the question does not tell apart, then the days."""
    periods = {
        "week": pl.col("day").dt.truncate("1w"),
        "month": pl.col("day").dt.truncate("1mo"),
        "marked": pl.col("day") >= date(2026, 1, 10),
    }
    rows = selection.rows(frame, MODELS).with_columns(**periods)
    apart = [name for name in DIMENSIONS if name in groups or set(frame[name]) - set(getattr(selection, name, ()) or frame[name])]
    daily = summed(rows, ["day", "model", *apart], MEASURES).with_columns(**periods)
    keys = ["model", *groups]
    rank = {name: place for place, name in enumerate(MODELS)}
    marked = rows.group_by(keys).agg(pl.col("marked").any())
    return summed(daily, keys, MEASURES).join(marked, on=keys).sort(pl.col("model").replace_strict(rank), *groups)


questions = st.builds(
    Selection,
    start=st.sampled_from([None, FIRST + timedelta(days=3), date(2026, 1, 1)]),
    end=st.sampled_from([None, date(2026, 1, 1), date(2026, 1, 31), date(2030, 1, 1)]),
    channel=st.sampled_from([(), ("email",), ("email", "Ärger"), ("none",)]),
    campaign=st.sampled_from([(), ("c1", "c2", "c39")]),
    goal=st.sampled_from([(), ("purchase",)]),
    kind=st.sampled_from([(), ("view",), ("click", "view")]),
)


@given(
    groups=st.lists(st.sampled_from(["day", "week", "month", *DIMENSIONS]), min_size=1, max_size=5, unique=True),
    selection=questions,
    rows=st.sampled_from([1, 40, 3_000]),
)
def test_a_cube_adds_up_what_the_rows_add_up_to(groups: list[str], selection: Selection, rows: int) -> None:
    frame = mart(rows)

    found = totals(frame, groups, selection).rows("marked")

    assert found.equals(by_group(frame, groups, selection))


def test_what_a_cube_has_forgotten_it_makes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cubes, "MOST_KEPT", 1)
    frame = mart(500)
    cube = Cube.of(frame, CHANNEL_DAILY.key, MEASURES)
    no_day = np.zeros(len(cube.axes["day"].labels), bool)

    def asked(*groups: str) -> pl.DataFrame:
        part = cube.over(groups)
        return part.totals(part.rows({}), MODELS, groups, no_day).rows("marked")

    once = asked("channel")
    assert asked("week", "currency").height > once.height
    assert asked("channel").equals(once)


def test_a_model_that_the_mart_does_not_have_has_no_rows_and_zero_sums() -> None:
    found = totals(mart(100), ["channel"], Selection(), models=("last_touch", "linear"))

    assert set(found.rows("marked")["model"]) == {"linear"}
    assert not found.measures["value"][0].any()


def test_an_empty_mart_has_no_groups() -> None:
    found = totals(mart(0), ["day", "channel"], Selection())

    assert found.rows("marked").is_empty()
    assert found.groups.schema["day"] == pl.Date
