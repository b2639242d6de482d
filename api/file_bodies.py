"""How the bodies of routes that take files are described: a multipart form, or the file itself. Reading them is `uploads`' business."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

from api.uploads import MULTIPART, RAW

_EXAMPLE: Final = "user_id,ts,channel,conversion,value\nu1,2026-03-01T10:00:00Z,email,0,\nu1,2026-03-02T10:00:00Z,search,1,19.99\n"
_MEANINGS: Final[Mapping[str, str]] = {
    "file": "An event log, touchpoints, conversions, spend or a path table, as CSV, JSON, NDJSON or Parquet, also compressed with gzip or zstandard.",
    "spend": "What channels cost by day, to stand beside their credit.",
    "conversions": "The conversions, when `file` holds touchpoints only.",
}
# Told by content: whatever a body says that it is, it is looked at.
_BINARY: Final = {"type": "string", "format": "binary"}


def file_body(query: type[BaseModel], *parts: str) -> dict[str, Any]:
    """The request body of a route that takes these parts, with the fields of `query` as further parts."""
    fields = {name: each for name, each in query.model_json_schema()["properties"].items() if name != "filename"}
    files = {part: {**_BINARY, "description": _MEANINGS[part]} for part in parts}
    form = {"type": "object", "properties": files | fields, "required": [parts[0]], "additionalProperties": False}
    raw: dict[str, Any] = {media: {"schema": dict(_BINARY)} for media in RAW}
    raw["text/csv"] = {"schema": {"type": "string"}, "example": _EXAMPLE}
    return {
        "description": f"The file as the body, with options in the query; or a form with the parts {', '.join(parts)} and options. "
        "What a file is shows in its content, not in its name or type.",
        "required": True,
        "content": {MULTIPART: {"schema": form}} | raw,
    }
