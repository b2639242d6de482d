"""The client against the real server: results, pages, files, jobs, keys, and what it does when it is refused."""

import subprocess
import sys
from datetime import date, datetime
from decimal import Decimal

import httpx
import pytest

from mta_assets.client import ApiProblem, Client, JobEndedError, UnreachableError
from mta_assets.client.answers import AnalysisResult, CreditRow, JobDocument
from mta_assets.client.rows import PARQUET
from mta_assets.client.transport import Transport
from mta_assets.client.waiting import wait_for
from tests.api.live import live_server

EVENTS = "user_id,ts,channel,conversion,value\nu1,2026-03-01T10:00:00Z,email,0,\nu1,2026-03-02T10:00:00Z,search,1,19.99\n"


@pytest.fixture(scope="module")
def server(filled, tmp_path_factory):
    folder = tmp_path_factory.mktemp("client")
    with live_server(folder, lake=filled, workers=1, threads=8) as url:
        yield url


@pytest.fixture
def client(server):
    with Client(server, "dev-api-key") as made:
        yield made


@pytest.fixture
def events(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text(EVENTS)
    return path


def test_rows_are_typed_and_come_page_after_page(client):
    rows = client.credit("linear", group_by="day,channel")
    rows.query = {**rows.query, "limit": 7}
    found = list(rows)
    assert len(found) == rows.about["total"] > 7
    assert isinstance(found[0], CreditRow)
    assert isinstance(found[0].day, date)
    assert isinstance(found[0].value, Decimal)
    assert found[0].campaign is None


def test_a_result_is_had_as_a_frame_and_as_bytes(client):
    rows = client.credit("linear")
    assert rows.to_polars()["channel"].to_list() == [row.channel for row in rows]
    assert rows.as_bytes().startswith(b"model,channel,")
    assert rows.as_bytes(PARQUET).startswith(b"PAR1")


def test_every_kind_of_result_is_decoded(client):
    assert {method.name for method in client.methods()} > {"linear", "markov_1"}
    assert next(iter(client.compare(["linear", "last_touch"])))["spread"] >= 0
    assert next(iter(client.performance(["linear"]))).channel
    path = next(iter(client.paths()))
    assert path.length == len(path.path)
    assert next(iter(client.transitions())).probability > 0
    assert next(iter(client.lengths())).journeys > 0
    assert client.freshness().data
    assert isinstance(client.checks().data, tuple)


def test_a_file_is_judged_and_analysed(client, events):
    assert client.validate(events).verdict == "ok"
    found = client.analyze(events, models="linear")
    assert isinstance(found, AnalysisResult)
    assert {row.channel: row.value for row in found.data} == {"email": Decimal("9.995"), "search": Decimal("9.995")}


def test_journeys_are_credited_touch_by_touch(client):
    touchpoints = [{"channel": "email"}, {"channel": "search"}]
    found = client.calculate([{"touchpoints": touchpoints, "conversion": {"value": 10}}], models=["linear"])
    assert found.journeys[0].credit == {"linear": (0.5, 0.5)}
    assert {row.channel: row.value for row in found.data} == {"email": Decimal(5), "search": Decimal(5)}


def test_a_file_becomes_a_job_that_is_cancelled(client, events):
    job = client.analyze(events, mode="job")
    assert isinstance(job, JobDocument)
    assert isinstance(job.created_at, datetime)
    assert job.id in [each.id for each in client.jobs()]
    client.cancel(job.id)
    with pytest.raises(JobEndedError, match="cancelled") as ended:
        client.wait(job.id, timeout_seconds=30)
    assert ended.value.job.id == job.id


def test_a_key_is_made_used_rotated_and_revoked(server, client):
    made = client.create_key("bi", "report", "viewer")
    with Client(server, made.key) as viewer:
        assert list(viewer.credit("linear"))
        with pytest.raises(ApiProblem) as refused:
            viewer.create_key("bi", "more", "admin")
    assert (refused.value.status, refused.value.code) == (403, "forbidden")
    after = client.rotate_key(made.id)
    client.revoke_key(made.id)
    held = client.keys()
    found = [key.id for key in held]
    assert {made.id, after.id} <= set(found)


def test_a_refusal_says_what_the_server_says(client):
    with pytest.raises(ApiProblem, match="linear") as refused:
        list(client.credit("liner"))
    assert refused.value.code == "unknown_model"
    assert refused.value.request_id
    assert refused.value.details["suggestion"]


def scripted(*answers):
    """A transport to a server that says these things one after the other, and what it was asked and how long was waited."""
    asked, waited, script = [], [], iter(answers)

    def say(request):
        asked.append(request)
        answer = next(script)
        if isinstance(answer, Exception):
            raise answer
        return answer

    http = httpx.Client(base_url="http://scripted", transport=httpx.MockTransport(say))
    return Transport(http=http, sleep=waited.append), asked, waited


def busy(seconds):
    return httpx.Response(429, json={"error": "too_many_requests", "message": "x"}, headers={"Retry-After": str(seconds)})


def test_it_waits_as_long_as_the_server_asks_and_tries_again():
    transport, asked, waited = scripted(busy(7), httpx.ConnectError("gone"), httpx.Response(200, json={"ok": True}))
    assert transport.json("GET", "/x") == {"ok": True}
    assert waited[0] == 7
    assert 0.25 <= waited[1] <= 1
    assert len(asked) == 3


def test_a_post_is_tried_again_under_one_idempotency_key():
    transport, asked, _ = scripted(httpx.ReadTimeout("slow"), httpx.Response(201, json={}))
    transport.json("POST", "/x", body={})
    assert len({request.headers["Idempotency-Key"] for request in asked}) == 1


@pytest.mark.parametrize("answers", [[busy(3_600)], [busy(1)] * 4], ids=["too long a wait", "too many tries"])
def test_it_gives_up_in_the_end(answers):
    transport, _, _ = scripted(*answers)
    with pytest.raises(ApiProblem, match="too_many_requests"):
        transport.json("GET", "/x")


def test_a_server_that_is_not_there_is_told_from_a_refusal():
    transport, _, waited = scripted(*[httpx.ConnectError("refused")] * 4)
    with pytest.raises(UnreachableError, match="http://scripted"):
        transport.json("GET", "/x")
    assert len(waited) == 3


def test_what_a_proxy_says_is_a_problem_too():
    transport, _, _ = scripted(httpx.Response(502, text="<html>Bad gateway</html>"))
    with pytest.raises(ApiProblem) as refused:
        transport.json("GET", "/x")
    assert (refused.value.status, refused.value.code) == (502, "not_of_this_api")


def job(state, percent):
    now = datetime.fromisoformat("2026-03-01T00:00:00+00:00")
    empty = dict.fromkeys(("stage", "expected_end", "reason", "warning", "run_id", "started_at", "finished_at"))
    known = {"id": "job_1", "owner": "x", "request_id": "r", "created_at": now, "updated_at": now, "links": None}
    return JobDocument(**empty, **known, state=state, percent=percent, models_done=(), files=(), options={})


def test_waiting_ends_with_the_job_or_with_the_time():
    states = iter([job("queued", 0.0), job("running", 50.0), job("succeeded", 100.0)])
    waited = []
    assert wait_for(lambda: next(states), waited.append, None, bar=True).percent == 100.0
    assert len(waited) == 2
    with pytest.raises(TimeoutError, match="running at 50 %"):
        wait_for(lambda: job("running", 50.0), waited.append, -1.0, bar=False)


def test_importing_it_loads_nothing_heavy():
    check = "import sys, mta_assets.client; print([name for name in ('polars', 'pydantic', 'flask', 'dagster', 'numpy', 'rich') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() in {"[]", "['rich']"}  # httpx takes rich for its own command where it is there
