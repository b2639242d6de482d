"""Has the daemon look at everything twice a minute and tell whom it concerns. What is wrong, and how it is told, is `mta_assets.alerts`'."""

import logging

import dagster as dg

from mta_assets.alerts.gather import Gatherer
from mta_assets.alerts.rules_of_pipeline import RUN_FAILED
from mta_assets.alerts.watcher import Watcher, check_names
from mta_assets.config import Config
from mta_assets.defs.ended_runs import LOOK_BACK, ended_runs
from mta_assets.defs.untold import tell_again
from mta_assets.errors import StateError
from mta_assets.settings import ApiSettings, Settings

log = logging.getLogger(__name__)
# After this no further message is begun in a tick; with the time-outs of the last ones it stays below the minute that Dagster gives a tick.
TICK_SECONDS = 5.0


def alert_sensor(config: Config) -> dg.SensorDefinition:
    """The sensor. It starts no run: what is wrong with runs is not found by one."""
    check_names(config.alerts)
    made: list[tuple[Watcher, Gatherer]] = []  # by the first tick of a process, and kept for the others

    @dg.sensor(
        name="alert_sensor",
        minimum_interval_seconds=Settings().alert_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Looks for what is wrong, and tells the targets of `alerts` in mta.yaml: once when it begins, once when it is over.",
    )
    def watch(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        """One tick."""
        if not made:
            made.append(opened(config))
        watcher, gatherer = made[0]
        _tell_again(context.instance, watcher)
        since = watcher.began(RUN_FAILED, otherwise=watcher.now()) - LOOK_BACK
        told = watcher.tick(gatherer.facts(ended_runs(context.instance, since)), TICK_SECONDS)
        if not (told.sent or told.failed):
            return dg.SkipReason("There is nothing to tell.")
        return dg.SkipReason(f"{told.sent} messages sent, {told.failed} failed and to be tried again.")

    return watch


def _tell_again(instance: dg.DagsterInstance, watcher: Watcher) -> None:
    """What runs could not tell the state store is part of what is judged."""
    try:
        watcher.alerts()  # for the tables
        tell_again(instance, watcher.store)
    except StateError as error:
        log.info("what runs found is told when the state store is back: %s", error)


def opened(config: Config) -> tuple[Watcher, Gatherer]:
    """What a tick needs, over what the environment names."""
    settings = Settings()
    watcher = Watcher.from_settings(settings, config.alerts)
    return watcher, Gatherer.of(settings, ApiSettings(), config, watcher.store, watcher.now)
