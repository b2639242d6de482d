"""Has the daemon do the erasures that were asked for over the API or with `mta erase --queue`. Erasing is `mta_assets.erasure`'s."""

from pathlib import Path

import dagster as dg

from mta_assets.defs.analyses import ANALYZE_UPLOAD, opened_store
from mta_assets.defs.jobs import IN_PROCESS
from mta_assets.defs.resources import LakeResource
from mta_assets.erasure.erase import Places, erase_pending
from mta_assets.settings import ApiSettings, LogSettings, Settings
from mta_assets.state.erasures import Erasures
from mta_assets.state.pepper import read_privacy_keys
from mta_assets.state.store import StateStore

ERASE = "erase"
_RUNNING = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
_WAITING = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.QUEUED]


@dg.op(description="Take users out of everything, as was asked for, and recompute the days that this changes.")
def erase_users(context: dg.OpExecutionContext, lake: LakeResource) -> None:
    """Every erasure that is pending. What a step raises leaves it pending, and the next run goes on."""
    with opened_store(lake) as store:
        ended = erase_pending(_places(lake, store), lake.now, context.log.info)
    states = {erasure.id: str(erasure.state) for erasure in ended}
    context.add_output_metadata(states)
    if left := {erasure.id: list(erasure.remaining) for erasure in ended if erasure.remaining}:
        context.log.warning(f"Something was left: {left}")


@dg.job(name=ERASE, executor_def=IN_PROCESS, description="Erase the users that were asked for.")
def erase_job() -> None:
    """One op."""
    erase_users()


def erasure_sensor() -> dg.SensorDefinition:
    """The sensor: one run for all that is pending, when no other run is under way, so that none writes down what it read before."""

    @dg.sensor(
        name="erasure_sensor",
        job_name=ERASE,
        minimum_interval_seconds=Settings().sensor_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts the erasures that were asked for.",
    )
    def look(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.RunRequest | dg.SkipReason:
        """One tick."""
        if not lake.project.state_url:
            return dg.SkipReason("There is no state store.")
        with opened_store(lake) as store:
            pending = Erasures(store, read_privacy_keys(Settings(), ApiSettings())).unfinished()
        if not pending:
            return dg.SkipReason("No erasure is pending.")
        if _is_busy(context.instance):
            return dg.SkipReason(f"{len(pending)} erasures wait for the runs that are under way.")
        return dg.RunRequest(run_key=None)

    return look


def _is_busy(instance: dg.DagsterInstance) -> bool:
    """Whether a run may be writing to the lake, or one like this waits already. Analyses of clients do not touch the lake."""
    running = instance.get_runs(dg.RunsFilter(statuses=_RUNNING))
    waiting = instance.get_runs(dg.RunsFilter(job_name=ERASE, statuses=_WAITING), limit=1)
    return bool(waiting) or any(run.job_name != ANALYZE_UPLOAD for run in running)


def _places(lake: LakeResource, store: StateStore) -> Places:
    settings, api = Settings(), ApiSettings()
    return Places(
        lake=lake.lake,
        config=lake.config,
        models=lake.models,
        landing=lake.landing_folder,
        uploads=Path(lake.project.uploads),
        store=store,
        keys=read_privacy_keys(settings, api),
        redis_url=api.redis_url.get_secret_value(),
        dagster_home=settings.dagster_home,
        dagster_url=settings.dagster_postgres_url,
        logs=Path(folder) if (folder := LogSettings().folder) else None,
    )
