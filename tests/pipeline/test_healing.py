"""What is damaged in the lake and follows from what is whole is computed again, to the last bit; what follows from nothing is named and left."""

import random
import shutil
from datetime import date

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mta_assets.config import parse_config
from mta_assets.contracts.bands import BANDS
from mta_assets.contracts.catalogue import GIVEN
from mta_assets.contracts.profiles import BOTS
from mta_assets.contracts.tables import (
    CHANNEL_DAILY,
    FILES,
    JOURNEYS,
    RESTATEMENTS,
    RETIRED,
    STAGED_TOUCHPOINTS,
    TOUCHPOINTS,
    credits_table,
)
from mta_assets.errors import DamagedError
from mta_assets.lake.lake import Lake
from mta_assets.pipeline import restatements
from mta_assets.pipeline.core import pending_core_days
from mta_assets.pipeline.healing import Healing, ask, damage_of
from mta_assets.pipeline.run import catch_up, run, tables
from tests.pipeline.crashing import CONFIG, MODELS_IN_TEST, NOW, SETTINGS, TOUCHES, land, ran
from tests.pipeline.damaging import damaged_one

ALL = tables(MODELS_IN_TEST)


@pytest.fixture
def rng() -> random.Random:
    return random.Random(11)  # noqa: S311  the same damage each time, and no secret


@pytest.fixture
def broken(case, tmp_path, rng):
    """Makes a whole lake of which one file of each of these tables is damaged, as a process finds it that has read nothing."""

    def make(*damaged, how="a bit flipped", of=None) -> Lake:
        root = shutil.copytree(of or case.calm, tmp_path / "lake")
        for table in damaged:
            damaged_one(root / table.name, Lake(str(root)).files(table), how, rng)
        return Lake(str(root))

    return make


def heal(lake: Lake, config=CONFIG) -> Healing:
    healing = ask(lake, config, damage_of(lake, ALL), NOW)
    catch_up(lake, config, MODELS_IN_TEST, NOW)
    assert damage_of(Lake(lake.root), ALL) == []
    return healing


def test_damage_of_every_table_that_follows_from_another_is_healed_at_once_to_the_last_bit(case, broken):
    whole = Lake(str(case.calm))
    derived = [table for table in ALL if table not in GIVEN and whole.files(table)]
    assert len(derived) > 15
    lake = broken(*derived)
    assert [damage.table for damage in damage_of(lake, ALL)] == derived
    assert heal(lake).lost == ()
    case.check(Lake(lake.root))


@pytest.mark.parametrize("how", ["a bit flipped", "gone"])
def test_a_damaged_day_of_a_mart_is_all_that_is_computed_again(case, broken, how):
    lake = broken(CHANNEL_DAILY, how=how)
    with pytest.raises(DamagedError, match="Call `mta heal`"):
        lake.read(CHANNEL_DAILY)
    before = {table: lake.version(table) for table in (TOUCHPOINTS, BANDS)}
    healing = heal(lake)
    assert (len(healing.core), len(healing.closing), healing.lost) == (0, 1, ())
    assert {table: lake.version(table) for table in before} == before
    case.check(Lake(lake.root))


def test_of_a_damaged_core_day_nobody_knows_what_changed_so_that_all_from_it_on_is_computed_again(case, broken):
    lake = broken(TOUCHPOINTS)
    (damage,) = damage_of(lake, ALL)
    assert heal(lake).core == damage.days
    restated = lake.read(RESTATEMENTS).filter(cause="events that nobody knows, 0 changed rows of spend", scope="closing")
    assert restated["day"].min() == damage.days[0]
    assert restated["day"].max() == date(2024, 1, 8)  # the newest event is of the 5th, and what it touches expires two days later
    case.check(Lake(lake.root))


def test_files_that_land_on_a_lake_with_damage_and_a_healing_that_was_killed_are_brought_to_the_same_end(case, broken):
    lake = broken(TOUCHPOINTS, JOURNEYS, credits_table("linear"), of=case.before)
    ask(lake, CONFIG, damage_of(lake, ALL), NOW)  # and dies
    ran(Lake(lake.root), case.landing)
    case.check(Lake(lake.root))


def test_what_was_pending_is_asked_for_anew_since_the_damage_may_have_failed_it(broken):
    lake, day = broken(CHANNEL_DAILY), date(2024, 1, 11)
    restatements._put(lake, "failed", [(day, "fit")], "pending", "test", NOW)
    ask(lake, CONFIG, damage_of(lake, ALL), NOW)
    asked = lake.read(RESTATEMENTS).filter(status="pending", day=day)
    assert asked["cause"].sort().to_list() == [restatements.DAMAGED, "test"]


def test_when_the_list_of_what_is_pending_is_damaged_all_that_it_may_have_listed_is_computed(case, broken):
    lake = broken()
    restatements._put(lake, "lost", [(date(2024, 1, 4), "closing")], "pending", "test", NOW)
    lake.compact(RESTATEMENTS)
    first = lake.read(RESTATEMENTS)["day"].min()
    fresh = broken(RESTATEMENTS, of=shutil.move(lake.root, f"{lake.root}-listed"))
    healing = heal(fresh)
    assert (healing.core, healing.closing, healing.lost) == ((), (), ())
    assert fresh.read(RESTATEMENTS).filter(pl.col("cause") == restatements.DAMAGED)["day"].min() == first
    case.check(Lake(fresh.root))


def test_bots_are_found_again(case, tmp_path, rng):
    config = parse_config(SETTINGS | {"checks": {"bots": {"touches_per_day": 2}}})
    lake = Lake(str(shutil.copytree(case.empty, tmp_path / "lake")))
    touches = [f"dan,2024-01-0{day}T0{hour}:00Z,email," for day in (3, 4) for hour in (1, 2)]
    run(lake, config, MODELS_IN_TEST, land(tmp_path / "landing", {"touchpoints/d.csv": [TOUCHES, *touches]}), NOW)
    found = lake.read(BOTS).sort(BOTS.key)
    assert found.height == 2
    damaged_one(tmp_path / "lake" / BOTS.name, lake.files(BOTS), "a bit flipped", rng)
    heal(Lake(lake.root), config)
    assert_frame_equal(Lake(lake.root).read(BOTS).sort(BOTS.key), found)


def test_staged_rows_follow_from_nothing_so_that_their_file_is_named_and_all_else_is_healed(case, broken):
    lake = broken(STAGED_TOUCHPOINTS, CHANNEL_DAILY)
    damaged = damage_of(lake, ALL)
    healing = ask(lake, CONFIG, damaged, NOW)
    assert len(healing.closing) == 1
    (lost,) = healing.lost
    assert damaged[0].files[0] in lost
    assert "Put the file back from a copy" in lost
    catch_up(lake, CONFIG, MODELS_IN_TEST, NOW)
    file = damaged[0].files[0]
    shutil.copy(case.calm / STAGED_TOUCHPOINTS.name / file, f"{lake.root}/{STAGED_TOUCHPOINTS.name}/{file}")
    case.check(Lake(lake.root))


def test_results_of_final_days_cannot_be_computed_again_and_are_named(broken):
    lake = broken(CHANNEL_DAILY)
    kept = {"table": TOUCHPOINTS.name, "kept_since": date(2024, 1, 3), "retired_at": NOW}
    lake.append(RETIRED, pl.DataFrame([kept], schema=RETIRED.schema))
    healing = ask(lake, CONFIG, damage_of(lake, ALL), NOW)
    assert healing.closing == ()
    assert "are final" in healing.lost[0]


def test_of_a_lake_whose_list_of_files_is_damaged_nothing_is_computed(broken):
    lake = broken(FILES, CHANNEL_DAILY)
    version = lake.version(RESTATEMENTS)
    healing = ask(lake, CONFIG, damage_of(lake, ALL), NOW)
    assert (healing.core, healing.closing, len(healing.lost)) == ((), (), 1)
    assert lake.version(RESTATEMENTS) == version


def test_a_lake_without_damage_is_left_alone(broken):
    lake = broken()
    assert damage_of(lake, ALL) == []
    assert ask(lake, CONFIG, [], NOW) == Healing()
    assert pending_core_days(lake) == []
