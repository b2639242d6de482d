"""`mta ingest`: what has landed goes into the lake, and what it changed is recomputed."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from mta_assets.cli.options import FILE, configuration
from mta_assets.cli.output import say, show_json, show_table
from mta_assets.cli.progress import progress
from mta_assets.config import Config
from mta_assets.errors import MtaError
from mta_assets.models.registry import build_models
from mta_assets.pipeline.ingest import UNFINISHED, FileReport, landed_files
from mta_assets.pipeline.run import RunReport, open_lake, run
from mta_assets.settings import Settings

UNREADABLE = 1  # exit code
SHOWN_UNCLAIMED = 5


@click.command(name="ingest")
@click.option("--landing", type=FILE, help="The folder to take files from instead of MTA_LANDING.")
@click.option("--config", "config_path", type=FILE, help="Settings to use instead of MTA_CONFIG (mta.yaml).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def command(ctx: click.Context, landing: Path | None, config_path: Path | None, as_json: bool) -> None:
    """Take in what has landed and recompute what it changed: journeys, every model, results.

    Without sources in mta.yaml a file belongs into the folder of its kind: touchpoints/, conversions/, spend/ or event_log/. A file that
    was taken in before and has not changed costs nothing; a changed one replaces what it said before.

    \b
    Exit codes: 0 done, 1 done but a file could not be read, 2 a setting or a folder cannot be used.
    """  # noqa: D301  click's own mark for lines that stay as they are
    settings, config = Settings(), configuration(config_path)
    folder = landing or settings.landing
    if not folder.is_dir():
        raise MtaError(f"There is no landing folder {folder}. Create it, or name another with --landing or MTA_LANDING.")
    models = build_models(config.models)
    files = landed_files(folder, config)
    with progress(len(files) + len(models) + 3) as notify:
        report = run(open_lake(settings.lake, models), config, models, folder, datetime.now(UTC), notify)
    unclaimed = _unclaimed(folder, {file.path for file in files})
    if as_json:
        show_json(document(report, unclaimed))
    else:
        show(report)
        _show_unclaimed(unclaimed, config)
    if any(file.status == "unreadable" for file in report.files):
        ctx.exit(UNREADABLE)


def document(report: RunReport, unclaimed: Sequence[str]) -> dict[str, object]:
    """What the run did, for machines."""
    ranges = {"closed": report.closed, "refitted": report.refitted}
    days = {name: [{"first": days.first, "last": days.last} for days in found] for name, found in ranges.items()}
    return {"files": [asdict(file) for file in report.files], **days, "unclaimed": list(unclaimed)}


def show(report: RunReport) -> None:
    """What the run did, for a person."""
    news = [file for file in report.files if file.status != "unchanged"]
    if news:
        show_table(
            ("file", "source", "status", "rows read", "accepted", "quarantined", "duplicates", "days"),
            [[_row(file) for file in news], [_total(news)]],
        )
    for file in news:
        if file.reason:
            say(f"\n{file.file}: {file.reason}")
    say(f"\n{len(news):,} files new or changed, {len(report.files) - len(news):,} unchanged")
    say(f"journeys recomputed: {', '.join(map(str, report.closed)) or 'no day'}")
    say(f"only refitted: {', '.join(map(str, report.refitted)) or 'no day'}")


def _row(file: FileReport) -> tuple[str | int, ...]:
    return (file.file, file.source_name, file.status, file.rows_read, file.accepted, file.quarantined, file.duplicates, len(file.days))


def _total(files: Sequence[FileReport]) -> tuple[str | int | None, ...]:
    counts = (sum(getattr(file, name) for file in files) for name in ("rows_read", "accepted", "quarantined", "duplicates"))
    return ("sum", None, None, *counts, None)


def _unclaimed(folder: Path, claimed: set[Path]) -> list[str]:
    """The files that no source takes: most likely in the wrong folder."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and path not in claimed and path.suffix not in UNFINISHED)
    names = (path.relative_to(folder) for path in found)
    return [str(name) for name in names if not any(part.startswith(".") for part in name.parts)]


def _show_unclaimed(unclaimed: Sequence[str], config: Config) -> None:
    if unclaimed:
        more = f" and {len(unclaimed) - SHOWN_UNCLAIMED:,} more" if len(unclaimed) > SHOWN_UNCLAIMED else ""
        globs = ", ".join(source.glob for source in config.declared_sources.values())
        say(
            f"\nNo source takes {', '.join(unclaimed[:SHOWN_UNCLAIMED])}{more}. Sources take: {globs}. Move the files, or declare a source in mta.yaml."
        )
