"""A job, and what it found, as clients see them: for every route that shows one. No route."""

from collections.abc import Mapping
from typing import Any, Final

import orjson
from flask import Response

from api.paging import Window
from api.representations import JSON, Result
from api.schemas.jobs import JobDocument, JobFileModel, JobLinks, ResultTable
from api.services import services
from mta_assets.errors import NotFoundError
from mta_assets.jobs.daemon import daemon_warning
from mta_assets.jobs.folder import Folder
from mta_assets.jobs.outcome import Outcome
from mta_assets.jobs.partial import read_partial
from mta_assets.state.heartbeats import Heartbeats
from mta_assets.state.job import Job, JobState

MONEY: Final = frozenset({"value", "cost", "cpa"})
SAMPLE_ROWS: Final = 20


def job_document(job: Job) -> dict[str, Any]:
    """The job for JSON."""
    return JobDocument(
        id=job.id,
        state=job.state,
        percent=round(job.percent, 1),
        stage=job.stage,
        expected_end=job.expected_end,
        reason=job.reason,
        warning=None if job.ended else _warning(),
        models_done=_models_done(job),
        files=[JobFileModel(name=file.given, part=file.stored, size_bytes=file.size_bytes) for file in job.files],
        options=dict(job.options),
        owner=job.owner,
        request_id=job.request_id,
        run_id=job.run_id,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        updated_at=job.updated_at,
        links=JobLinks(self=address_of(job.id), result=f"{address_of(job.id)}/result"),
    ).model_dump(mode="json")


def job_response(job: Job, status: int = 200) -> Response:
    """The job as an answer that says where it is."""
    return Response(orjson.dumps(job_document(job)), status, {"Location": address_of(job.id)}, content_type=JSON)


def address_of(job_id: str) -> str:
    """Where the job is."""
    return f"/v1/jobs/{job_id}"


def outcome_result(outcome: Outcome, table: ResultTable, page: Window | None) -> Result:
    """A table of what an analysis found, with the rest in `about`. page: None for all rows."""
    about = {**outcome.about, "rejected_sample": outcome.rejected.head(SAMPLE_ROWS).to_dicts()}
    return Result(
        frame=getattr(outcome, table.value),
        money=MONEY if table is ResultTable.RESULTS else frozenset(),
        about=_about(table, partial=False, about=about),
        page=page,
    )


def partial_result(job: Job, page: Window) -> Result:
    """The rows of the models that are done. Raises NotFoundError when none is."""
    frame = read_partial(folder_of(job).partial)
    return Result(frame=frame, money=MONEY, about=_about(ResultTable.RESULTS, partial=True, about=None), page=page)


def folder_of(job: Job) -> Folder:
    """Where its files and results lie."""
    return Folder.of_job(services().settings.uploads, job.id)


def _about(table: ResultTable, *, partial: bool, about: Mapping[str, Any] | None) -> dict[str, object]:
    return {"table": table.value, "partial": partial, "about": about}


def _warning() -> str | None:
    made = services()
    return daemon_warning(Heartbeats(made.store), made.now())


def _models_done(job: Job) -> list[str]:
    """Models whose partial results are there; none once there are the whole ones."""
    if job.state is JobState.SUCCEEDED or job.started_at is None:
        return []
    try:
        return read_partial(folder_of(job).partial)["model"].unique(maintain_order=True).to_list()
    except NotFoundError:
        return []
