"""`POST /v1/attribution/validate` and `/analyze`: files that clients send, judged and analysed by the engine of `mta validate` and `mta attribute`."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar, cast

import orjson
from flask import Response, abort
from pydantic import ValidationError

from api.auditing import about
from api.cache import cache
from api.exchange import caller, exchange
from api.file_bodies import file_body
from api.job_documents import job_response, outcome_result
from api.paging import Window
from api.problems import of_validation, refuse
from api.representations import JSON, TABULAR
from api.routing import Routes
from api.schemas.files import AnalyzeQuery, FileQuery, ValidateQuery, Validation
from api.schemas.jobs import AnalysisResult, JobDocument, ResultTable
from api.services import services
from api.serving import Form, computed, form, packed, unpacked
from api.uploads import Upload
from mta_assets.errors import MtaError
from mta_assets.jobs.asked import for_uploads, stated
from mta_assets.jobs.folder import PARTS
from mta_assets.jobs.outcome import read_outcome
from mta_assets.jobs.screening import Limits
from mta_assets.jobs.tasks import given_to
from mta_assets.state.access import Scope
from mta_assets.state.job import JobFile
from mta_assets.state.jobs import Jobs, new_job_id
from mta_assets.telemetry.streams import business
from mta_assets.telemetry.timing import timed
from mta_assets.telemetry.tracing import traceparent

routes = Routes("files", "/v1/attribution", tag="attribution")
Query = TypeVar("Query", bound=FileQuery)
# More rows than a client would want in one JSON document.
MOST_JSON_ROWS = 50_000
LOOK_AGAIN_SECONDS = 5


@routes.view(
    "post", "/validate", scope=Scope.FILES_WRITE, answers={200: Validation}, upload=("file",), request_body=file_body(ValidateQuery, "file")
)
def validate_file(query: ValidateQuery, upload: Upload) -> Response:
    """The verdict on a file: how many of its rows can be used, and what is wrong with the others, row by row.

    The file is only looked at and removed. The same file with the same options is answered from the cache for a while.
    """
    asked = _with_fields(query, upload)
    about(f"sha256:{upload.digests[0]}", bytes=upload.files[0].size_bytes)
    body, status = computed(
        cache(), _key("verdict", asked, upload), services().api.cache_validation_seconds, lambda: _validation(asked, upload)
    )
    return Response(body, headers={"X-Cache-Status": status}, content_type=JSON)


@routes.view(
    "post",
    "/analyze",
    scope=Scope.FILES_WRITE,
    answers={200: AnalysisResult, 202: JobDocument},
    tabular=True,
    upload=PARTS,
    request_body=file_body(AnalyzeQuery, *PARTS),
)
def analyze_files(query: AnalyzeQuery, upload: Upload) -> Response:
    """Every model's credit on the files that are sent: the numbers that `mta attribute` gives on them.

    Files that are small once unpacked are analysed at once: 200. Larger ones become a job, 202, whose progress and result are under `Location`.
    """
    asked = _with_fields(query, upload)
    wanted = form(tabular=True)
    about(f"sha256:{upload.digests[0]}", bytes=sum(file.size_bytes for file in upload.files))
    found = _looked_at(asked, upload)
    return _answer(upload, wanted) if found["analysed"] else _job(asked, upload, found["kinds"])


def _looked_at(asked: AnalyzeQuery, upload: Upload) -> dict[str, Any]:
    """What the child found: that it has analysed the files, or of which kinds they are. The latter is kept: large files need not be looked at twice."""
    key, answers = _key("files", asked, upload), cache()
    if known := answers.get(key):
        return cast("dict[str, Any]", orjson.loads(known))
    most = -1 if asked.mode == "job" else services().api.inline_mb * 1_000_000
    with timed("task", "analyze", expected=MtaError):
        found = services().children.run("analyze", _given(asked, upload, at_most_bytes=most))
    if not found["analysed"]:
        if asked.mode == "inline":
            refuse(
                "payload_too_large", f"Files of more than {services().api.inline_mb} MB, unpacked, are not analysed at once.", field="mode"
            )
        answers.set(key, orjson.dumps(found), services().api.cache_files_seconds)
    return found


def _answer(upload: Upload, wanted: Form) -> Response:
    outcome = read_outcome(upload.folder.results)
    rows = outcome.results.height
    if rows > MOST_JSON_ROWS and wanted.media == JSON:
        formats = ", ".join(TABULAR)
        refuse("payload_too_large", f"The result has {rows:,} rows, too many for one JSON. Ask for {formats}, or for a job (mode=job).")
    whole = Window(offset=0, limit=max(rows, 1), version="")
    return unpacked(packed(outcome_result(outcome, ResultTable.RESULTS, whole), wanted))


def _job(asked: AnalyzeQuery, upload: Upload, kinds: Sequence[str]) -> Response:
    """The job that the files have become. Raises BusyError when its owner has too many."""
    made, id_ = services(), new_job_id()
    folder = upload.folder.become(made.settings.uploads, id_)
    try:
        job = Jobs(made.store).create(
            id_=id_,
            owner=caller().owner,
            key_id=caller().id,
            request_id=exchange().request_id,
            traceparent=traceparent(),
            options=stated(asked.options()),
            files=[replace(file, kind=kind) for file, kind in zip(upload.files, kinds, strict=True)],
            now=made.now(),
            at_most=made.api.concurrent_analyses,
        )
    except BaseException:
        folder.remove()
        raise
    about(job.id, sha256=list(upload.digests))
    business.info("analysis asked for", job_id=job.id, files=len(job.files), bytes=sum(file.size_bytes for file in job.files))
    response = job_response(job, 202)
    response.headers["Retry-After"] = str(LOOK_AGAIN_SECONDS)
    return response


def _with_fields(query: Query, upload: Upload) -> Query:
    """The options of the query and of the form's parts together."""
    try:
        return type(query).model_validate({**query.model_dump(exclude_unset=True), **upload.fields})
    except ValidationError as error:
        abort(of_validation(error))


def _key(what: str, asked: FileQuery, upload: Upload) -> str:
    """Of everything that it depends on."""
    said = (upload.digest, asked.model_dump_json(), services().config.model_dump_json())
    return f"{what}:{hashlib.sha256(repr(said).encode()).hexdigest()}"


def _validation(asked: ValidateQuery, upload: Upload) -> bytes:
    with timed("task", "validate", expected=MtaError):
        found = services().children.run("validate", _given(asked, upload, most_errors=asked.limit))
    file = upload.files[0]
    said = {"file": file.given, "size_bytes": file.size_bytes, "sha256": upload.digests[0]}
    return orjson.dumps(Validation(**said, **found).model_dump(mode="json"))


def _given(asked: FileQuery, upload: Upload, **more: object) -> dict[str, Any]:
    made = services()
    limits = Limits(unpacked_bytes=made.api.max_unpacked_mb * 1_000_000)
    return given_to(upload.folder, _kinds(asked, upload), stated(asked.options()), for_uploads(made.config), made.now(), limits, **more)


def _kinds(asked: FileQuery, upload: Upload) -> tuple[JobFile, ...]:
    """The files with what their parts, or the caller, say of their rows."""
    stated_kinds = {"file": asked.kind or "", "spend": "spend", "conversions": "conversions"}
    return tuple(
        JobFile(stored=file.stored, given=file.given, kind=stated_kinds[file.stored], size_bytes=file.size_bytes) for file in upload.files
    )
