"""A span per request, where tracing is on; where it is off, no request meets anything of this. What a span is: `mta_assets.telemetry.tracing`."""

from flask import Flask, Response, g, request

from mta_assets.telemetry.tracing import TRACEPARENT, begin_span, current_span, tracing


def trace_requests(app: Flask) -> None:
    """Begin a span with every request, within the one that its traceparent names, and end it with the answer. Routes are named by their rule."""
    if not tracing():
        return

    @app.before_request
    def begin() -> None:
        route = request.url_rule.rule if request.url_rule else None
        attributes = {"http.request.method": request.method} | ({"http.route": route} if route else {})
        name = f"{request.method} {route}" if route else request.method
        g.end_span = begin_span(name, parent=request.headers.get(TRACEPARENT), kind="server", attributes=attributes)

    @app.after_request
    def tell(response: Response) -> Response:
        current_span().set_attribute("http.response.status_code", response.status_code)
        return response

    @app.teardown_request
    def end(error: BaseException | None) -> None:
        if "end_span" in g:
            g.pop("end_span")(error)
