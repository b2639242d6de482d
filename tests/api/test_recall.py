"""A question that is asked again in the same words is answered without being read again; nothing else about it changes."""

import pytest

from api import passage
from api.auth import KnownKeys
from mta_assets.errors import StateAwayError
from mta_assets.state.audit import Audit
from tests.api.test_problems import assert_problem

PATH = "/v1/attribution/linear?group_by=day,channel&limit=20"


@pytest.fixture
def reads(monkeypatch):
    """How often a question was read."""
    counted, remember = [], passage.Passage.remember
    monkeypatch.setattr(passage.Passage, "remember", lambda self, again: (counted.append(again), remember(self, again)))
    return counted


def test_the_same_words_are_read_once_and_answered_alike(reader, reads):
    first, second = reader.get(PATH), reader.get(PATH)
    assert len(reads) == 1
    assert second.data == first.data
    assert (first.headers["X-Cache-Status"], second.headers["X-Cache-Status"]) == ("MISS", "HIT")
    kept = ("Content-Type", "ETag", "Cache-Control", "Vary", "Content-Security-Policy")
    assert [first.headers[name] for name in kept] == [second.headers[name] for name in kept]
    assert len(reads) == 1


def test_what_the_client_has_is_not_sent_again(reader, reads):
    first = reader.get(PATH)
    for _ in range(2):
        unchanged = reader.get(PATH, headers={"If-None-Match": first.headers["ETag"]})
        assert (unchanged.status_code, unchanged.data) == (304, b"")
        assert not {"Content-Type", "Content-Length"} & set(unchanged.headers.keys())
        assert unchanged.headers["ETag"] == first.headers["ETag"]
    asked = reader.head(PATH)
    assert (asked.status_code, asked.data, asked.headers["Content-Length"]) == (200, b"", str(len(first.data)))
    assert len(reads) == 1


def test_another_format_is_another_question(reader):
    reader.get(PATH)
    assert reader.get(PATH, headers={"Accept": "text/csv"}).content_type.startswith("text/csv")
    assert reader.get(PATH).content_type == "application/json"


def test_a_known_question_is_still_asked_only_by_those_who_may(reader):
    reader.get(PATH)
    assert reader.get(PATH, headers={"X-API-Key": "mta_00000000_wrong"}).status_code == 401


def test_a_known_question_is_charged_noted_and_counted_as_every_other(reader):
    first, second = reader.get(PATH), reader.get(PATH, headers={"X-Request-ID": "again"})
    left = [int(answer.headers["X-RateLimit-Remaining"]) for answer in (first, second)]
    assert left[1] == left[0] - 1
    services, metrics = (reader.application.extensions[name] for name in ("mta", "mta.metrics"))
    services.trail.flush()
    (noted,) = Audit(services.store).list(request_id="again").items
    assert (noted.action, noted.outcome, noted.owner, noted.subject) == ("attribution.credit_of_model", "ok", "bi", "linear")
    assert b'mta_http_requests_total{method="GET",route="/v1/attribution/<model_name:model>",status="200"} 2.0' in metrics.text()
    assert b"mta_http_requests_in_flight 0.0" in metrics.text()


def test_who_has_no_requests_left_is_told_so_also_of_a_known_question(make_app, filled):
    client = make_app(lake=filled, limit_per_hour=3).test_client()
    statuses = [client.get(PATH, headers={"X-API-Key": "dev-api-key"}).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert_problem(client.get(PATH, headers={"X-API-Key": "dev-api-key"}), "too_many_requests", 429)


def test_a_known_question_fails_as_every_other_when_the_keys_cannot_be_looked_up(reader, monkeypatch):
    reader.get(PATH)

    def away(*_):
        raise StateAwayError("the store is away")

    monkeypatch.setattr(KnownKeys, "check", away)
    assert_problem(reader.get(PATH), "unavailable", 503)


def test_what_is_known_is_bounded(reader, monkeypatch):
    monkeypatch.setattr(passage, "MOST_KNOWN", 3)
    for limit in range(1, 9):
        assert reader.get(f"/v1/attribution/linear?limit={limit}").status_code == 200
    assert len(reader.application.extensions[passage.EXTENSION]._known) == 3
