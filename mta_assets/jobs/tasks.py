"""What a child process does with files that clients sent: judge one, or analyse some when they are small. JSON in, JSON out; tables go to the folder."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import polars as pl

from mta_assets.analysis.recognise import GivenFile, recognise
from mta_assets.analysis.run import analyze
from mta_assets.analysis.validate import Validation, validate
from mta_assets.config import Config, parse_config
from mta_assets.errors import DataError, ForeignFormatError, TooLargeError
from mta_assets.jobs.asked import given_files, options_of
from mta_assets.jobs.folder import Folder
from mta_assets.jobs.outcome import outcome_of, write_outcome
from mta_assets.jobs.screening import Limits, screen
from mta_assets.jobs.wording import for_clients
from mta_assets.state.job import JobFile

Given = Mapping[str, Any]
_MOST_CHANNELS: Final = 100
_MOST_REASONS: Final = 100
_TOLD: Final = ("file", "row", "column", "value", "reason", "remedy")


def given_to(
    folder: Folder, files: Sequence[JobFile], options: Mapping[str, object], config: Config, now: datetime, limits: Limits, **more: object
) -> dict[str, Any]:
    """What a task is given, as JSON takes it."""
    return {
        "folder": str(folder.path),
        "files": [asdict(file) for file in files],
        "options": options,
        "config": config.model_dump(mode="json"),
        "now": now.isoformat(),
        "limits": asdict(limits),
        **more,
    }


def validate_file(given: Given) -> dict[str, Any]:
    """The verdict on the one file. given: also `most_errors`. A file that cannot be read as a whole is `unusable`, with the reason.

    Raises ForeignFormatError and TooLargeError for what is not even looked at, CallError for options that do not fit.
    """
    (file,), config, now = _files(given), parse_config(given["config"]), datetime.fromisoformat(given["now"])
    options = options_of(given["options"])
    try:
        _screened([file], given)
        found = validate(file, options.columns, options.timezone, config, now)
    except (ForeignFormatError, TooLargeError):
        raise
    except DataError as error:
        return {**_NOTHING, "verdict": "unusable", "reason": for_clients(_named(file, error))}
    return _verdict(found, given["most_errors"])


def analyze_files(given: Given) -> dict[str, Any]:
    """Analyse the files when they unpack to no more than `at_most_bytes` together, and leave the outcome in the folder; else say what they are.

    given: also `at_most_bytes`; None analyses whatever size they have. Raises MtaError.
    """
    files, config, options = _files(given), parse_config(given["config"]), options_of(given["options"])
    unpacked = _screened(files, given)
    if given["at_most_bytes"] is not None and unpacked > given["at_most_bytes"]:
        recognised = recognise(files, options.columns, options.timezone, config)
        return {"analysed": False, "kinds": [file.kind for file in recognised]}
    found = analyze(files, options, config, datetime.fromisoformat(given["now"]))
    write_outcome(outcome_of(found), Folder(Path(given["folder"])).results)
    return {"analysed": True, "kinds": [file.kind for file in found.files]}


TASKS: Mapping[str, Callable[[Given], dict[str, Any]]] = {"validate": validate_file, "analyze": analyze_files}


def _files(given: Given) -> list[GivenFile]:
    return given_files(Folder(Path(given["folder"])), [JobFile(**file) for file in given["files"]])


def _screened(files: Sequence[GivenFile], given: Given) -> int:
    """The bytes that the files unpack to. Raises DataError, naming the file, when one may not be read."""
    total = 0
    for file in files:
        try:
            total += screen(file.path, Limits(**given["limits"])).unpacked_bytes
        except DataError as error:
            raise type(error)(_named(file, error)) from error
    return total


def _named(file: GivenFile, error: DataError) -> str:
    return str(error) if file.shown in str(error) else f"{file.shown}: {error}"


_NOTHING: Final[Given] = {
    "kind": None,
    "rows": {"read": 0, "accepted": 0, "quarantined": 0, "duplicates": 0},
    "first_day": None,
    "last_day": None,
    "channels": [],
    "channel_count": 0,
    "errors": [],
    "reasons": [],
    "reason_count": 0,
}


def _verdict(found: Validation, most_errors: int) -> dict[str, Any]:
    rows = found.rows
    usable = "ok" if not rows.quarantined else "usable_with_rejected_rows"
    return {
        "verdict": usable if rows.accepted else "unusable",
        "reason": None if rows.accepted else "None of its rows can be used.",
        "kind": found.file.kind,
        "rows": {"read": rows.read, "accepted": rows.accepted, "quarantined": rows.quarantined, "duplicates": rows.duplicates},
        "first_day": found.first,
        "last_day": found.last,
        "channels": found.channels.head(_MOST_CHANNELS).to_dicts(),
        "channel_count": found.channels.height,
        "errors": shown_rows(found.rejected, most_errors),
        "reasons": found.reasons.head(_MOST_REASONS).to_dicts(),
        "reason_count": found.reasons.height,
    }


def shown_rows(rejected: pl.DataFrame, most: int) -> list[dict[str, Any]]:
    """The first rejected rows, as a client is told of them."""
    return rejected.select(_TOLD).head(most).to_dicts()
