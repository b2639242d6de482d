"""The OpenAPI document: what the views declare, finished for readers and for programs. No route, no view: they say their part at `routing.Routes`."""

from collections.abc import Mapping
from copy import deepcopy
from importlib.metadata import version
from typing import Any, Final

from flask_openapi.models.info import Info
from flask_openapi.models.security_scheme import SecurityScheme
from flask_openapi.openapi import OpenAPI

from api.idempotency import LONGEST_KEY
from api.problems import CODES

OPENAPI_VERSION: Final = "3.1.0"
INFO: Final = Info(
    title="Multi-touch attribution",
    version=version("mta-assets"),
    description=(
        "Attribution results that the pipeline has computed, and analyses of files that you send.\n\n"
        "Send a key as `X-API-Key` or a token as `Authorization: Bearer`. `x-scope` of an operation is the scope that it needs. "
        "Every failure has the shape of `Problem`. Times are ISO 8601 in UTC, amounts of money are decimal strings with their currency, "
        "and a list goes on under `next_cursor`."
    ),
    license={"name": "Apache-2.0", "identifier": "Apache-2.0"},
)
SECURITY: Final[dict[str, SecurityScheme | dict[str, Any]]] = {
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "`mta keys create`, or `POST /v1/keys`, makes one."},
    "token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A token of your identity provider, where the server is set up for it.",
    },
}
# What each group of routes is about. A test holds that no group lacks its sentence.
TAGS: Final[Mapping[str, str]] = {
    "attribution": "The models, what each credits, and how they compare; the same models over a file or journeys that you send.",
    "channels": "What channels cost and return.",
    "journeys": "The paths that led to conversions, and the audit trail of one conversion.",
    "jobs": "Analyses that take longer than a request: their progress, results and end.",
    "keys": "API keys: made, rotated, revoked.",
    "webhooks": "Messages to your server when results change, a job ends or a check fails.",
    "erasures": "Users who are to be taken out of everything, and the records of it.",
    "audit": "Who did what, when, and how it ended.",
    "monitoring": "How old the data are, and what the checks found.",
    "health": "Whether the service lives and can serve.",
    "documentation": "This description of the API.",
}
_HEADERS: Final[Mapping[str, Mapping[str, object]]] = {
    "X-Request-ID": {"description": "The request's id: yours, if you sent one, else made here.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait before the next try.", "schema": {"type": "integer"}},
    "WWW-Authenticate": {"description": "How to authenticate.", "schema": {"type": "string"}},
    "Allow": {"description": "The methods that the route has.", "schema": {"type": "string"}},
    "ETag": {"description": "The version of the answer, for If-None-Match.", "schema": {"type": "string"}},
    "Idempotency-Replayed": {
        "description": "true when the answer is that of an earlier request under the same Idempotency-Key.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "X-Cache-Status": {"description": "Where the answer came from.", "schema": {"type": "string", "enum": ["HIT", "MISS", "STALE"]}},
}
_OF_STATUS: Final[Mapping[int, tuple[str, ...]]] = {
    401: ("WWW-Authenticate",),
    405: ("Allow",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
_CONDITION: Final = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The ETag of the answer that you have: 304 when it still holds.",
    "schema": {"type": "string", "examples": ['"0f343b0931126a20f133d67c2b018a3b"']},
}
_ONCE: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A key of yours for this request. Sent again under it, within 24 hours, the request is answered as before and not done again; "
    "what is shown once only is null then.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST_KEY,
        "pattern": "^[!-~]+$",
        "examples": ["5b0b7f9e-3f0c-4c8e-9d53-2a1f0c9d7e11"],
    },
}
_SAMPLE: Final = {"request_id": "4f3c9e0a9f5b4c1e8f0e3c5b7a1d2e6f", "timestamp": "2026-03-09T12:00:00.000Z"}


def specification(app: OpenAPI) -> dict[str, Any]:
    """The whole document, as /openapi.json has it."""
    document: dict[str, Any] = deepcopy(app.api_doc)
    document["tags"] = [{**tag, "description": TAGS[tag["name"]]} if tag["name"] in TAGS else tag for tag in document["tags"]]
    used: set[int] = set()
    for path_item in document["paths"].values():
        for method, operation in path_item.items():
            used |= _finish(operation, document["components"]["schemas"])
            if method == "post":
                _may_be_sent_again(operation)
    document["components"] |= {
        "headers": dict(_HEADERS),
        "parameters": {"IfNoneMatch": _CONDITION, "IdempotencyKey": _ONCE},
        "responses": {_name(status): _failure(status) for status in sorted(used)},
    }
    return document


def _finish(operation: dict[str, Any], schemas: Mapping[str, Mapping[str, Any]]) -> set[int]:
    """Finish an operation in place; returns the statuses of its failures."""
    failures = set()
    for status, response in operation["responses"].items():
        if int(status) >= 400:
            failures.add(int(status))
            operation["responses"][status] = {"$ref": f"#/components/responses/{_name(int(status))}"}
        else:
            response["headers"] = _references("X-Request-ID")
    parameters = operation.setdefault("parameters", [])
    for parameter in parameters:
        _without_null(parameter["schema"])
    if "requestBody" in operation:
        _finish_body(operation["requestBody"], schemas)
    answer = operation["responses"].get("200", {})
    if "text/csv" in answer.get("content", {}):
        answer["headers"] |= _references("ETag", "X-Cache-Status")
        parameters.append({"$ref": "#/components/parameters/IfNoneMatch"})
        operation["responses"]["304"] = {"description": "The answer that you have still holds.", "headers": _references("ETag")}
    operation["responses"] = dict(sorted(operation["responses"].items()))
    return failures


def _may_be_sent_again(operation: dict[str, Any]) -> None:
    operation["parameters"].append({"$ref": "#/components/parameters/IdempotencyKey"})
    for status, response in operation["responses"].items():
        if int(status) < 300:
            response["headers"] |= _references("Idempotency-Replayed")


def _finish_body(body: dict[str, Any], schemas: Mapping[str, Mapping[str, Any]]) -> None:
    """A body of which nothing is needed may be left out; the part of a form, like a parameter, cannot be null."""
    for media, content in body["content"].items():
        schema = content["schema"]
        for part in schema.get("properties", {}).values() if media == "multipart/form-data" else ():
            _without_null(part)
        if "$ref" in schema:
            named = schemas[schema["$ref"].rpartition("/")[2]]
            body["required"] = bool(named.get("required") or named.get("anyOf"))


def _without_null(schema: dict[str, Any]) -> None:
    """A parameter that is absent is None to the view; a client has no way to write null in an address."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
    if len(choices) == 1:
        del schema["anyOf"]
        schema.update(choices[0])


def _name(status: int) -> str:
    return f"Problem{status}"


def _failure(status: int) -> dict[str, Any]:
    """The answer of every failure of this status, with an example of each of its codes."""
    codes = {name: code for name, code in CODES.items() if code.status == status}
    examples = {
        name: {
            "summary": code.when,
            "value": {"error": name, "message": code.when, "details": {"suggestion": code.remedy}, **_SAMPLE}
            | ({"retry_after": 10} if status in {429, 503} else {}),
        }
        for name, code in codes.items()
    }
    body = {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}
    return {
        "description": ", ".join(codes),
        "headers": _references("X-Request-ID", *_OF_STATUS.get(status, ())),
        "content": {"application/json": body},
    }


def _references(*headers: str) -> dict[str, dict[str, str]]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in headers}
