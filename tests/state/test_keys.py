"""A key lets its holder in for as long as it should; what is stored lets nobody in."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from mta_assets.errors import ConflictError, CursorError, NotFoundError, StateError
from mta_assets.state.access import MEANINGS, ROLES, Scope
from mta_assets.state.keys import DEVELOPMENT_KEY, KeyRecord, Keys, Reason, Refusal

PEPPER = b"p" * 32
DAY = timedelta(days=1)


@pytest.fixture
def keys(store):
    return Keys(store, PEPPER)


@pytest.fixture
def made(keys, now):
    return keys.create(owner="acme", name="report", role="analyst", now=now)


def test_a_new_key_lets_in_with_the_scopes_of_its_role(keys, made, now):
    record, presented = made
    assert re.fullmatch(r"mta_[0-9A-Za-z]{8}_[0-9A-Za-z_-]{43}", presented)
    assert keys.check(presented, now) == record == keys.get(record.id)
    assert (record.owner, record.name, record.scopes, record.expires_at) == ("acme", "report", ROLES["analyst"], now + 30 * DAY)


def test_the_secret_is_nowhere_in_the_store(store, made):
    record, presented = made
    secret = presented.split("_", 2)[2]
    with store.reading() as session:
        kept = str(session.execute(text("SELECT * FROM api_keys")).mappings().one())
    assert record.id in kept
    assert secret not in kept
    assert secret.encode().hex() not in kept
    assert secret not in repr(record)


def test_another_pepper_checks_nothing(store, made, now):
    record, presented = made
    assert Keys(store, b"q" * 32).check(presented, now) == Refusal(reason=Reason.WRONG, key_id=record.id)


@pytest.mark.parametrize(
    "presented",
    ["", "x", "mta_", "dev-api-key", "mta_abcdefgh_" + "x" * 43, "mta_abcdefgh_" + "x" * 44, "mta_ä\0 \n", "\ud800", "m" * 100_000],
)
def test_a_key_that_was_never_made_is_unknown(keys, now, presented):
    assert keys.check(presented, now).reason is Reason.UNKNOWN


def test_a_wrong_secret_is_refused_with_the_key_that_it_names(keys, made, now):
    record, presented = made
    changed = presented[:-1] + ("A" if presented[-1] != "A" else "B")
    assert keys.check(changed, now) == Refusal(reason=Reason.WRONG, key_id=record.id)
    assert keys.check(presented + "\n", now).reason is Reason.UNKNOWN


def test_a_key_expires_at_its_moment(keys, made, now):
    record, presented = made
    assert keys.check(presented, record.expires_at - timedelta(microseconds=1)) == record
    assert keys.check(presented, record.expires_at) == Refusal(reason=Reason.EXPIRED, key_id=record.id)


def test_a_revoked_key_is_refused_and_keeps_its_first_revocation(keys, made, now):
    record, presented = made
    assert keys.revoke(record.id, now + DAY).revoked_at == now + DAY
    assert keys.revoke(record.id, now + 2 * DAY).revoked_at == now + DAY
    assert keys.check(presented, now + 2 * DAY).reason is Reason.REVOKED


def test_whoever_holds_no_right_secret_is_not_told_that_the_key_was_revoked(keys, made, now):
    record, _ = made
    keys.revoke(record.id, now)
    assert keys.check(f"mta_{record.id}_{'x' * 43}", now).reason is Reason.WRONG


def test_a_rotated_key_works_on_until_the_overlap_ends(keys, made, now):
    record, presented = made
    later = now + 10 * DAY
    new, new_presented = keys.rotate(record.id, now=later)
    assert (new.owner, new.name, new.scopes, new.limit_per_hour) == (record.owner, record.name, record.scopes, record.limit_per_hour)
    assert new.expires_at == later + 30 * DAY
    assert keys.check(new_presented, later) == new
    assert isinstance(keys.check(presented, later + DAY - timedelta(seconds=1)), KeyRecord)
    assert keys.check(presented, later + DAY).reason is Reason.EXPIRED
    assert keys.get(record.id).replaced_by == new.id


def test_an_overlap_never_prolongs_a_key(keys, made, now):
    record, _ = made
    keys.rotate(record.id, now=record.expires_at - timedelta(minutes=1), overlap=7 * DAY)
    assert keys.get(record.id).expires_at == record.expires_at


def test_a_key_that_does_not_let_in_cannot_be_rotated(keys, now):
    expired, _ = keys.create(owner="o", name="n", role="viewer", now=now, lifetime=DAY)
    revoked, _ = keys.create(owner="o", name="n", role="viewer", now=now)
    keys.revoke(revoked.id, now)
    for record in (expired, revoked):
        with pytest.raises(ConflictError):
            keys.rotate(record.id, now=now + DAY)


def test_a_key_is_rotated_once_however_many_try(keys, made, now):
    def attempt(_):
        try:
            return keys.rotate(made[0].id, now=now)[0].id
        except ConflictError:
            return None

    with ThreadPoolExecutor(8) as pool:
        won = [id_ for id_ in pool.map(attempt, range(8)) if id_]
    assert won == [keys.get(made[0].id).replaced_by]
    assert len(keys.list().items) == 2


def test_the_last_use_only_moves_forward(keys, made, now):
    record, _ = made
    keys.used({record.id: now + DAY, "nosuchid": now})
    keys.used({record.id: now})
    keys.used({})
    assert keys.get(record.id).last_used_at == now + DAY


def test_batches_of_uses_from_many_threads_all_arrive(keys, now):
    ids = [keys.create(owner="o", name=str(n), role="viewer", now=now)[0].id for n in range(5)]

    def report(n):
        order = ids if n % 2 else ids[::-1]
        keys.used({id_: now + timedelta(seconds=n) for id_ in order})

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(report, range(24)))
    assert {record.last_used_at for record in keys.list().items} == {now + timedelta(seconds=23)}


def test_pages_hold_every_key_once_the_newest_first(keys, now):
    made = [keys.create(owner="o", name=str(n), role="viewer", now=now)[0].id for n in range(5)]
    first = keys.list(limit=2)
    keys.create(owner="o", name="while reading", role="viewer", now=now)
    second = keys.list(after=first.next, limit=2)
    third = keys.list(after=second.next, limit=2)
    assert [record.id for page in (first, second, third) for record in page.items] == made[::-1]
    assert third.next is None


@pytest.mark.parametrize("cursor", ["x", "", "-1", "9" * 40, "٣", "1;drop table api_keys"])
def test_a_made_up_cursor_is_refused(keys, cursor):
    with pytest.raises(CursorError):
        keys.list(after=cursor)


@pytest.mark.parametrize("id_", ["", "nosuchid", "a\0b", "\ud800", "../x"])
def test_an_unknown_id_is_not_found(keys, now, id_):
    for call in (lambda: keys.get(id_), lambda: keys.revoke(id_, now), lambda: keys.rotate(id_, now=now)):
        with pytest.raises(NotFoundError):
            call()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"role": "analist"}, "Did you mean 'analyst'"),
        ({"role": None}, "either a role"),
        ({"scopes": ["results:read"]}, "either a role"),
        ({"role": None, "scopes": ["results:write"]}, "Did you mean 'results:read' or"),
        ({"role": None, "scopes": []}, "one scope at least"),
        ({"owner": " "}, "owner"),
        ({"name": "a\nb"}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"lifetime": timedelta(0)}, "lives for"),
        ({"lifetime": timedelta.max}, "lives for"),
        ({"limit_per_hour": 0}, "limit"),
        ({"limit_per_hour": 2**31}, "limit"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused(keys, now, wrong, says):
    with pytest.raises(StateError, match=says):
        keys.create(**{"owner": "o", "name": "n", "role": "viewer", "now": now} | wrong)
    assert keys.list().items == ()


def test_a_key_of_single_scopes_may_do_only_those(keys, now):
    record, presented = keys.create(owner="o", name="n", scopes=[Scope.JOBS_READ, "jobs:read"], limit_per_hour=5, now=now)
    assert keys.check(presented, now) == record
    assert (record.role, record.scopes, record.limit_per_hour) == (None, {Scope.JOBS_READ}, 5)
    assert keys.rotate(record.id, now=now)[0].scopes == {Scope.JOBS_READ}


def test_the_development_key_is_an_admin_in_development_and_nothing_else(store, keys, now):
    assert keys.check(DEVELOPMENT_KEY, now) == Refusal(reason=Reason.UNKNOWN, key_id=None)
    record = Keys(store, PEPPER, development=True).check(DEVELOPMENT_KEY, now)
    assert (record.role, record.scopes) == ("admin", frozenset(Scope))


def test_a_short_pepper_is_refused(store):
    with pytest.raises(StateError, match="pepper"):
        Keys(store, b"short")


def test_each_role_may_do_more_than_the_one_before():
    assert ROLES["viewer"] < ROLES["analyst"] < ROLES["admin"] == frozenset(Scope) == frozenset(MEANINGS)
