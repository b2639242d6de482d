"""What Dagster loads: every asset, check, job, sensor and schedule, made from one lake resource. No logic."""

import dagster as dg

from mta_assets.defs.alert_sensor import alert_sensor
from mta_assets.defs.analyses import analyze_upload
from mta_assets.defs.analysis_sensor import analysis_sensor
from mta_assets.defs.assets.core import core_assets
from mta_assets.defs.assets.credits import credit_assets
from mta_assets.defs.assets.journeys import journey_assets
from mta_assets.defs.assets.learned import learned_assets
from mta_assets.defs.assets.marts import mart_assets
from mta_assets.defs.assets.scorecard import scorecard_asset
from mta_assets.defs.assets.sources import source_assets
from mta_assets.defs.assets.staged import staged_assets
from mta_assets.defs.clean_up import clean_up
from mta_assets.defs.day_checks import day_checks, judge_job
from mta_assets.defs.erasures import erase_job, erasure_sensor
from mta_assets.defs.freshness import with_policies
from mta_assets.defs.jobs import IN_PROCESS, jobs
from mta_assets.defs.landing_sensor import landing_sensor
from mta_assets.defs.resources import LakeResource
from mta_assets.defs.restatement_sensor import restatement_sensor
from mta_assets.defs.schedules import clean_up_schedule, day_schedule, judge_schedule
from mta_assets.defs.webhook_sensor import webhook_sensor


def build_defs(**resource_overrides: LakeResource) -> dg.Definitions:
    """The definitions over the environment's lake, or over the one given as `lake`: its models and configuration decide what there is."""
    resources = {"lake": resource_overrides["lake"] if "lake" in resource_overrides else LakeResource.from_environment()}
    lake = resources["lake"]
    work, checks = jobs(lake), day_checks()
    tables = [
        staged_assets(lake),
        core_assets(lake),
        journey_assets(lake),
        *learned_assets(lake),
        *credit_assets(lake),
        *mart_assets(lake),
        scorecard_asset(lake),
    ]
    return dg.Definitions(
        assets=[*source_assets(lake.config), *with_policies(lake.config, tables)],
        asset_checks=checks,
        jobs=[*work, judge_job(checks), analyze_upload, clean_up, erase_job],
        sensors=[
            landing_sensor(lake),
            restatement_sensor(lake, work),
            analysis_sensor(),
            webhook_sensor(),
            alert_sensor(lake.config),
            erasure_sensor(),
        ],
        schedules=[day_schedule(lake.config), judge_schedule(lake.config), clean_up_schedule(lake.config)],
        resources=resources | resource_overrides,
        executor=IN_PROCESS,
    )


defs = build_defs()
