"""Every job that a client asked for gets one run, whatever dies in between, and comes to an end that its sender can read."""

import threading
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin

from mta_assets.definitions import build_defs
from mta_assets.defs.analyses import ANALYZE_UPLOAD
from mta_assets.defs.analysis_sensor import SILENT, died
from mta_assets.defs.resources import LakeResource, Project
from mta_assets.jobs.daemon import DAEMON, daemon_warning
from mta_assets.jobs.folder import Folder
from mta_assets.jobs.outcome import read_outcome
from mta_assets.jobs.perform import STOPPED_FROM_OUTSIDE
from mta_assets.simulation.world import World
from mta_assets.simulation.write import write_table
from mta_assets.state.deliveries import Deliveries
from mta_assets.state.heartbeats import Heartbeats
from mta_assets.state.job import JobState
from mta_assets.state.jobs import Jobs
from mta_assets.state.store import StateStore
from mta_assets.state.webhooks import Event, Webhooks
from tests.defs.dagster_shop import CONFIG, FEW
from tests.sending import send

PEPPER = b"p" * 32
ORIGIN = RemoteJobOrigin(RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("here"), "all"), ANALYZE_UPLOAD)  # a queued run must have one
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
EVENTS = {"events.csv": b"user_id,ts,channel,conversion,value\nu1,2026-03-01T10:00:00Z,email,0,\nu1,2026-03-02T10:00:00Z,search,1,19.99\n"}


class Analyses:
    """A shop's Dagster, a state store, and uploads."""

    def __init__(self, shop, store):
        self.instance, self.store, self.jobs = shop.instance, store, Jobs(store)
        self.uploads = shop.folder / "uploads"
        project = Project(config=CONFIG, models=FEW, state_url=f"sqlite:///{shop.folder}/state.db", uploads=self.uploads)
        self.resource = LakeResource(root=str(shop.folder / "lake"), landing=str(shop.landing), project=project)
        self.defs = build_defs(lake=self.resource)

    def ask(self, contents=None, **more):
        """The id of a queued job."""
        return send(self.jobs, self.uploads, contents or EVENTS, **more).id

    def look(self):
        """The runs that one tick of the sensor asks for."""
        repository = self.defs.get_repository_def()
        with dg.build_sensor_context(instance=self.instance, repository_def=repository, resources={"lake": self.resource}) as context:
            answer = repository.get_sensor_def("analysis_sensor")(context)
        return answer.run_requests if isinstance(answer, dg.SensorResult) else []

    def run(self, request):
        """Do what the daemon does with a request, here and now."""
        tags = {**request.tags, "dagster/run_key": request.run_key}
        job = self.defs.resolve_job_def(ANALYZE_UPLOAD)
        return job.execute_in_process(instance=self.instance, tags=tags, run_config=request.run_config | QUIET, raise_on_error=False)

    def record(self, request, status):
        """A run of this request as the daemon would have it, in this state."""
        tags = {**request.tags, "dagster/run_key": request.run_key}
        run = dg.DagsterRun(job_name=ANALYZE_UPLOAD, tags=tags, status=status, remote_job_origin=ORIGIN)
        self.instance.add_run(run)
        return run.run_id

    def job(self, id_):
        return self.jobs.get(id_, None)

    def status(self, run_id):
        return self.instance.get_run_by_id(run_id).status

    def files(self, id_):
        return Folder.of_job(self.uploads, id_).files


@pytest.fixture
def analyses(shop_of, tmp_path, monkeypatch):
    monkeypatch.setattr("mta_assets.defs.analysis_sensor.WAIT_SECONDS", 0)
    store = StateStore(f"sqlite:///{tmp_path}/state.db")
    store.migrate()
    yield Analyses(shop_of(), store)
    store.close()


def test_each_tick_is_the_heartbeat_of_the_daemon(analyses):
    assert analyses.look() == []
    assert daemon_warning(Heartbeats(analyses.store), datetime.now(UTC)) is None
    assert Heartbeats(analyses.store).last(DAEMON) > datetime.now(UTC) - timedelta(minutes=1)


def test_a_queued_job_is_claimed_and_gets_a_run_of_its_own_that_names_job_and_request_but_not_the_owner(analyses):
    first, second = analyses.ask(owner="jane@acme.example"), analyses.ask(owner="jane@acme.example")
    requests = analyses.look()
    assert [request.run_key for request in requests] == [first, second]
    assert requests[0].tags["mta/job"] == first
    assert requests[0].tags["mta/request"] == "req-1"
    assert requests[0].tags["mta/owner"] == requests[1].tags["mta/owner"]
    assert "jane" not in str(requests[0].tags)
    assert analyses.job(first).state is JobState.LAUNCHING


def test_a_tick_waits_for_a_job_and_claims_it_when_it_comes(analyses, monkeypatch):
    monkeypatch.setattr("mta_assets.defs.analysis_sensor.WAIT_SECONDS", 60)
    asked = []
    later = threading.Timer(0.5, lambda: asked.append(analyses.ask()))
    later.start()
    (request,) = analyses.look()
    assert [request.run_key] == asked


def test_a_run_does_its_job(analyses, tmp_path):
    world = World(touchpoints=500, days=5, first_day=date(2026, 3, 1))
    id_ = analyses.ask({path.name: path.read_bytes() for path in write_table(world, tmp_path / "simulated")})
    (request,) = analyses.look()
    result = analyses.run(request)
    assert result.success
    job = analyses.job(id_)
    assert (job.state, job.percent, job.run_id) == (JobState.SUCCEEDED, 100, result.run_id)
    assert set(FEW) & set(read_outcome(Folder.of_job(analyses.uploads, id_).results).results["model"]) >= {"linear", "markov_1", "shapley"}
    assert analyses.look() == []


def test_a_job_that_fails_fails_its_run_which_names_the_job_and_not_what_its_file_says_and_is_not_tried_again(analyses):
    id_ = analyses.ask({"export.csv": b"a,b\n1,2\n"})
    result = analyses.run(analyses.look()[0])
    assert not result.success
    job = analyses.job(id_)
    assert job.state is JobState.FAILED
    (failure,) = result.get_step_failure_events()
    assert job.id in failure.event_specific_data.error_display_string
    assert job.reason not in failure.event_specific_data.error_display_string
    run = analyses.instance.get_run_by_id(result.run_id)
    assert run.tags["dagster/max_retries"] == "0"
    assert analyses.look() == []


def test_a_daemon_that_dies_after_the_claim_is_made_up_for_by_the_next(analyses):
    id_ = analyses.ask()
    (first,) = analyses.look()
    (again,) = analyses.look()  # no run came of the first request
    assert again.run_key == first.run_key == id_
    analyses.record(again, dg.DagsterRunStatus.NOT_STARTED)  # it died between making the run and starting it
    assert [request.run_key for request in analyses.look()] == [id_]


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED])
def test_a_job_whose_run_is_on_its_way_is_not_asked_for_again(analyses, status):
    analyses.ask()
    analyses.record(analyses.look()[0], status)
    assert analyses.look() == []


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.CANCELED])
@pytest.mark.parametrize("began", [False, True])
def test_a_job_whose_run_is_over_without_a_word_fails_with_a_reason_and_its_sender_is_told(analyses, status, began):
    webhook, _ = Webhooks(analyses.store, PEPPER).create(owner="acme", url="https://h/", events=[Event.JOB_FINISHED], now=datetime.now(UTC))
    id_ = analyses.ask()
    run_id = analyses.record(analyses.look()[0], status)
    if began:
        analyses.jobs.start(id_, run_id, now=datetime.now(UTC))
    assert analyses.look() == []
    job = analyses.job(id_)
    assert job.state is JobState.FAILED
    assert job.reason == (STOPPED_FROM_OUTSIDE if status is dg.DagsterRunStatus.CANCELED else died(id_))
    assert not analyses.files(id_).exists()
    assert analyses.look() == []
    (told,) = Deliveries(analyses.store, PEPPER).list(webhook.id, None).items
    assert told.payload["reason"] == job.reason


def test_a_run_whose_process_is_silent_is_given_up_for_dead(analyses):
    id_ = analyses.ask()
    run_id = analyses.record(analyses.look()[0], dg.DagsterRunStatus.STARTED)
    long_ago = datetime.now(UTC) - SILENT - timedelta(seconds=5)
    analyses.jobs.start(id_, run_id, now=long_ago)
    analyses.jobs.pulse(id_, now=datetime.now(UTC))
    analyses.look()
    assert analyses.job(id_).state is JobState.RUNNING
    other = analyses.ask()
    dead = analyses.record(analyses.look()[0], dg.DagsterRunStatus.STARTED)
    analyses.jobs.start(other, dead, now=long_ago)
    analyses.look()
    assert (analyses.job(other).state, analyses.job(other).reason) == (JobState.FAILED, died(other))
    assert analyses.status(dead) is dg.DagsterRunStatus.FAILURE
    assert analyses.job(id_).state is JobState.RUNNING


@pytest.mark.parametrize("status", [None, dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.QUEUED])
def test_a_cancelled_job_whose_run_has_not_begun_never_runs(analyses, status):
    id_ = analyses.ask()
    (request,) = analyses.look()
    run_id = status and analyses.record(request, status)
    analyses.jobs.ask_cancel(id_, "acme", now=datetime.now(UTC))
    assert analyses.look() == []
    assert analyses.job(id_).state is JobState.CANCELLED
    assert not analyses.files(id_).exists()
    assert run_id is None or analyses.status(run_id) is dg.DagsterRunStatus.CANCELED
    late = analyses.run(request)  # the daemon had it in hand already
    assert not late.success
    assert analyses.job(id_).state is JobState.CANCELLED


def test_a_cancellation_is_passed_on_to_a_run_that_works(analyses):
    id_ = analyses.ask()
    run_id = analyses.record(analyses.look()[0], dg.DagsterRunStatus.STARTED)
    analyses.jobs.start(id_, run_id, now=datetime.now(UTC))
    analyses.jobs.ask_cancel(id_, "acme", now=datetime.now(UTC))
    analyses.look()
    assert analyses.status(run_id) is dg.DagsterRunStatus.CANCELING
    assert analyses.job(id_).state is JobState.CANCELLING
    analyses.instance.report_run_canceled(analyses.instance.get_run_by_id(run_id))
    analyses.look()
    assert (analyses.job(id_).state, analyses.job(id_).reason) == (JobState.CANCELLED, None)


def test_a_cancellation_that_the_run_notices_itself_ends_the_run_as_cancelled(analyses):
    id_ = analyses.ask()
    (request,) = analyses.look()
    analyses.jobs.ask_cancel(id_, "acme", now=datetime.now(UTC))
    analyses.run(request)
    assert analyses.job(id_).state is JobState.CANCELLED
    (run,) = analyses.instance.get_runs()
    assert run.status is dg.DagsterRunStatus.CANCELED


def test_a_run_that_a_person_starts_again_does_not_do_an_ended_job_twice(analyses):
    analyses.ask()
    (request,) = analyses.look()
    assert analyses.run(request).success
    again = analyses.run(request)
    assert not again.success
    assert "send the file again" in again.get_step_failure_events()[0].event_specific_data.error_display_string


def test_without_a_state_store_nothing_is_asked(shop_of):
    shop = shop_of()
    repository = shop.defs.get_repository_def()
    with dg.build_sensor_context(instance=shop.instance, repository_def=repository, resources={"lake": shop.resource}) as context:
        assert "MTA_STATE_URL" in repository.get_sensor_def("analysis_sensor")(context).skip_message
