"""Spans, as a real receiver of OTLP gets them."""

import subprocess
import sys

import pytest

from api.passage import Passage
from api.tracing import trace_requests
from mta_assets.telemetry.context import bound
from mta_assets.telemetry.streams import application
from mta_assets.telemetry.timing import timed
from mta_assets.telemetry.tracing import span, stages, start_tracing, stop_tracing, traceparent, tracing
from tests.otlp import attributes, otlp_receiver

ASKED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE, SPAN = (bytes.fromhex(part) for part in ASKED.split("-")[1:3])


@pytest.fixture
def received(monkeypatch):
    """What a receiver has got once the body has called `stop_tracing`."""
    with otlp_receiver() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        start_tracing("test")
        yield receiver
        stop_tracing()


def test_work_within_work_is_a_span_within_a_span_with_the_bound_context(received, logs):
    with bound(correlation_id="c1"), timed("step", "outer"), span("inner"):
        application.info("within")
        written_in = traceparent()
    stop_tracing()
    ((outer,), (inner,)) = received.named("step outer"), received.named("inner")
    assert inner.parent_span_id == outer.span_id
    assert attributes(outer) == {"mta.correlation_id": "c1", "mta.step": "outer"}
    assert received.services[outer.span_id] == "mta-test"
    (line,) = logs("application")
    assert written_in.startswith(f"00-{line['trace_id']}-{line['span_id']}-")
    assert bytes.fromhex(line["span_id"]) == inner.span_id


def test_an_error_marks_the_span_and_is_not_told_with_its_words(received, logs):
    with pytest.raises(RuntimeError), timed("step", "broken"):
        raise RuntimeError("user-4711")
    stop_tracing()
    (broken,) = received.named("step broken")
    assert (broken.status.code, broken.status.message) == (2, "RuntimeError")
    assert b"user-4711" not in received.raw


def test_stages_follow_each_other_within_their_work(received):
    with span("work"), stages() as begin:
        for stage in ("reading", "reading", "crediting"):
            begin(stage)
    stop_tracing()
    assert [made.name for made in received.spans] == ["reading", "crediting", "work"]
    assert {made.parent_span_id for made in received.spans[:2]} == {received.spans[2].span_id}


def test_a_request_is_a_span_of_its_caller_named_by_its_route(received, make_app):
    client = make_app().test_client()
    key = {"X-API-Key": "dev-api-key", "traceparent": ASKED, "X-Request-ID": "req-1"}
    client.get("/v1/attribution/linear?goal=hidden", headers=key)
    client.get("/v1/nowhere", headers={"traceparent": "nonsense"})
    stop_tracing()
    (known,) = received.named("GET /v1/attribution/<model_name:model>")
    assert (known.trace_id, known.parent_span_id, known.kind) == (TRACE, SPAN, 2)
    told = attributes(known)
    assert (told["http.response.status_code"], told["mta.correlation_id"]) == (200, "req-1")
    (unknown,) = received.named("GET")
    assert unknown.parent_span_id == b""
    assert b"hidden" not in received.raw
    assert b"nowhere" not in received.raw


def test_without_tracing_a_request_meets_nothing_of_it_and_its_packages_are_not_imported():
    passage = Passage()
    trace_requests(passage)
    assert [passage._begins, passage._finishes, passage._ends] == [[], [], []]
    assert not tracing()
    assert traceparent() is None
    ours = "('opentelemetry.sdk.trace', 'opentelemetry.exporter')"  # the API of OpenTelemetry is imported by redis, where it is installed
    code = f"import sys, api, mta_assets.jobs.perform; sys.exit(any(name.startswith({ours}) for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
