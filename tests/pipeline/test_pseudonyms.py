"""With pseudonyms no byte of the lake has an id, the results are the same, and who is erased is named as files name them."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mta_assets.config import parse_config
from mta_assets.contracts.tables import CHANNEL_DAILY, QUARANTINE, STAGED
from mta_assets.errors import ConfigError
from mta_assets.ingest.persons import Persons, PrivacyKeys, key_id, mark, pseudonym
from mta_assets.pipeline.run import run
from tests.erasure.erasing import (
    ANN,
    FILES,
    KEYS,
    MODELS_IN_TEST,
    NOW,
    SETTINGS,
    TOUCHES,
    copy_of,
    erased,
    land,
    results,
    shop,
    traces,
    without,
)

HIDING = parse_config(SETTINGS | {"privacy": {"pseudonyms": True}})


@pytest.fixture(autouse=True, scope="module")
def keys():
    """What the environment would say."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MTA_PRIVACY_KEY", KEYS.current.decode())
        yield


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """The shop before anything is erased."""
    places = shop(tmp_path_factory.mktemp("opened") / "shop", config=HIDING)
    places.store.close()
    return places


@pytest.fixture(scope="module")
def without_her(tmp_path_factory):
    """What a lake that never saw her says."""
    return results(shop(tmp_path_factory.mktemp("without") / "shop", without(FILES), HIDING).lake)


@pytest.fixture
def places(opened, tmp_path):
    return copy_of(opened, tmp_path / "shop")


def test_no_byte_of_the_lake_has_an_id_and_the_landing_folder_still_has(places, tmp_path):
    for user in (ANN, "bob"):
        assert traces(tmp_path / "shop" / "lake", user) == []
    assert traces(tmp_path / "shop" / "landing") != []


def test_an_id_has_one_name_in_all_files_and_another_under_another_key(places):
    named = {user for kind in ("touchpoints", "conversions") for user in places.lake.read(STAGED[kind])["user_id"]}
    assert named == {pseudonym(KEYS.current, user) for user in (ANN, "bob", "cid")}
    assert not named & {pseudonym(b"o" * 32, user) for user in (ANN, "bob", "cid")}


def test_results_are_those_of_the_ids_themselves(places, tmp_path):
    plain = shop(tmp_path / "plain")
    shown, expected = (each.lake.read(CHANNEL_DAILY).sort(CHANNEL_DAILY.key) for each in (places, plain))
    assert_frame_equal(shown, expected, check_exact=False, rel_tol=1e-12)


def test_quarantine_shows_the_name_and_of_what_has_no_cells_the_reason_alone(places):
    rejected = places.lake.read(QUARANTINE).sort("file", "row")
    assert rejected.select("row", pl.col("record").is_null()).rows() == [(5, False), (6, True), (7, False)]
    assert pseudonym(KEYS.current, ANN) in rejected["record"][0]


@pytest.mark.parametrize("ids", [{"user_ids": (ANN,)}, {"conversion_ids": ("o9",)}])
def test_a_user_is_erased_by_the_id_or_by_what_the_user_did(places, without_her, tmp_path, ids):
    done = erased(places, **ids)
    assert (done.state, done.counts["landing"]) == ("done", 7)
    assert traces(tmp_path / "shop" / "lake", pseudonym(KEYS.current, ANN)) == []
    for name, frame in results(places.lake).items():
        assert_frame_equal(frame.drop("row", strict=False), without_her[name].drop("row", strict=False), check_exact=True)
    land(places.landing, {"touchpoints/late.csv": [TOUCHES, f"{ANN},2024-01-02T01:00Z,email,"]})
    run(places.lake, HIDING, MODELS_IN_TEST, places.landing, NOW)
    assert places.lake.read(QUARANTINE).filter(file="touchpoints/late.csv")["reason"].to_list() == ["belongs to a user who was erased"]


def test_who_was_erased_under_the_plain_id_stays_erased_under_the_name():
    known = frozenset({(key_id(KEYS.current), mark(KEYS.current, ANN))})
    for pseudonyms in (True, False):
        persons = Persons(keys=KEYS, pseudonyms=pseudonyms, erased=known)
        assert persons.is_erased(pl.Series([ANN, "bob", None])).to_list() == [True, False, False]


def test_pseudonyms_need_a_key():
    with pytest.raises(ConfigError, match="MTA_PRIVACY_KEY"):
        Persons(pseudonyms=True)
    assert "k" * 32 not in repr(PrivacyKeys(current=b"k" * 32))
