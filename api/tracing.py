"""A span per request, where tracing is on; where it is off, no request meets anything of this. What a span is: `mta_assets.telemetry.tracing`."""

from flask import Response

from api.exchange import Exchange
from api.passage import Passage
from mta_assets.telemetry.tracing import TRACEPARENT, begin_span, current_span, tracing


def trace_requests(passage: Passage) -> None:
    """Begin a span with every request, within the one that its traceparent names, and end it with the answer. Routes are named by their rule."""
    if not tracing():
        return

    @passage.begin
    def begin(exchange: Exchange) -> None:
        route = exchange.place.rule
        attributes = {"http.request.method": exchange.method} | ({"http.route": route} if route else {})
        name = f"{exchange.method} {route}" if route else exchange.method
        exchange.end_span = begin_span(name, parent=exchange.header(TRACEPARENT), kind="server", attributes=attributes)

    @passage.finish
    def tell(_: Exchange, response: Response) -> None:
        current_span().set_attribute("http.response.status_code", response.status_code)

    @passage.end
    def end(exchange: Exchange) -> None:
        if exchange.end_span is not None:
            exchange.end_span(exchange.fault)
