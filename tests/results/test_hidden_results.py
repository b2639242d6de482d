"""With `privacy.fewest_users`, no answer of the API tells of fewer users, whichever answers are subtracted from each other; off, nothing changes."""

from datetime import date, timedelta
from itertools import combinations

import polars as pl
import pytest

from mta_assets.config import parse_config
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import CHANNEL_DAILY, JOURNEYS, PATHS, credits_table
from mta_assets.errors import HiddenError
from mta_assets.marts.small_cells import SMALL
from mta_assets.models.registry import MODELS
from mta_assets.pipeline.marts import write_marts
from mta_assets.pipeline.run import open_lake, run
from mta_assets.results.credit import credit
from mta_assets.results.funnel import funnel
from mta_assets.results.lengths import lengths
from mta_assets.results.paths import top_paths, transitions
from mta_assets.results.questions import Marts, Selection
from mta_assets.results.snapshots import Snapshots
from mta_assets.results.trail import trail
from mta_assets.results.windows import window
from mta_assets.simulation.world import World
from mta_assets.simulation.write import write_table
from tests.erasure.erasing import NOW

FEWEST = 3
SETTINGS = {"lookback_days": 5, "fit_window_days": 6}
HIDING = parse_config(SETTINGS | {"privacy": {"fewest_users": FEWEST}})
FEW = {name: MODELS[name] for name in ("linear", "last_touch", "markov_1")}
FIRST, LAST = date(2026, 3, 1), date(2026, 3, 8)


@pytest.fixture(scope="module")
def marts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hidden")
    for path in write_table(World(seed=3, touchpoints=6_000, days=8, first_day=FIRST), folder / "simulated"):
        target = folder / "landing" / path.stem / path.name
        target.parent.mkdir(parents=True)
        path.rename(target)
    lake = open_lake(str(folder / "lake"), FEW)
    run(lake, HIDING, FEW, folder / "landing", NOW.replace(year=2027))
    return Marts(snapshots=Snapshots(lake), config=HIDING, models=FEW)


def users_behind(lake, model):
    """(day, cell, conversion's user) of every credit, from the journeys themselves."""
    users = lake.read(JOURNEYS).filter(outcome="converted").select("source_name", "conversion_id", "user")
    return lake.read(credits_table(model)).filter(pl.col("credit") != 0).join(users, on=["source_name", "conversion_id"])


def test_every_row_of_the_mart_is_of_enough_users_and_what_is_hidden_too(marts):
    lake, cell = marts.snapshots.lake, ["channel", "campaign", "kind", "goal"]
    daily = lake.read(CHANNEL_DAILY)
    assert daily.filter(channel=SMALL).height
    for model in FEW:
        shown, behind = daily.filter(model=model), users_behind(lake, model)
        cells = shown.filter(pl.col("channel") != SMALL)
        counted = behind.group_by("day", "currency", *cell).agg(pl.col("user").n_unique())
        assert cells.join(counted, on=["day", "currency", *cell])["user"].min() >= FEWEST
        hidden = behind.join(cells, on=["day", "currency", *cell], how="anti").join(shown, on=["day", "currency"], how="semi")
        assert hidden.group_by("day", "currency").agg(pl.col("user").n_unique())["user"].min() >= FEWEST


def test_models_that_are_conserved_show_the_same_totals_so_that_none_tells_of_another(marts):
    totals = marts.snapshots.lake.read(CHANNEL_DAILY).group_by("day", "model").agg(pl.col("conversions").sum()).sort("day", "model")
    for _, of_day in totals.group_by("day"):
        assert of_day["conversions"].to_list() == pytest.approx([of_day["conversions"][0]] * of_day.height)


def test_the_difference_of_any_two_ranges_is_a_sum_of_days_that_could_be_seen(marts):
    def sums(start, end):
        rows = credit(marts, ["last_touch"], ["channel"], Selection(start=start, end=end)).frame
        return dict(zip(rows["channel"], rows["conversions"], strict=True))

    days = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
    of_day = {day: sums(day, day) for day in days}
    for start, end in combinations(days, 2):
        longer, shorter = sums(start, end), sums(start, end - timedelta(days=1))
        for channel in longer:
            assert longer[channel] - shorter.get(channel, 0) == pytest.approx(of_day[end].get(channel, 0))


def test_paths_are_those_of_enough_users_on_their_day_and_their_sums_are_of_these_alone(marts):
    lake = marts.snapshots.lake
    answer, totals = top_paths(marts, window(marts, PATHS, FIRST, LAST))
    assert answer.frame.height
    journeys = lake.read(JOURNEYS, DayRange(FIRST, LAST)).group_by("day", "channel").agg(pl.col("user").n_unique())
    seen = journeys.filter(pl.col("user") >= FEWEST)["channel"].to_list()
    assert all(path in seen for path in answer.frame["path"].to_list())
    assert totals["conversions"] == pytest.approx(answer.frame["conversions"].sum())


def test_what_single_users_show_through_is_refused(marts):
    days = window(marts, PATHS, FIRST, LAST)
    conversion = marts.snapshots.lake.read(JOURNEYS).filter(outcome="converted")["conversion_id"][0]
    for ask in (
        lambda: transitions(marts, days),
        lambda: funnel(marts, days),
        lambda: lengths(marts, days),
        lambda: trail(marts, conversion),
    ):
        with pytest.raises(HiddenError, match="fewer than 3 users"):
            ask()


def test_off_the_marts_are_as_they_were(marts):
    """Last: it writes the marts anew."""
    lake, open_to_all, days = marts.snapshots.lake, parse_config(SETTINGS), DayRange(FIRST, LAST)
    hidden = lake.read(CHANNEL_DAILY, days)
    write_marts(lake, open_to_all, FEW, days)
    shown = lake.read(CHANNEL_DAILY, days)
    assert SMALL not in set(shown["channel"])
    assert shown.height > hidden.height
