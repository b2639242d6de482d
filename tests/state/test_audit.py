"""The audit log keeps what happened, and nothing that lets anybody in."""

from datetime import timedelta

import pytest

from mta_assets.state.audit import Audit, AuditEvent, AuditKind
from mta_assets.state.keys import Keys

SECOND = timedelta(seconds=1)


@pytest.fixture
def audit(store):
    return Audit(store)


def event(at, **more):
    return AuditEvent(**{"at": at, "kind": AuditKind.AUTHENTICATION, "action": "key", "outcome": "refused"} | more)


def test_events_come_back_the_newest_first_and_once(audit, now):
    events = [event(now + n * SECOND, subject=str(n), details={"n": n, "list": [1.5, None, True]}) for n in range(5)]
    audit.append(events[:3])
    audit.append(iter(events[3:]))
    audit.append([])
    first = audit.list(limit=3)
    second = audit.list(after=first.next)
    assert (*first.items, *second.items) == tuple(events[::-1])
    assert second.next is None


def test_a_filter_keeps_what_matches_all_of_it(audit, now):
    audit.append(
        [
            event(now, owner="a", key_id="k1"),
            event(now + SECOND, owner="a", outcome="accepted"),
            event(now + 2 * SECOND, owner="b", kind=AuditKind.DATA),
        ]
    )
    found = {
        "owner": audit.list(owner="a").items,
        "both": audit.list(owner="a", outcome="accepted").items,
        "kind": audit.list(kind=AuditKind.DATA).items,
        "key": audit.list(key_id="k1").items,
        "time": audit.list(since=now + SECOND, until=now + 2 * SECOND).items,
        "none": audit.list(owner="a\0").items,
    }
    assert {name: len(items) for name, items in found.items()} == {"owner": 2, "both": 1, "kind": 1, "key": 1, "time": 1, "none": 0}


def test_no_key_secret_or_token_is_kept_wherever_it_was_put(store, audit, now):
    record, presented = Keys(store, b"p" * 32).create(owner="o", name="n", role="viewer", now=now)
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJlLXNpZ25hdHVyZQ"  # noqa: S105  made up
    audit.append(
        [event(now, subject=f"X-API-Key: {presented}", action=token, details={presented: [{"deep": f"Bearer {token}"}, presented]})]
    )
    kept = str(audit.list().items[0])
    assert record.id in kept
    assert presented.split("_", 2)[2] not in kept
    assert "eyJzdWIi" not in kept


def test_hostile_text_is_kept_as_far_as_databases_can(audit, now):
    audit.append([event(now, subject="a\0b\ud800'; DROP TABLE audit; --\r\n", address="x" * 10_000, details={"\0": "\ud800\0"})])
    kept = audit.list().items[0]
    assert kept.subject == "a\ufffdb\ufffd'; DROP TABLE audit; --\r\n"
    assert len(kept.address) == 1_000


def test_what_is_old_is_removed_and_counted(audit, now):
    audit.append([event(now + n * SECOND) for n in range(3)])
    assert audit.prune(now + 2 * SECOND) == 2
    assert [kept.at for kept in audit.list().items] == [now + 2 * SECOND]
