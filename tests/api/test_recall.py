"""A question that is asked again in the same words is answered without being read again; nothing else about it changes."""

import pytest

from api import serving

PATH = "/v1/attribution/linear?group_by=day,channel&limit=20"


@pytest.fixture
def reads(monkeypatch):
    """How often a question was read."""
    counted, digest = [], serving._remember
    monkeypatch.setattr(serving, "_remember", lambda question: (counted.append(question), digest(question)))
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


def test_what_is_known_is_bounded(reader, monkeypatch):
    monkeypatch.setattr(serving, "MOST_KNOWN", 3)
    for limit in range(1, 9):
        assert reader.get(f"/v1/attribution/linear?limit={limit}").status_code == 200
    assert len(reader.application.extensions[serving._KNOWN]) == 3
