"""`/v1/jobs`: analyses that were asked for, how far they are, what they found, and their cancellation. They are started by sending a file."""

import orjson
from flask import Response

from api.exchange import caller
from api.job_documents import folder_of, job_document, job_response, outcome_result, partial_result
from api.paging import window
from api.problems import refuse
from api.representations import JSON, Result
from api.routing import Routes
from api.schemas.jobs import AnalysisResult, JobDocument, JobList, JobPath, JobResultQuery, JobsQuery, ResultTable
from api.services import services
from api.serving import served
from mta_assets.jobs.outcome import read_outcome
from mta_assets.jobs.partial import partial_version
from mta_assets.state.access import Scope
from mta_assets.state.job import Job, JobState
from mta_assets.state.jobs import Jobs

routes = Routes("jobs", "/v1/jobs", tag="jobs")


@routes.view("get", "", scope=Scope.JOBS_READ, answers={200: JobList})
def list_jobs(query: JobsQuery) -> Response:
    """Your jobs, the newest first; with keys:admin, those of all."""
    page = _jobs().list(_owner(), state=query.state, after=query.cursor, limit=query.limit)
    listed = {"data": [job_document(job) for job in page.items], "next_cursor": page.next}
    return Response(orjson.dumps(listed), content_type=JSON)


@routes.view("get", "/<job_id>", scope=Scope.JOBS_READ, answers={200: JobDocument})
def show_job(path: JobPath) -> Response:
    """How far a job is, when it will be done, and why it failed if it did."""
    return job_response(_job(path))


@routes.view("get", "/<job_id>/result", scope=Scope.JOBS_READ, answers={200: AnalysisResult}, tabular=True, fails=(409,))
def job_result(path: JobPath, query: JobResultQuery) -> Response:
    """What a job found. Before it has succeeded: 409 with its state, or, with partial=true, the models that are done."""
    job = _job(path)
    return served(
        version=lambda: _version(job),
        parameters=query,
        seconds=services().api.cache_results_seconds,
        compute=lambda version: _result(job, query, version),
    )


@routes.view("delete", "/<job_id>", scope=Scope.JOBS_WRITE, answers={202: JobDocument, 204: None}, fails=(409,))
def cancel_job(path: JobPath) -> Response:
    """Cancel a job: 204 when it is cancelled, 202 when its run has yet to stop. What has succeeded or failed cannot be: 409."""
    job = _jobs().ask_cancel(path.job_id, _owner(), now=services().now())
    if not job.ended:
        return job_response(job, 202)
    folder_of(job).forget_files()
    return Response(status=204)


def _jobs() -> Jobs:
    return Jobs(services().store)


def _owner() -> str | None:
    """Whose jobs the caller may see; None for those of all."""
    return None if Scope.KEYS_ADMIN in caller().scopes else caller().owner


def _job(path: JobPath) -> Job:
    return _jobs().get(path.job_id, _owner())


def _version(job: Job) -> str:
    return f"{job.id} {job.state.value} {partial_version(folder_of(job).partial)}"


def _result(job: Job, query: JobResultQuery, version: str) -> Result:
    page = window(query.cursor, query.limit, version)
    if job.state is JobState.SUCCEEDED:
        return outcome_result(read_outcome(folder_of(job).results), query.table, page)
    if not query.partial or query.table is not ResultTable.RESULTS:
        refuse("conflict", _why_not(job), state=job.state.value, percent=job.percent)
    return partial_result(job, page)


def _why_not(job: Job) -> str:
    if job.ended:
        return f"The job is {job.state.value} and has no whole result. partial=true gives the models that were done."
    return (
        f"The job is {job.state.value}, {job.percent:.0f} % done: its result is not there yet. partial=true gives the models that are done."
    )
