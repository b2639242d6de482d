"""A simulated shop of ten weeks, computed once; its last day is what tests break, its other days are the history."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from mta_assets.config import Config
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import FILES
from mta_assets.marts.shares import shares_daily
from mta_assets.models.registry import MODELS
from mta_assets.pipeline.judging import share_profile
from mta_assets.quality.bots import bots
from mta_assets.quality.event_profile import event_profile
from mta_assets.quality.history import History
from mta_assets.quality.journey_profile import journey_profile
from mta_assets.quality.registry import DAY_CHECKS
from mta_assets.simulation.world import World
from tests.quality.typed_shop import typed

WORLD = World(seed=8, touchpoints=70 * 1_800, days=70, first_day=date(2026, 1, 5), baseline=0.1, unattributed_share=0.05)
LAST = WORLD.first_day + timedelta(days=WORLD.days - 1)
MODELS_HERE = {name: MODELS[name] for name in ("linear", "last_touch", "first_touch")}
CHECKS = {check.name: check for check in DAY_CHECKS}
PROFILE_OF = {"core/journeys": "journeys", "marts/shares_daily": "shares"}


@dataclass(frozen=True, kw_only=True)
class Shop:
    """What is known of the days before the last, and the rows of the last."""

    config: Config
    profiles: dict[str, pl.DataFrame]
    core: dict[str, pl.DataFrame]
    journeys: pl.DataFrame
    credits: dict[str, pl.DataFrame]
    files: pl.DataFrame

    def judged(self, name, *, config=None, core=None, journeys=None, credit=None, files=None, waited_until=None):
        """What the check finds on the last day when some of its rows are other ones."""
        config, check = config or self.config, CHECKS[name]
        kind = PROFILE_OF.get(check.table.name, "events")
        day = profiled(
            {**self.core, **(core or {})},
            self.journeys if journeys is None else journeys,
            {**self.credits, **(credit or {})},
            self.files if files is None else files,
            config,
        )
        history = History(
            profile=pl.concat([self.profiles[kind], day[kind]]),
            first=WORLD.first_day,
            days=DayRange(LAST, LAST),
            waited_until=waited_until or LAST + timedelta(days=1),
            config=config.checks,
        )
        return check.finding(history)

    def history(self, check, day):
        """What is known to the check at the end of an earlier day."""
        profile = self.profiles[PROFILE_OF.get(check.table.name, "events")].filter(pl.col("day") <= day)
        return History(
            profile=profile, first=WORLD.first_day, days=DayRange(day, day), waited_until=day + timedelta(days=1), config=self.config.checks
        )


def profiled(core, journeys, credit, files, config):
    """The three profiles of these rows."""
    flagged = bots(core["touchpoints"], config.checks.bots)
    return {
        "events": event_profile(**core, flagged=flagged, files=files, timezone="UTC"),
        "journeys": journey_profile(journeys),
        "shares": share_profile(pl.concat(shares_daily(frame, name) for name, frame in credit.items())),
    }


@pytest.fixture(scope="session")
def shop() -> Shop:
    whole, config = typed(WORLD, MODELS_HERE), Config()
    about = {
        "source_name": "touchpoints",
        "file": "touchpoints/all.csv",
        "status": "current",
        "ingested_at": datetime(2026, 6, 1, tzinfo=UTC),
    }
    files = pl.DataFrame([about]).with_columns(pl.col("ingested_at").cast(FILES.schema["ingested_at"]))

    def of(frame, *, last):
        return frame.filter(pl.col("day") == LAST if last else pl.col("day") < LAST)

    return Shop(
        config=config,
        profiles=profiled(
            {kind: of(frame, last=False) for kind, frame in whole.core.items()},
            of(whole.journeys, last=False),
            {name: of(frame, last=False) for name, frame in whole.credits.items()},
            files,
            config,
        ),
        core={kind: of(frame, last=True) for kind, frame in whole.core.items()},
        journeys=of(whole.journeys, last=True),
        credits={name: of(frame, last=True) for name, frame in whole.credits.items()},
        files=files,
    )
