"""What is over is kept for its time and then removed; what is not over stays."""

from datetime import timedelta

import pytest

from mta_assets.errors import ConfigError
from mta_assets.state.audit import Audit, AuditEvent, AuditKind
from mta_assets.state.deliveries import Deliveries
from mta_assets.state.idempotency import Idempotency
from mta_assets.state.jobs import Jobs
from mta_assets.state.retention import Removed, RetentionPolicy, prune
from mta_assets.state.webhooks import Webhooks

PEPPER = b"p" * 32
POLICY = RetentionPolicy(jobs_days=1, audit_days=2, deliveries_days=3)


@pytest.fixture
def ended_job(store, now):
    jobs = Jobs(store)
    ask = {"owner": "o", "key_id": "k", "request_id": "r", "options": {}, "files": [], "now": now}
    jobs.create(**ask)
    return jobs.fail(jobs.create(**ask).id, "no", now=now)


@pytest.fixture
def everything(store, ended_job, now):
    """One thing of each kind that is over, and one that is not."""
    Audit(store).append([AuditEvent(at=now, kind=AuditKind.JOB, action="a", outcome="b")])
    webhooks, deliveries = Webhooks(store, PEPPER), Deliveries(store, PEPPER)
    for _ in range(2):
        webhook, _ = webhooks.create(owner="o", url="https://h/", events=["ping"], now=now)
        deliveries.ping(webhook.id, "o", now=now)
    deliveries.record(deliveries.due(now)[0].delivery.id, delivered=True, now=now)
    Idempotency(store).begin(owner="o", key="k", fingerprint="f", now=now)


@pytest.mark.parametrize(("days", "expected"), [(1, (0, 0, 0, 1)), (1.5, (1, 0, 0, 1)), (2.5, (1, 1, 0, 1)), (99, (1, 1, 1, 1))])
def test_each_table_is_pruned_after_its_own_time(store, everything, ended_job, now, days, expected):
    removed = prune(store, now=now + timedelta(days=days), policy=POLICY)
    jobs, audit, deliveries, idempotency = expected
    ids = (ended_job.id,) if jobs else ()
    assert removed == Removed(
        jobs=jobs, audit=audit, deliveries=deliveries, idempotency=idempotency, checks=0, alerts=0, vitals=0, job_ids=ids
    )
    again = prune(store, now=now + timedelta(days=days), policy=POLICY)
    assert again == Removed(jobs=0, audit=0, deliveries=0, idempotency=0, checks=0, alerts=0, vitals=0, job_ids=())
    assert len(Jobs(store).queued()) == 1


def test_what_waits_for_a_paused_subscription_is_not_kept_for_ever(store, everything, now):
    webhooks = Webhooks(store, PEPPER)
    for webhook in webhooks.list(None).items:
        webhooks.change(webhook.id, None, active=False)
    assert prune(store, now=now + timedelta(days=4), policy=POLICY).deliveries == 2


def test_nothing_that_just_happened_is_removed_by_default(store, everything, now):
    assert prune(store, now=now) == Removed(jobs=0, audit=0, deliveries=0, idempotency=0, checks=0, alerts=0, vitals=0, job_ids=())


def test_a_policy_keeps_a_day_at_least():
    with pytest.raises(ConfigError, match="audit_days"):
        RetentionPolicy(audit_days=0)
