"""A request is done once under its key, and answered as the first time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from mta_assets.state.idempotency import GIVEN_UP, KEPT, Clash, Conflict, Fresh, Idempotency, Replay

ANSWER = {"status": 202, "headers": {"Location": "/v1/jobs/1"}, "body": b"\0\xff{}"}


@pytest.fixture
def begin(store, now):
    def begin(**more):
        return Idempotency(store).begin(**{"owner": "acme", "key": "k", "fingerprint": "f", "now": now} | more)

    return begin


@pytest.fixture
def idempotency(store):
    return Idempotency(store)


def test_the_second_request_gets_the_first_answer(begin, idempotency, now):
    idempotency.finish(begin(), **ANSWER, now=now)
    assert begin() == Replay(**ANSWER)
    assert begin(now=now + KEPT - timedelta(seconds=1)) == Replay(**ANSWER)
    assert isinstance(begin(now=now + KEPT), Fresh)


def test_a_key_for_something_else_and_one_in_progress_clash(begin):
    begin()
    assert begin() == Conflict(clash=Clash.IN_PROGRESS)
    assert begin(fingerprint="other") == Conflict(clash=Clash.MISMATCH)


def test_keys_belong_to_their_owner(begin):
    assert isinstance(begin(), Fresh)
    assert isinstance(begin(owner="other"), Fresh)


def test_one_of_many_at_once_is_fresh(begin):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: begin(), range(16)))
    assert sum(isinstance(answer, Fresh) for answer in answers) == 1
    assert answers.count(Conflict(clash=Clash.IN_PROGRESS)) == 15


def test_a_request_that_came_to_nothing_may_be_sent_again(begin, idempotency):
    idempotency.forget(begin())
    assert isinstance(begin(), Fresh)


def test_the_answer_of_a_request_that_was_given_up_is_not_kept(begin, idempotency, now):
    late = begin()
    again = begin(now=now + GIVEN_UP)
    assert isinstance(again, Fresh)
    idempotency.finish(late, **ANSWER, now=now + GIVEN_UP)
    assert begin(now=now + GIVEN_UP) == Conflict(clash=Clash.IN_PROGRESS)


def test_what_has_expired_is_removed_and_counted(begin, idempotency, now):
    begin()
    idempotency.finish(begin(key="other"), **ANSWER, now=now)
    assert idempotency.prune(now + GIVEN_UP) == 1
    assert begin(key="other") == Replay(**ANSWER)
