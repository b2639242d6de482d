"""A client follows its job, has the results in the form it likes, and cancels it; another's job is not there."""

import io
from dataclasses import replace

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mta_assets.jobs.daemon import DAEMON
from mta_assets.jobs.folder import Folder
from mta_assets.jobs.outcome import read_outcome
from mta_assets.jobs.perform import Desk, perform
from mta_assets.simulation.world import World
from mta_assets.simulation.write import write_table
from mta_assets.state.heartbeats import Heartbeats
from mta_assets.state.jobs import Jobs, new_job_id
from tests.sending import send

NAMES = {"touchpoints.csv", "conversions.csv", "spend.csv"}


@pytest.fixture(scope="session")
def files_to_send(tmp_path_factory):
    return write_table(World(touchpoints=1_500, days=8, dirty_share=0.05), tmp_path_factory.mktemp("to_send"))


@pytest.fixture
def made(app):
    return app.extensions["mta"]


@pytest.fixture
def jobs(made):
    return Jobs(made.store)


@pytest.fixture
def sent(made, jobs, files_to_send):
    """Has an owner send the shop's files; the queued job."""

    def sent(owner="analyst"):
        return send(jobs, made.settings.uploads, {path.name: path.read_bytes() for path in files_to_send}, owner=owner, now=made.now())

    return sent


@pytest.fixture
def desk(made, jobs):
    return Desk(jobs=jobs, uploads=made.settings.uploads, config=made.config, now=made.now)


@pytest.fixture
def done(desk, jobs, sent, made):
    """A job that has succeeded."""
    job = sent()
    jobs.claim(job.id, now=made.now())
    return perform(desk, job.id, "run-1")


@pytest.fixture
def call(client, key_of):
    """Calls as a key of a role; the owner is called as the role unless said."""
    held = {}

    def call(method, path, role="analyst", owner=None, **more):
        who = (role, owner or role)
        held[who] = held.get(who) or key_of(role, owner=owner or role)
        return client.open(path, method=method, headers={"X-API-Key": held[who], **more.pop("headers", {})}, **more)

    return call


def test_a_job_says_how_far_it_is_and_what_it_waits_for(call, sent, jobs, made, clock):
    job = sent()
    shown = call("GET", f"/v1/jobs/{job.id}").json
    assert (shown["state"], shown["percent"], shown["stage"], shown["models_done"]) == ("queued", 0, None, [])
    assert "never heard of" in shown["warning"]
    assert shown["links"] == {"self": f"/v1/jobs/{job.id}", "result": f"/v1/jobs/{job.id}/result"}
    assert {file["name"] for file in shown["files"]} == NAMES
    assert shown["request_id"] == "req-1"
    Heartbeats(made.store).beat(DAEMON, clock.now)
    jobs.claim(job.id, now=clock.now)
    jobs.start(job.id, "run-1", now=clock.now)
    clock.forward(seconds=30)
    jobs.progress(job.id, "learning shapley", 75, now=clock.now)
    shown = call("GET", f"/v1/jobs/{job.id}").json
    assert (shown["state"], shown["percent"], shown["stage"], shown["run_id"]) == ("running", 75, "learning shapley", "run-1")
    assert shown["warning"] is None
    assert shown["expected_end"] > shown["updated_at"] > shown["created_at"]
    assert shown["updated_at"].endswith("Z")


def test_a_failed_job_says_why(call, sent, jobs, clock):
    job = sent()
    jobs.fail(job.id, "touchpoints.csv has no column ts. Map it.", now=clock.now)
    shown = call("GET", f"/v1/jobs/{job.id}").json
    assert (shown["state"], shown["reason"]) == ("failed", "touchpoints.csv has no column ts. Map it.")
    refused = call("GET", f"/v1/jobs/{job.id}/result")
    assert (refused.status_code, refused.json["error"], refused.json["details"]["state"]) == (409, "conflict", "failed")


def test_results_come_in_every_form_with_all_their_digits(call, done, made):
    expected = read_outcome(folder_path(made, done).results).results
    assert "cost" in expected.columns
    path = f"/v1/jobs/{done.id}/result"
    rows = call("GET", path).json
    assert rows["total"] == expected.height == len(rows["data"])
    assert rows["partial"] is False
    for row, truth in zip(rows["data"], expected.to_dicts(), strict=True):
        assert row["conversions"] == truth["conversions"]
        assert isinstance(row["value"], str)
        assert float(row["value"]) == truth["value"]
        assert row["cost"] is None or float(row["cost"]) == float(truth["cost"])
    as_parquet = call("GET", path, headers={"Accept": "application/vnd.apache.parquet"})
    assert_frame_equal(pl.read_parquet(io.BytesIO(as_parquet.data)), expected, check_exact=True)
    as_arrow = call("GET", path, headers={"Accept": "application/vnd.apache.arrow.stream"})
    assert_frame_equal(pl.read_ipc_stream(io.BytesIO(as_arrow.data)), expected, check_exact=True)
    as_csv = call("GET", path, headers={"Accept": "text/csv"}).text
    assert as_csv.splitlines()[0] == ",".join(expected.columns)
    assert len(as_csv.splitlines()) == expected.height + 1


def folder_path(made, job):
    return Folder.of_job(made.settings.uploads, job.id)


def test_results_page_by_cursor_and_say_what_is_unavailable_and_rejected(call, done):
    path, rows, cursor = f"/v1/jobs/{done.id}/result?limit=50", [], None
    while True:
        page = call("GET", path + (f"&cursor={cursor}" if cursor else "")).json
        rows += page["data"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(rows) == page["total"] > 50
    about = page["about"]
    assert "w_shaped" in about["unavailable"]
    assert about["rows"]["quarantined"] > 0
    assert 0 < len(about["rejected_sample"]) <= 20
    assert about["rejected_sample"][0]["file"] in NAMES
    assert all(each["holds"] in (True, None) for each in about["sums"])


@pytest.mark.parametrize(("table", "column"), [("effects", "share"), ("rejected", "reason")])
def test_effects_and_rejected_rows_are_tables_too(call, done, made, table, column):
    got = call("GET", f"/v1/jobs/{done.id}/result?table={table}&limit=10000").json
    assert got["table"] == table
    assert [row[column] for row in got["data"]] == getattr(read_outcome(folder_path(made, done).results), table)[column].to_list()


def test_a_result_that_the_client_has_is_not_sent_again(call, done):
    first = call("GET", f"/v1/jobs/{done.id}/result")
    again = call("GET", f"/v1/jobs/{done.id}/result", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_before_the_end_the_models_that_are_done_can_be_had(call, sent, jobs, desk, clock):
    job = sent()
    path = f"/v1/jobs/{job.id}/result"
    early = call("GET", path)
    assert (early.status_code, early.json["details"]["state"]) == (409, "queued")
    assert call("GET", f"{path}?partial=true").status_code == 404
    jobs.claim(job.id, now=clock.now)
    seen = []

    def look(stage):
        if stage.startswith(("statistics", "learning shapley ")):
            shown = call("GET", f"/v1/jobs/{job.id}").json["models_done"]
            got = call("GET", f"{path}?partial=true&limit=10000")
            assert got.json["partial"] is True
            assert list(dict.fromkeys(row["model"] for row in got.json["data"])) == shown
            assert call("GET", path).status_code == 409
            seen.append((shown, got.headers["ETag"]))

    perform(replace(desk, say=look), job.id, "run")
    (rules, _), (more, _) = seen
    assert "linear" in rules
    assert set(rules) < set(more)
    assert "markov_1" in more
    assert seen[0][1] != seen[1][1]
    assert call("GET", path).json["partial"] is False


def test_results_whose_files_were_removed_are_not_there(call, done, made):
    folder_path(made, done).remove()
    gone = call("GET", f"/v1/jobs/{done.id}/result")
    assert (gone.status_code, gone.json["error"]) == (404, "not_found")


def test_a_queued_job_is_cancelled_at_once_and_its_files_go(call, sent, made):
    job = sent()
    assert (folder_path(made, job).files / "file").exists()
    assert call("DELETE", f"/v1/jobs/{job.id}").status_code == 204
    assert not folder_path(made, job).files.exists()
    assert call("GET", f"/v1/jobs/{job.id}").json["state"] == "cancelled"
    assert call("DELETE", f"/v1/jobs/{job.id}").status_code == 204


def test_a_running_job_is_cancelled_when_its_run_has_stopped(call, sent, jobs, clock):
    job = sent()
    jobs.claim(job.id, now=clock.now)
    jobs.start(job.id, "run", now=clock.now)
    accepted = call("DELETE", f"/v1/jobs/{job.id}")
    assert (accepted.status_code, accepted.json["state"]) == (202, "cancelling")
    assert accepted.headers["Location"] == f"/v1/jobs/{job.id}"


def test_what_has_succeeded_cannot_be_cancelled(call, done):
    assert call("DELETE", f"/v1/jobs/{done.id}").status_code == 409


def test_jobs_are_listed_the_newest_first_in_pages_by_state(call, sent, jobs, clock):
    ids = [sent().id for _ in range(3)]
    sent(owner="somebody")
    jobs.fail(ids[1], "no", now=clock.now)
    first = call("GET", "/v1/jobs?limit=2").json
    second = call("GET", f"/v1/jobs?limit=2&cursor={first['next_cursor']}").json
    assert [job["id"] for job in first["data"] + second["data"]] == ids[::-1]
    assert second["next_cursor"] is None
    assert [job["id"] for job in call("GET", "/v1/jobs?state=failed").json["data"]] == [ids[1]]
    assert call("GET", "/v1/jobs?state=lost").json["details"]["field"] == "state"
    assert call("GET", "/v1/jobs?cursor=x").status_code == 422


def test_anothers_job_is_not_there_and_an_admin_sees_all(call, done):
    for method, path in (("GET", ""), ("GET", "/result"), ("DELETE", "")):
        answer = call(method, f"/v1/jobs/{done.id}{path}", owner="somebody")
        assert (answer.status_code, answer.json["error"]) == (404, "not_found")
        unknown = call(method, f"/v1/jobs/{new_job_id()}{path}", owner="somebody")
        assert answer.json["message"].replace(done.id, "") == unknown.json["message"].replace(unknown.json["message"].split("'")[1], "")
    assert call("GET", "/v1/jobs", owner="somebody").json["data"] == []
    assert call("GET", f"/v1/jobs/{done.id}/result", role="admin").status_code == 200
    assert [job["owner"] for job in call("GET", "/v1/jobs", role="admin").json["data"]] == ["analyst"]


def test_a_viewer_sees_no_jobs(call, done):
    for method in ("GET", "DELETE"):
        assert call(method, f"/v1/jobs/{done.id}", role="viewer").status_code == 403


@pytest.mark.parametrize("id_", ["job_..%2f..", "..", "job_" + "g" * 24, "%00", "x" * 101])
def test_an_id_that_is_none_is_not_there(call, id_):
    assert call("GET", f"/v1/jobs/{id_}").status_code in (404, 422)
    assert call("GET", f"/v1/jobs/{id_}/result").status_code in (404, 422)


def test_answers_are_as_the_specification_says(call, app, done, sent, jobs, clock):
    """The wire models refuse what they do not know, so that a field more or less would raise here."""
    from api.schemas.jobs import AnalysisResult, JobDocument, JobList  # noqa: PLC0415

    sent()
    JobList.model_validate(call("GET", "/v1/jobs").json)
    JobDocument.model_validate(call("GET", f"/v1/jobs/{done.id}").json)
    for table in ("results", "effects", "rejected"):
        AnalysisResult.model_validate(call("GET", f"/v1/jobs/{done.id}/result?table={table}").json)
