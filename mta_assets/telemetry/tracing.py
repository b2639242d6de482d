"""Spans of requests, runs, steps and stages, by OpenTelemetry, where MTA_TRACING is set. Without it nothing of OpenTelemetry is imported.

Where spans go, how many and with which headers, OpenTelemetry's own variables say (OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_SAMPLER and others).
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Literal, cast

from mta_assets.errors import ConfigError
from mta_assets.telemetry import context

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

Kind = Literal["internal", "server"]
End = Callable[[BaseException | None], None]
TRACEPARENT: Final = "traceparent"
FLUSH_MS: Final = 5_000
_providers: "list[TracerProvider]" = []


def start_tracing(process: str) -> None:
    """Have this process send its spans. To be called after a fork, and only where tracing is wanted. Raises ConfigError without the extra."""
    if _providers:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415  an extra
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError("MTA_TRACING is set, but the extra is missing: pip install 'mta-assets[tracing]'.") from error
    provider = TracerProvider(resource=Resource.create({"service.namespace": "mta", "service.name": f"mta-{process}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _providers.append(provider)
    context.ask(_ids)


def stop_tracing() -> None:
    """Send what waits, and trace no more."""
    while _providers:
        _providers.pop().shutdown()


def flush_spans() -> None:
    """Send what waits: a run's process ends without a word to anybody."""
    for provider in _providers:
        provider.force_flush(FLUSH_MS)


def tracing() -> bool:
    """Whether this process traces."""
    return bool(_providers)


@contextmanager
def span(name: str, *, parent: str | None = None, kind: Kind = "internal") -> Iterator[None]:
    """A span around the body, with the bound context as its attributes. parent: a traceparent; without one it is within the span of this thread, if any."""
    if not _providers:
        yield
        return
    end = begin_span(name, parent=parent, kind=kind)
    try:
        yield
    except BaseException as error:
        end(error)
        raise
    end(None)


@contextmanager
def stages() -> Iterator[Callable[[str], None]]:
    """Spans of work whose stages follow each other: a call of what this gives ends the stage before and begins one, unless it is the same."""
    name, end = "", cast("End", _nothing)

    def begin(stage: str) -> None:
        nonlocal name, end
        if _providers and stage != name:
            end(None)
            name, end = stage, begin_span(stage)

    try:
        yield begin
    except BaseException as error:
        end(error)
        raise
    end(None)


def _nothing(_: BaseException | None) -> None:
    """No stage has begun."""


def begin_span(name: str, *, parent: str | None = None, kind: Kind = "internal", attributes: Mapping[str, str | int] | None = None) -> End:
    """Begin a span that is ended by a call of what this returns, with the error it ended in or None: where beginning and end are two functions.

    Only where `tracing`.
    """
    from opentelemetry.context import attach, detach  # noqa: PLC0415  an extra
    from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context  # noqa: PLC0415

    named = {f"mta.{key}": str(value) for key, value in context.current().items() if key not in _IDS}
    made = _tracer().start_span(
        name,
        context=_parent(parent),
        kind=SpanKind.SERVER if kind == "server" else SpanKind.INTERNAL,
        attributes={**named, **(attributes or {})},
    )
    token = attach(set_span_in_context(made))

    def end(error: BaseException | None) -> None:
        if error is not None:
            # What was raised is in the log, without secrets; its message is not sent elsewhere.
            made.set_status(Status(StatusCode.ERROR, type(error).__name__))
        detach(token)
        made.end()

    return end


def traceparent() -> str | None:
    """The span of this thread as W3C Trace Context writes it; None where nothing is traced."""
    if not _providers:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get(TRACEPARENT)


def current_span() -> "Span":
    """The span of this thread. Only where `tracing`."""
    from opentelemetry.trace import get_current_span  # noqa: PLC0415

    return get_current_span()


_IDS: Final = ("trace_id", "span_id")


def _ids() -> Mapping[str, object]:
    """For lines of the log: which span they were written in."""
    if not _providers:
        return {}
    about = current_span().get_span_context()
    return {"trace_id": f"{about.trace_id:032x}", "span_id": f"{about.span_id:016x}"} if about.is_valid else {}


def _tracer() -> "Tracer":
    return _providers[0].get_tracer("mta")


def _parent(given: str | None) -> "Context | None":
    if given is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

    return TraceContextTextMapPropagator().extract({TRACEPARENT: given})
