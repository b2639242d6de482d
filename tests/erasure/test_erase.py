"""A user who is erased has never been there: the results are those of a lake that never saw the user, and no byte of it tells."""

import os
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from deltalake import DeltaTable
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from mta_assets.contracts.tables import CORE, ERASED, FILES, QUARANTINE, RESTATEMENTS
from mta_assets.erasure.erase import erase_pending
from mta_assets.errors import ConfigError, LakeError, MtaError
from mta_assets.ingest.persons import PrivacyKeys
from mta_assets.lake.lake import Lake
from mta_assets.pipeline import persons
from mta_assets.pipeline.run import run, tables
from mta_assets.state.erasures import Erasures, Ids
from tests.erasure.erasing import (
    ANN,
    CONFIG,
    KEYS,
    MODELS_IN_TEST,
    NOW,
    ORDERS,
    TOUCHES,
    copy_of,
    erased,
    land,
    results,
    shop,
    traces,
    without,
)
from tests.erasure.erasing import FILES as LANDED

EXAMPLES = int(os.environ.get("MTA_TEST_EXAMPLES", "2"))

users = st.sampled_from([ANN, ANN, "bob", "cid"])
moments = st.builds("2024-01-0{}T0{}:00Z".format, st.integers(1, 7), st.integers(0, 9))
touches = st.builds("{},{},{},{}".format, users, moments, st.sampled_from(["email", "direct"]), st.sampled_from(["", "t1", "t2"]))
orders = st.builds("{},{},{},{}".format, users, moments, st.sampled_from(["10.10", "0.1"]), st.sampled_from(["", "o1", "o2"]))
arrivals = st.lists(st.tuples(st.sampled_from("abc"), st.lists(touches, max_size=8), st.lists(orders, max_size=4)), min_size=1, max_size=4)


@pytest.fixture(autouse=True)
def keys(monkeypatch):
    """What the environment would say."""
    monkeypatch.setenv("MTA_PRIVACY_KEY", KEYS.current.decode())


def files_of(arriving):
    return {
        name: content
        for letter, touched, ordered in arriving
        for name, content in ((f"touchpoints/{letter}.csv", [TOUCHES, *touched]), (f"conversions/{letter}.csv", [ORDERS, *ordered]))
    }


def assert_as_if_never_there(places, scratch, *, but=()):
    expected = results(scratch.lake)
    for name, frame in results(places.lake).items():
        assert_frame_equal(frame.drop(but, strict=False), expected[name].drop(but, strict=False), check_exact=True)
    assert places.lake.read(FILES)["pending_days"].list.len().sum() == 0
    assert set(places.lake.read(RESTATEMENTS)["status"]) <= {"done"}


@given(arriving=arrivals, still_landed=st.booleans())
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow], phases=[Phase.explicit, Phase.generate])
def test_results_are_those_of_a_lake_that_never_saw_the_user(arriving, still_landed):
    """Files that are still landed lose the rows; where they are gone, the lake does, and rows keep their numbers, also in the reasons of conflicts."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("MTA_PRIVACY_KEY", KEYS.current.decode())
        places = shop(Path(folder, "one"), {})
        for letter in range(len(arriving)):
            land(places.landing, files_of(arriving[letter : letter + 1]))
            run(places.lake, CONFIG, MODELS_IN_TEST, places.landing, NOW)
        if not still_landed:
            for path in places.landing.rglob("*.csv"):
                path.unlink()
        done = erased(places)
        assert (done.state, done.remaining) == ("done", ())
        assert_as_if_never_there(
            places, shop(Path(folder, "scratch"), without(files_of(arriving))), but=() if still_landed else ("row", "reason")
        )
        assert traces(Path(folder, "one")) == []


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """The shop before anything is erased."""
    places = shop(tmp_path_factory.mktemp("opened") / "shop")
    places.store.close()
    return places


@pytest.fixture(scope="module")
def gone(opened, tmp_path_factory):
    """(another shop after she was erased, the record of it). Not to be changed."""
    places = copy_of(opened, tmp_path_factory.mktemp("gone") / "shop")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MTA_PRIVACY_KEY", KEYS.current.decode())
        done = erased(places)
    places.store.close()
    return places, done


@pytest.fixture
def places(opened, tmp_path):
    return copy_of(opened, tmp_path / "shop")


@pytest.fixture
def after(gone, tmp_path):
    return copy_of(gone[0], tmp_path / "shop")


def test_no_byte_of_lake_landing_state_and_uploads_tells_of_the_user(opened, gone, tmp_path):
    assert len(traces(opened.landing.parent)) > 20  # the search finds what there is
    places, done = gone
    assert (done.state, done.remaining) == ("done", ())
    assert traces(places.landing.parent) == []
    assert_as_if_never_there(places, shop(tmp_path / "scratch", without(LANDED)))


def test_the_record_tells_what_was_done_and_not_to_whom(gone, after):
    done = gone[1]
    assert done.counts == {
        "staged/touchpoints": 2,
        "staged/conversions": 3,
        "staged/quarantine": 2,
        "core/touchpoints": 2,
        "core/conversions": 3,
        "core/journeys": 3,
        "credits/linear": 3,
        "credits/markov_1": 5,  # it shares all channels' credit out over every conversion of a day
        "credits/counterfactual": 3,
        "landing": 7,
    }
    assert (done.requested_by, done.requested_at, done.finished_at) == ("the test", NOW, NOW)
    assert done.days
    erasures = Erasures(after.store, KEYS)
    assert erasures.is_genuine(erasures.get(done.id)) is True
    assert erasures.is_genuine(replace(done, counts={})) is False
    assert Erasures(after.store, PrivacyKeys(current=b"o" * 32)).is_genuine(done) is None
    with pytest.raises(MtaError, match="no longer known"):
        erasures.ids_of(done.id)


def test_a_conversion_names_its_user(places, tmp_path):
    assert erased(places, conversion_ids=("o9",)).state == "done"
    assert traces(tmp_path / "shop") == []


def test_a_conversion_that_nobody_made_is_refused_and_erases_nobody(places):
    before = results(places.lake)
    with pytest.raises(MtaError, match="no conversion o77"):
        erased(places, conversion_ids=("o77",))
    assert all(frame.equals(before[name]) for name, frame in results(places.lake).items())


def test_a_user_who_was_never_there_is_erased_as_well(places):
    before = results(places.lake)
    done = erased(places, user_ids=("nobody@example.org",))
    assert (done.state, done.counts) == ("done", {})
    assert all(frame.equals(before[name]) for name, frame in results(places.lake).items())


def test_rows_that_come_again_are_refused_without_naming_the_user(after, tmp_path):
    before = results(after.lake)
    land(after.landing, {"touchpoints/late.csv": [TOUCHES, f"{ANN},2024-01-02T01:00Z,email,", f"{ANN},never,email,", f"{ANN},2024"]})
    run(after.lake, CONFIG, MODELS_IN_TEST, after.landing, NOW)
    refused = after.lake.read(QUARANTINE).filter(file="touchpoints/late.csv")
    assert refused.filter(row=2)["reason"].to_list() == refused.filter(row=3)["reason"].to_list() == ["belongs to a user who was erased"]
    assert refused["record"].to_list() == refused["value"].to_list() == [None] * 3
    assert traces(tmp_path / "shop" / "lake") == []
    for name, frame in results(after.lake).items():
        if name != QUARANTINE.name:
            assert_frame_equal(frame, before[name], check_exact=True)
    again = erased(after)  # the file itself still had them
    assert (again.state, again.counts["landing"]) == ("done", 3)
    assert traces(tmp_path / "shop") == []


def test_without_the_key_no_file_is_read_rather_than_an_erased_user_let_in(after, monkeypatch):
    monkeypatch.setenv("MTA_PRIVACY_KEY", "another" * 5)
    with pytest.raises(ConfigError, match="would come back"):
        persons.persons_of(after.lake, CONFIG)
    monkeypatch.setenv("MTA_PRIVACY_KEYS_BEFORE", KEYS.current.decode())
    assert persons.persons_of(after.lake, CONFIG).erased


def test_a_file_that_cannot_be_looked_into_is_told(places):
    (places.landing / "touchpoints" / "broken.csv").write_bytes(b"\x1f\x8b broken")
    done = erased(places)
    assert (done.state, done.remaining) == ("incomplete", ("touchpoints/broken.csv: could not be read",))
    (places.landing / "touchpoints" / "broken.csv").unlink()
    assert Erasures(places.store, KEYS).ids_of(done.id).user_ids == (ANN,)  # so that it can be gone on with


def test_another_row_that_names_the_user_is_told_of_and_left(places):
    land(places.landing, {"touchpoints/c.csv": ["user_id,ts,channel,invited_by", f"dan,2024-01-02T01:00Z,email,{ANN}"]})
    run(places.lake, CONFIG, MODELS_IN_TEST, places.landing, NOW)
    done = erased(places)
    assert done.state == "incomplete"
    assert {path.split("/")[0] for path in done.remaining} == {"lake", "landing"}
    assert ANN not in str(done)


def test_an_old_reader_goes_on_at_the_newest_version(places):
    tables_held = {table.name: DeltaTable(f"{places.lake.root}/{table.name}") for table in tables(MODELS_IN_TEST)}
    reader = Lake(places.lake.root)  # as another process has it
    began = reader.scan(CORE["touchpoints"])
    erased(places)
    for held in tables_held.values():
        held.update_incremental()
        held.to_pyarrow_table()
    with pytest.raises(LakeError, match="core/touchpoints"):
        reader.collect(began, "core/touchpoints")
    assert reader.read(CORE["touchpoints"]).equals(places.lake.read(CORE["touchpoints"]))


def test_the_log_keeps_its_retention_and_when_rows_were_written(opened, after):
    for table in tables(MODELS_IN_TEST):
        kept = DeltaTable(f"{after.lake.root}/{table.name}").metadata().configuration
        assert set(kept.values()) == {"interval 30 days", "interval 1 week"}
    assert after.lake.written_at(CORE["spend"]) >= opened.lake.written_at(CORE["spend"])


def test_many_are_erased_at_once(places, tmp_path):
    asked = Erasures(places.store, KEYS).ask(
        Ids(user_ids=(ANN, *(f"user-{n}@example.org" for n in range(500)))), requested_by="a file", now=NOW
    )
    assert [done.id for done in erase_pending(places, lambda: NOW)] == [asked.id]
    assert traces(tmp_path / "shop") == []
    assert places.lake.read(ERASED).height == 501
