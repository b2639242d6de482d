"""`mta attribute`: files in, every model's credit out, on the screen, as JSON or into a file."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args

import click
import polars as pl

from mta_assets.analysis.output import check_writable, records, tidy, write
from mta_assets.analysis.recognise import FileKind, GivenFile
from mta_assets.analysis.run import Analysis, Options, analyze
from mta_assets.cli.contributions import contributions_document, show_contributions
from mta_assets.cli.given_files import stated_kinds
from mta_assets.cli.incrementality import incrementality_document, show_incrementality
from mta_assets.cli.options import FILE, configuration, reading_options
from mta_assets.cli.output import Cell, counted, say, show_json, show_table, shown
from mta_assets.cli.progress import progress
from mta_assets.config import Config
from mta_assets.ingest.experiments import experiments
from mta_assets.marts.bands import COVERS
from mta_assets.results.bands import with_bands

# On the screen, of each model; a file has them all.
MOST_ROWS = 25


@click.command(name="attribute")
@click.argument("files", nargs=-1, type=FILE, metavar="FILE...")
@stated_kinds(*get_args(FileKind))
@click.option("--models", default="all", show_default=True, metavar="all|NAME,...", help="Which models; `mta models` lists them.")
@click.option("--by", type=click.Choice(["channel", "campaign"]), default="channel", show_default=True, help="What earns credit.")
@click.option(
    "--lookback-days", type=click.FloatRange(0, 730, min_open=True), help="How long before a conversion a touch counts. [default: 30]"
)
@reading_options
@click.option("--out", type=FILE, metavar="FILE", help="Write the result, full precision, to FILE.csv, FILE.json or FILE.parquet.")
@click.option(
    "--bands",
    is_flag=True,
    help="Say how sure each figure is: a confidence band, or the reason why there is none. Takes several times as long.",
)
@click.option(
    "--experiments",
    "experiments_path",
    type=FILE,
    help="CSV of experiments that calibrate what channels added, instead of those of mta.yaml (docs/experiments.md).",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document: results, effects, what is unavailable, counts, sums.")
def command(  # noqa: PLR0913  one parameter per option of the command
    *,
    files: tuple[Path, ...],
    stated: tuple[GivenFile, ...],
    models: str,
    by: str,
    lookback_days: float | None,
    columns: dict[str, str],
    timezone: str | None,
    config_path: Path | None,
    out: Path | None,
    bands: bool,
    experiments_path: Path | None,
    as_json: bool,
) -> None:
    """Credit channels for conversions with every attribution model.

    FILE is an event log (some rows are conversions), touchpoints and conversions (two files), or a path table with the columns path
    (channels separated by >) and total_conversions, and if you have them total_conversion_value and total_null. Which is which shows in
    the columns; where it does not, say it: --touchpoints a.csv --conversions b.csv. CSV, JSON, NDJSON and Parquet, also compressed.

    With --spend each channel's cost, ROAS (value / cost) and CPA (cost / conversions) stand beside its credit. With --bands each figure has its band
    (docs/uncertainty.md); a path table has no users, and hence none. What channels added, by models that estimate it, is shown beside what experiments make
    of it, with iROAS (docs/experiments.md).

    \b
    Examples:
      mta attribute events.csv --columns user_id=customer_id,ts=time --spend spend.csv
      mta attribute touchpoints.csv conversions.csv --models linear,markov_1 --by campaign
      mta attribute paths.csv --out credit.parquet
      mta attribute events.csv --spend spend.csv --models incremental --experiments experiments.csv

    Rows that cannot be used are set aside and counted; `mta validate FILE` says what is wrong with them. In CSV output, text that a
    spreadsheet would take for a formula (it begins with = + - @, a tab or a line break) gets an apostrophe in front.
    """  # noqa: D301  click's own mark for lines that stay as they are
    given = [*(GivenFile(path=path) for path in files), *stated]
    if not given:
        raise click.UsageError("Name at least one file. `mta attribute --help` shows which.")
    if out:
        check_writable(out)
    config, now = configuration(config_path), datetime.now(UTC)
    options = Options(
        models=models,
        by="campaign" if by == "campaign" else "channel",
        columns=columns,
        timezone=timezone,
        lookback_days=lookback_days,
        bands=bands,
    )
    known = _experiments(config, experiments_path, now.date())
    with progress() as notify:
        analysis = analyze(given, options, config, now, notify, experiments=known)
    _report(analysis, out, as_json=as_json)


def _experiments(config: Config, path: Path | None, today: date) -> pl.DataFrame:
    section = config.experiments
    return experiments(section if path is None else section.model_copy(update={"file": str(path), "listed": ()}), today)


def _report(analysis: Analysis, out: Path | None, *, as_json: bool) -> None:
    result = tidy(analysis.results if analysis.bands is None else with_bands(analysis.results, analysis.bands))
    if out:
        write(result, out)
    if as_json:
        show_json(document(analysis, result))
        return
    show(analysis, result)
    if out:
        say(f"\nWritten to {out}: {result.height:,} rows, full precision.")


def document(analysis: Analysis, result: pl.DataFrame) -> dict[str, object]:
    """Everything the analysis found, for machines."""
    rows = analysis.rows
    return {
        "results": records(result),
        "effects": records(analysis.attribution.effects),
        "bands": analysis.bands is not None and COVERS,
        "incrementality": incrementality_document(analysis.added),
        "contributions": contributions_document(analysis.attribution.contributions),
        "unavailable": dict(analysis.attribution.unavailable),
        "notes": dict(analysis.attribution.notes),
        "sums": list(analysis.sums),
        "rows": {"read": rows.read, "accepted": rows.accepted, "quarantined": rows.quarantined, "duplicates": rows.duplicates},
        "journeys": analysis.journeys,
        "conversions": analysis.conversions,
        "files": {file.given.shown: file.kind for file in analysis.files},
    }


def show(analysis: Analysis, result: pl.DataFrame) -> None:
    """The result for a person: the table, what is unavailable and why, the counts, the check."""
    for file in analysis.files:
        say(f"{file.given.shown}: {file.kind.replace('_', ' ')}")
    say()
    if analysis.bands is not None and analysis.bands.height:
        say(f"Bands of {float(analysis.bands['level'][0]):.0%}. {COVERS}\n")
        result = _banded(result)
    show_table(result.columns, [_rows(part) for part in result.partition_by("model", maintain_order=True)])
    show_incrementality(analysis.added)
    show_contributions(analysis.attribution.contributions, analysis.attribution.effects)
    _show_words("Unavailable", analysis.attribution.unavailable)
    _show_words("Notes", analysis.attribution.notes)
    _show_sums(analysis)
    rows = analysis.rows
    say(
        f"\n{rows.read:,} rows read = {rows.accepted:,} accepted + {rows.quarantined:,} quarantined + {rows.duplicates:,} duplicates; "
        f"{counted(analysis.journeys)} journeys, {counted(analysis.conversions)} conversions"
    )
    faulty = set(analysis.rejected["file"])
    for file in analysis.files:
        if file.given.short in faulty:
            say(f"What is wrong with the quarantined rows: mta validate {file.path}")


def _banded(result: pl.DataFrame) -> pl.DataFrame:
    """The result with each figure's band beside it, in one cell; the reason stands where there is none."""
    columns: list[pl.Series] = []
    for name in result.columns:
        if name.endswith(("_low", "_high")) or name == "no_band" or result[name].null_count() == result.height:
            continue
        columns.append(result[name])
        if f"{name}_low" in result.columns:
            columns.append(_between(result, name))
    return pl.DataFrame([*columns, result["no_band"]])


def _between(result: pl.DataFrame, name: str) -> pl.Series:
    bounds = result.select(pl.col(f"{name}_{bound}").cast(pl.Float64) for bound in ("low", "high")).iter_rows()
    cells = [None if low is None else f"{shown(low)} .. {'' if high is None else shown(high)}" for low, high in bounds]
    return pl.Series(f"{name} band", cells, dtype=pl.String)


def _rows(part: pl.DataFrame) -> list[tuple[Cell, ...]]:
    """A model's rows as far as a screen shows them, those with most credit first when they are too many."""
    if part.height <= MOST_ROWS:
        return part.rows()
    rest = part.height - MOST_ROWS
    rows = part.top_k(MOST_ROWS, by="conversions").rows()
    more: tuple[Cell, ...] = (part["model"][0], f"... and {rest:,} more: use --out", *(None for _ in part.columns[2:]))
    return [*rows, more]


def _show_words(title: str, words: object) -> None:
    if isinstance(words, dict) and words:
        say(f"\n{title}:")
        for model, reason in words.items():
            say(f"  {model}: {reason}")


def _show_sums(analysis: Analysis) -> None:
    due = counted(analysis.conversions)
    additive = [each for each in analysis.sums if each.holds is not None]
    wrong = [each for each in additive if not each.holds]
    say(f"\nCredit sums to {due} conversions and to their value for {len(additive) - len(wrong)} of {len(additive)} additive models.")
    for each in wrong:
        say(
            f"  {each.model} does not: {each.conversions!r} of {each.conversions_due!r} conversions, {each.value!r} of {each.value_due!r} value"
        )
    for each in analysis.sums:
        if each.holds is None:
            say(f"  {each.model} is not additive: it credits {counted(each.conversions)}")
