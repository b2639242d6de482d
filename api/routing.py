"""How a view declares at its route who may call it and what it answers. A route without a declared scope cannot be built."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

from flask_openapi.blueprint import APIBlueprint
from flask_openapi.models.schema import Schema
from flask_openapi.models.tag import Tag
from pydantic import BaseModel
from werkzeug.routing import BaseConverter

from api.posting import posted
from api.problems import CODES
from api.schemas.problem import Problem
from mta_assets.state.access import Scope

View = TypeVar("View", bound=Callable[..., Any])
Method = Literal["get", "post", "patch", "delete"]

TABULAR: Final = ("text/csv", "application/vnd.apache.parquet", "application/vnd.apache.arrow.stream")
REF: Final = "#/components/schemas/{model}"
_FAILURES: Final = (400, 404, 405, 406, 414, 422, 429, 431, 500, 503)
_OF_CALLERS: Final = (401, 403)
_OF_BODIES: Final = (408, 409, 413, 415)
SMALL_BODY_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may call a route. scope: None for everybody. upload: whether it takes files, which have a limit of their own.

    machine: whether a setting may open it to callers of this machine. free: whether no limit counts it. most_bytes: of a body; None for the server's own
    limit.
    """

    scope: Scope | None
    upload: bool = False
    machine: bool = False
    free: bool = False
    most_bytes: int | None = SMALL_BODY_BYTES


class ModelName(BaseConverter):
    """A part of an address that is the name of a model, so that the verbs beside it are no models: GET of them is 405 and not an unknown model."""

    regex = "(?!(?:validate|analyze|calculate)$)[^/]+"
    part_isolating = True


class Routes(APIBlueprint):
    """The routes of one resource. access: endpoint -> who may call it."""

    def __init__(self, name: str, prefix: str, *, tag: str) -> None:
        super().__init__(name, f"api.routes.{name}", url_prefix=prefix, abp_tags=[Tag(name=tag)], operation_id_callback=_operation_id)
        self.access: dict[str, Access] = {}

    def view(  # noqa: PLR0913  one parameter per thing that a route declares
        self,
        method: Method,
        rule: str,
        *,
        scope: Scope | None,
        answers: Mapping[int, type[BaseModel] | str | None],
        tabular: bool = False,
        fails: Sequence[int] = (),
        upload: Sequence[str] = (),
        most_bytes: int = SMALL_BODY_BYTES,
        shown_once: Sequence[str] = (),
        machine: bool = False,
        free: bool = False,
        **documented: Any,  # noqa: ANN401  flask-openapi's own: request_body, deprecated
    ) -> Callable[[View], View]:
        """Register a view. scope: None for everybody. answers: status -> the model of its body, its media type, or None for no body.

        tabular: the answer can be had as CSV, Parquet and Arrow too. fails: statuses of failures that other routes of the method do not have.
        upload: parts of a form that are files (see `posted`); the view gets them as `upload`. most_bytes: of a body that is no upload.
        shown_once: fields of the answer that an Idempotency-Key does not bring back. machine, free: see Access.
        """
        failures = (*_FAILURES, *fails, *(_OF_CALLERS if scope else ()), *(_OF_BODIES if method in {"post", "patch"} else ()))
        responses = {status: self._failure(status) for status in failures} | {
            status: self._answer(status, body, tabular=tabular) for status, body in answers.items()
        }
        needs = {"security": [{"key": []}, {"token": []}], "openapi_extensions": {"x-scope": scope.value}} if scope else {}

        def register(function: View) -> View:
            self.access[f"{self.name}.{function.__name__}"] = Access(
                scope=scope, upload=bool(upload), machine=machine, free=free, most_bytes=None if upload else most_bytes
            )
            handled = posted(function, upload, shown_once) if method == "post" else function
            getattr(super(Routes, self), method)(rule, responses=responses, **needs, **documented)(handled)
            return function

        return register

    def declared(self, model: type[BaseModel]) -> dict[str, str]:
        """A reference to the schema of what a body may be, for routes that read theirs by themselves."""
        return self._reference(model, mode="validation")

    def _failure(self, status: int) -> dict[str, Any]:
        codes = ", ".join(name for name, code in CODES.items() if code.status == status)
        return {"description": codes, "content": {"application/json": {"schema": self._reference(Problem)}}}

    def _answer(self, status: int, body: type[BaseModel] | str | None, *, tabular: bool) -> dict[str, Any]:
        description = {200: "The answer.", 201: "Created.", 202: "Accepted.", 204: "Done.", 304: "Not modified."}[status]
        if body is None:
            return {"description": description}
        if isinstance(body, str):
            return {"description": description, "content": {body: {"schema": {"type": "string"}}}}
        others = {media: {"schema": {"type": "string", "format": "binary"}} for media in TABULAR if tabular}
        return {"description": description, "content": {"application/json": {"schema": self._reference(body)}} | others}

    def _reference(self, model: type[BaseModel], mode: Literal["validation", "serialization"] = "serialization") -> dict[str, str]:
        """A reference to the model's schema, which is added to the components."""
        schema = dict(model.model_json_schema(ref_template=REF, mode=mode))
        for name, definition in schema.pop("$defs", {}).items():
            self.components_schemas[name] = Schema(**definition)
        self.components_schemas[model.__name__] = Schema(**schema)
        return {"$ref": REF.format(model=model.__name__)}


def _operation_id(*, bp_name: str, name: str, path: str, method: str) -> str:
    """What client generators name the call: resource and view, which do not change when an address does."""
    return f"{bp_name}_{name}"
