"""The API as Markdown and as Python, for what is generated from it: tables of the docs, the dataclasses of the client. Pure; writes no file."""

from collections.abc import Iterator, Mapping
from typing import Any

from api.application import description
from api.problems import CODES
from mta_assets.contracts.describe import markdown_table

Schema = Mapping[str, Any]
# What a client sends, and what it raises instead of returning.
_NOT_ANSWERS = {"Problem", "NewKey", "Rotation", "NewWebhook", "WebhookChange"} | {
    "CalculateBody",
    "GivenJourney",
    "GivenConversion",
    "GivenTouchpoint",
}
_PLAIN = {"integer": "int", "number": "float", "boolean": "bool", "string": "str", "null": "None"}
_TIMES = {"date": "date", "date-time": "datetime"}


def routes() -> str:
    """A row per route: method, address, scope, what it is."""
    rows = [
        (f"`{method.upper()} {path}`", f"`{operation['x-scope']}`" if "x-scope" in operation else "", operation["summary"])
        for path, item in sorted(description()["paths"].items())
        for method, operation in item.items()
    ]
    return markdown_table(("route", "scope", "what"), rows)


def errors() -> str:
    """A row per code of failure."""
    rows = [(f"`{name}`", str(code.status), code.when, code.remedy) for name, code in CODES.items()]
    return markdown_table(("`error`", "status", "when", "what to do"), rows)


def dataclasses() -> str:
    """Every object that the API answers with, as a frozen dataclass, those that others refer to first."""
    schemas = {name: schema for name, schema in description()["components"]["schemas"].items() if name not in _NOT_ANSWERS}
    done: list[str] = []

    def add(name: str) -> None:
        if name not in done:
            for needed in _referred(schemas[name]):
                add(needed)
            done.append(name)

    for name in sorted(schemas):
        add(name)
    return "\n\n\n".join(_class(name, schemas[name], schemas) for name in done if "properties" in schemas[name])


def _referred(schema: object) -> Iterator[str]:
    if isinstance(schema, Mapping):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].rpartition("/")[2]
        for each in schema.values():
            yield from _referred(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from _referred(each)


def _class(name: str, schema: Schema, schemas: Mapping[str, Schema]) -> str:
    required = set(schema.get("required", ()))
    lines = []
    for field, about in schema["properties"].items():
        kind = _type(about, schemas)
        if field not in required:
            kind = (kind if kind.endswith("None") else f"{kind} | None") + " = None"
        lines.append(f"    {field}: {kind}")
    head = f'@dataclass(frozen=True, slots=True, kw_only=True)\nclass {name}:\n    """{schema["description"].splitlines()[0]}"""\n'
    return "\n".join([head, *lines])


def _type(schema: Schema, schemas: Mapping[str, Schema]) -> str:
    """The Python type of what this schema describes."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return name if "properties" in schemas[name] else "str"
    if "anyOf" in schema:
        kinds = list(dict.fromkeys(_type(each, schemas) for each in schema["anyOf"]))
        return " | ".join(sorted(kinds, key=lambda kind: kind == "None"))
    if schema.get("type") == "array":
        return f"tuple[{_type(schema.get('items', {}), schemas)}, ...]"
    if schema.get("type") == "object":
        values = schema.get("additionalProperties")
        return f"dict[str, {_type(values, schemas) if isinstance(values, Mapping) else 'object'}]"
    if schema.get("type") == "string":
        return _TIMES.get(schema.get("format", ""), "Decimal" if "pattern" in schema else "str")
    return _PLAIN.get(schema.get("type", ""), "object")
