"""How often the checks of data speak up on good days, and whether they find each fault on its day: rewrites the table of docs/checks.md.

A simulated shop runs through the whole pipeline. Its first 60 days are history; each of the 200 days after them is judged as it would be at its end. Then
one day is broken in one way at a time, on a copy of the lake, and judged. `make check-table`; it takes some minutes.
"""

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl

from mta_assets.config import Config
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.describe import markdown_table
from mta_assets.contracts.profiles import EVENT_PROFILE, JOURNEY_PROFILE, SHARES_DAILY
from mta_assets.contracts.tables import FILES
from mta_assets.lake.lake import Lake
from mta_assets.models.registry import MODELS
from mta_assets.pipeline.judging import judge_events, judge_intake, judge_journeys, judge_shares, share_profile
from mta_assets.pipeline.run import open_lake, run
from mta_assets.quality.history import History
from mta_assets.quality.registry import CONTROL_CHECK, DATA_CHECKS, EVENT_CHECKS, INTAKE_CHECKS, JOURNEY_CHECKS, SHARE_CHECKS
from mta_assets.simulation.faults import FAULTS, Day, DayFault
from mta_assets.simulation.raw import simulate
from mta_assets.simulation.world import World

DOCS = Path(__file__).parents[1] / "docs" / "checks.md"
HISTORY, GOOD = 60, 200
DAILY_FILES = 20  # the last days before the broken one come as one file each, as its own do
WORLD = World(seed=11, touchpoints=3_000 * (HISTORY + GOOD), days=HISTORY + GOOD, first_day=date(2025, 1, 1), unattributed_share=0.05)
MODELS_HERE = {
    name: MODELS[name] for name in ("first_touch", "last_touch", "linear", "time_decay", "position_based", "markov_1", "shapley")
}
CONFIG = Config()
AFTER = datetime(2026, 6, 1, tzinfo=UTC)


def days_of(world: World) -> dict[str, Day]:
    """Day -> kind -> the rows that land on it. Spend is clean: a refused row of spend is something to find."""
    found: dict[str, dict[str, pl.DataFrame]] = {}
    for each in (world, replace(world, dirty_share=0.0)):
        for piece in simulate(each):
            if (piece.kind == "spend") == (each.dirty_share == 0):
                found.setdefault(piece.day, {})[piece.kind] = piece.rows
    return {day: kinds for day, kinds in sorted(found.items()) if set(kinds) == {"touchpoints", "conversions", "spend"}}


def land(folder: Path, name: str, day: Day) -> None:
    """One CSV file per kind."""
    for kind, rows in day.items():
        (folder / kind).mkdir(parents=True, exist_ok=True)
        rows.write_csv(folder / kind / f"{name}.csv")


def together(days: list[Day]) -> Day:
    """The rows of many days."""
    return {kind: pl.concat([day[kind] for day in days]) for kind in days[0]}


def good_files(days: dict[str, Day], world: World) -> pl.DataFrame:
    """`staged/files` as if each day had come as one file per kind: what the simulator says that it made dirty."""
    rows = [
        {
            "source_name": piece.kind,
            "file": piece.day,
            "rows_read": piece.rows.height,
            "ingested_at": datetime.fromisoformat(piece.day).replace(tzinfo=UTC),
        }
        | {
            "quarantined": sum(n for name, n in piece.faults.items() if name not in ("duplicate", "late")),
            "duplicates": piece.faults["duplicate"],
        }
        for piece in simulate(world)
        if piece.kind != "spend" and piece.day in days
    ]
    return pl.DataFrame(rows).with_columns(status=pl.lit("current"))


def alarms_on_good_days(lake: Lake, files: pl.DataFrame) -> dict[str, int]:
    """Check -> on how many of the good days it spoke up."""
    days = DayRange(WORLD.day(HISTORY), WORLD.day(HISTORY + GOOD - 1))
    alarms = {check.name: 0 for check in DATA_CHECKS}
    for table, checks in ((EVENT_PROFILE, EVENT_CHECKS), (JOURNEY_PROFILE, JOURNEY_CHECKS), (SHARES_DAILY, SHARE_CHECKS)):
        profile = lake.read(table)
        profile = share_profile(profile) if table is SHARES_DAILY else profile
        for day in days:
            first = max(WORLD.first_day, day - timedelta(weeks=CONFIG.checks.history_weeks))
            known = profile.filter(pl.col("day").is_between(first, day))
            history = History(
                profile=known, first=first, days=DayRange(day, day), waited_until=day + timedelta(days=1), config=CONFIG.checks
            )
            for check in checks:
                finding = check.finding(history)
                alarms[check.name] += not finding.passed
                if not finding.passed:
                    print(f"  {check.name}: {finding.message}")
    for day in days:
        known = files.filter(pl.col("file") <= str(day)).with_columns(new=pl.col("file") == str(day))
        for intake in INTAKE_CHECKS:
            alarms[intake.name] += not intake.finding(known, CONFIG.checks).passed
    return alarms


def judged(lake: Lake, landing: Path, day: date, files: list[str]) -> dict[str, str]:
    """Check -> what it says of the day, of the checks that speak up. The clock stands at noon of the day after."""
    now, days = datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC) + timedelta(hours=12), DayRange(day, day)
    findings = [
        judge_intake(lake, CONFIG, files),
        *(judge(lake, CONFIG, landing, days, now) for judge in (judge_events, judge_journeys, judge_shares)),
    ]
    return {check.name: finding.message for each in findings for check, finding in each.items() if not finding.passed}


def found_faults(folder: Path, days: list[Day]) -> Iterator[tuple[DayFault, dict[str, str]]]:
    """Each fault, and what the checks say of the day that has it: a day, the 120th, of a shop whose other days are good."""
    number = 120
    day, base = WORLD.day(number), folder / "base"
    land(base / "landing", "history", together(days[: number - DAILY_FILES]))
    for n in range(number - DAILY_FILES, number):
        land(base / "landing", str(WORLD.day(n)), days[n])
    noon = datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC) + timedelta(hours=10)
    run(open_lake(str(base / "lake"), MODELS_HERE), CONFIG, MODELS_HERE, base / "landing", noon - timedelta(days=1))
    for fault in FAULTS:
        broken = folder / "broken"
        shutil.copytree(base, broken, copy_function=os.link)  # a lake's files are replaced, never written to
        land(broken / "landing", str(day), fault.apply(days[number], days[number - 1]))
        lake = open_lake(str(broken / "lake"), MODELS_HERE)
        report = run(lake, CONFIG, MODELS_HERE, broken / "landing", noon)
        files = [file.file for file in report.files if file.status != "unchanged"]
        yield fault, judged(lake, broken / "landing", day, files)
        shutil.rmtree(broken)


def main() -> None:
    """Measures, prints, and writes the table."""
    start = time.process_time()
    with tempfile.TemporaryDirectory() as name:
        folder, days = Path(name), days_of(WORLD)
        land(folder / "landing", "all", together(list(days.values())))
        lake = open_lake(str(folder / "lake"), MODELS_HERE)
        run(lake, CONFIG, MODELS_HERE, folder / "landing", AFTER)
        print(f"{lake.read(FILES)['rows_read'].sum():,} rows, {time.process_time() - start:.0f} CPU s")
        alarms = alarms_on_good_days(lake, good_files(days, WORLD))
        faults = []
        for fault, said in found_faults(folder / "faults", list(days.values())):
            print(f"{fault.check}: {fault.name}: {said.get(fault.check, 'NOT FOUND')}")
            faults.append((fault, said))
    write(alarms, faults)
    print(f"{time.process_time() - start:.0f} CPU s")


def write(alarms: dict[str, int], faults: list[tuple[DayFault, dict[str, str]]]) -> None:
    """Puts both tables into the docs."""
    good = markdown_table(
        ("check", f"false alarms on {GOOD} good days", "faults put in", "found on their day"),
        [
            (
                f"`{name}`",
                "no control file" if name == CONTROL_CHECK.name else str(count),
                str(len(own)),
                str(sum(fault.check in said for fault, said in own)),
            )
            for name, count in alarms.items()
            for own in [[each for each in faults if each[0].check == name]]
        ],
    )
    told = markdown_table(
        ("fault", "check", "found on its day", "others that spoke up"),
        [
            (
                fault.name,
                f"`{fault.check}`",
                "yes" if fault.check in said else "**no**",
                ", ".join(sorted(set(said) - {fault.check})) or "none",
            )
            for fault, said in faults
        ],
    )
    facts = (
        f"{WORLD.touchpoints:,} touches over {WORLD.days} days, of which the first {HISTORY} are history; 1 % of the touches and conversions are dirty; "
        f"{len(MODELS_HERE)} models; the settings are the defaults."
    )
    block = f"<!-- check-table -->\n\n{facts}\n\n{good}\n\n{told}\n\n<!-- /check-table -->"
    DOCS.write_text(re.sub(r"<!-- check-table -->.*<!-- /check-table -->", lambda _: block, DOCS.read_text(), flags=re.DOTALL))


if __name__ == "__main__":
    main()
