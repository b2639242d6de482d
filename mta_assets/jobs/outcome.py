"""What an analysis found, as files of a folder and back: tables in Parquet, the rest in JSON. Whole or not at all. How it is served is not known here."""

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import orjson
import polars as pl

from mta_assets.analysis.run import Analysis
from mta_assets.analysis.validate import SHOWN
from mta_assets.errors import NotFoundError

TABLES: Final = ("results", "effects", "rejected")
_ABOUT: Final = "about.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """results, effects: as of `Analysis`; rejected: the columns SHOWN, by file and row.

    about: `files` (name, kind), `rows` (read, accepted, quarantined, duplicates), `journeys`, `conversions`, `sums`, `unavailable` (model -> reason)
    and `notes` (model -> what a reader should know).
    """

    results: pl.DataFrame
    effects: pl.DataFrame
    rejected: pl.DataFrame
    about: Mapping[str, Any]


def outcome_of(analysis: Analysis) -> Outcome:
    """What the analysis found."""
    rows = analysis.rows
    return Outcome(
        results=analysis.results,
        effects=analysis.attribution.effects,
        rejected=analysis.rejected.select(SHOWN),
        about={
            "files": [{"name": file.given.short, "kind": file.kind} for file in analysis.files],
            "rows": {"read": rows.read, "accepted": rows.accepted, "quarantined": rows.quarantined, "duplicates": rows.duplicates},
            "journeys": analysis.journeys,
            "conversions": analysis.conversions,
            "sums": [asdict(each) for each in analysis.sums],
            "unavailable": dict(analysis.attribution.unavailable),
            "notes": dict(analysis.attribution.notes),
        },
    )


def write_outcome(outcome: Outcome, folder: Path) -> None:
    """Put the outcome in the place of this folder and of what was in it."""
    unfinished = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    for name in TABLES:
        getattr(outcome, name).write_parquet(unfinished / f"{name}.parquet")
    (unfinished / _ABOUT).write_bytes(orjson.dumps(outcome.about))
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)


def read_outcome(folder: Path) -> Outcome:
    """The outcome in this folder. Raises NotFoundError when there is none."""
    if not (folder / _ABOUT).exists():
        raise NotFoundError("There are no results: the analysis has not got so far, or they have been removed.")
    tables = {name: pl.read_parquet(folder / f"{name}.parquet") for name in TABLES}
    return Outcome(**tables, about=orjson.loads((folder / _ABOUT).read_bytes()))
