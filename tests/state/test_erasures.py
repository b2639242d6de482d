"""Records of erasures: encrypted while they are pending, signed when they are done, and rows that name a user go from both databases."""

from dataclasses import replace

import pytest

from mta_assets.errors import NotFoundError, RefusedValueError, StateError
from mta_assets.ingest.persons import PrivacyKeys
from mta_assets.state.checks import CheckResult, Checks
from mta_assets.state.erasures import MOST_IDS, Erasures, ErasureState, Ids
from mta_assets.state.forgetting import forget

KEYS = PrivacyKeys(current=b"k" * 32)
ANN = "ann.secret@example.org"


@pytest.fixture
def erasures(store):
    return Erasures(store, KEYS)


def test_a_pending_one_keeps_the_ids_where_only_the_key_reads_them(erasures, store, now):
    asked = erasures.ask(Ids(user_ids=(ANN,)), requested_by="me", now=now)
    assert erasures.unfinished() == (asked,)
    assert erasures.ids_of(asked.id).user_ids == (ANN,)
    later = Erasures(store, PrivacyKeys(current=b"n" * 32, before=(KEYS.current,)))
    assert later.ids_of(asked.id).user_ids == (ANN,)
    with pytest.raises(StateError, match="MTA_PRIVACY_KEYS_BEFORE"):
        Erasures(store, PrivacyKeys(current=b"n" * 32)).ids_of(asked.id)


def test_a_done_one_is_signed_and_its_ids_are_gone(erasures, now):
    asked = erasures.ask(Ids(user_ids=(ANN,)), requested_by="me", now=now)
    erasures.note(asked.id, Ids(stored=(ANN,)), marks=["m1"], counts={"core/journeys": 1})
    erasures.add_days(asked.id, ["2026-03-01"])
    done = erasures.finish(asked.id, counts={"core/journeys": 1}, remaining=[], now=now)
    assert (done.state, done.marks, done.days) == (ErasureState.DONE, ("m1",), ("2026-03-01",))
    assert erasures.unfinished() == ()
    assert erasures.is_genuine(erasures.get(asked.id)) is True
    for changed in ({"requested_by": "you"}, {"counts": {}}, {"marks": ()}, {"state": ErasureState.PENDING}, {"signature": "0" * 64}):
        assert erasures.is_genuine(replace(done, **changed)) is False
    with pytest.raises(StateError, match="no longer known"):
        erasures.ids_of(asked.id)


def test_one_that_left_something_can_be_gone_on_with(erasures, now):
    asked = erasures.ask(Ids(user_ids=(ANN,)), requested_by="me", now=now)
    left = erasures.finish(asked.id, counts={}, remaining=["landing/a.csv"], now=now)
    assert (left.state, erasures.ids_of(asked.id).user_ids) == (ErasureState.INCOMPLETE, (ANN,))


@pytest.mark.parametrize("ids", [{}, {"user_ids": ("",)}, {"user_ids": ("x" * 1_001,)}, {"user_ids": ("x",) * (MOST_IDS + 1)}])
def test_what_names_nobody_or_too_many_is_refused(ids):
    with pytest.raises(RefusedValueError):
        Ids(**ids)


def test_an_unknown_one_is_not_found(erasures):
    with pytest.raises(NotFoundError):
        erasures.get("er_none")


def test_rows_that_name_a_user_go_and_the_database_is_compacted(store, now):
    told = {"asset": "core/journeys", "passed": False, "run_id": "r", "at": now}
    Checks(store).record(
        [
            CheckResult(name="a", message="fine", numbers={"user": [f"of {ANN}"]}, **told),
            CheckResult(name="b", message="fine", numbers={}, **told),
        ]
    )
    counts, jobs = forget(store, lambda text: ANN in text)
    assert {name: count for name, count in counts.items() if count} == {"checks": 1}
    assert jobs == ()
    assert [result.name for result in Checks(store).latest().items] == ["b"]
    store.compact()
    store.ping()
