"""The daily schedules: after midnight in the reporting timezone one closes the day that has ended, and one removes what is past its time. No computation."""

import math
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg

from mta_assets.config import Config
from mta_assets.defs.clean_up import CLEAN_UP
from mta_assets.defs.day_checks import JUDGE
from mta_assets.defs.jobs import CLOSE_DAY
from mta_assets.defs.runs import FIRST

# A quarter past midnight: the day has ended everywhere in its zone, and the hour that a change to summer time skips is still to come.
QUARTER_PAST_MIDNIGHT = "15 0 * * *"
HALF_PAST_FOUR = "30 4 * * *"  # when nobody waits for it


def day_schedule(config: Config) -> dg.ScheduleDefinition:
    """One run of `close_day` for yesterday."""

    @dg.schedule(
        name="close_the_day",
        cron_schedule=QUARTER_PAST_MIDNIGHT,
        job_name=CLOSE_DAY,
        execution_timezone=config.reporting_timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Closes the day that has ended, so that journeys expire though no new data arrive.",
    )
    def close_the_day(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        """Yesterday, as the reporting timezone has it."""
        day = ended_day(context.scheduled_execution_time, config).isoformat()
        return dg.RunRequest(run_key=day, tags=FIRST, run_config={"ops": {"ask_to_close": {"config": {"day": day}}}})

    return close_the_day


def ended_day(moment: datetime, config: Config) -> date:
    """The day before `moment` in the reporting timezone."""
    return moment.astimezone(ZoneInfo(config.reporting_timezone)).date() - timedelta(days=1)


def judge_schedule(config: Config) -> dg.ScheduleDefinition:
    """One run of `judge` a day, when a source without rows of the day before has been waited for long enough."""
    return dg.ScheduleDefinition(
        name="judge_the_days",
        cron_schedule=f"5 {math.ceil(config.checks.grace_hours) % 24} * * *",
        job_name=JUDGE,
        execution_timezone=config.reporting_timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Judges the newest days, whether anything arrived for them or not.",
    )


def clean_up_schedule(config: Config) -> dg.ScheduleDefinition:
    """One run of `clean_up` a day."""
    return dg.ScheduleDefinition(
        name="clean_up_daily",
        cron_schedule=HALF_PAST_FOUR,
        job_name=CLEAN_UP,
        execution_timezone=config.reporting_timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Removes what the state store no longer keeps, and the files that went with it.",
    )
