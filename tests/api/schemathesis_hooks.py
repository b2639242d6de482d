"""What a schema cannot say and a valid request must keep to; schemathesis loads this file."""

from datetime import date

import schemathesis

WEBHOOK = "https://example.org/hooks/mta"


@schemathesis.hook
def before_call(context, case, kwargs):
    """A valid request has no cursor but one that the server gave, its days are in order, and what it names is possible."""
    if not case.meta.generation.mode.is_positive:
        return
    if isinstance(case.query, dict):
        case.query.pop("cursor", None)
        for first, last in (("start", "end"), ("since", "until")):
            _in_order(case.query, first, last)
    if isinstance(case.body, dict) and case.operation.path.startswith("/v1/webhooks") and "url" in case.body:
        case.body["url"] = WEBHOOK
    if isinstance(case.body, dict) and case.operation.path == "/v1/keys":
        case.body.pop("scopes", None)
        case.body["role"] = case.body.get("role") or "viewer"
        for name in ("owner", "name"):
            case.body[name] = "".join(filter(str.isprintable, case.body[name])).strip() or "printable"


def _in_order(query, first, last):
    if isinstance(query.get(first), str) and isinstance(query.get(last), str):
        query[first], query[last] = sorted((query[first], query[last]), key=lambda day: date.fromisoformat(day[:10]))
