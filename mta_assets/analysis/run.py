"""The one way to a one-off analysis, for the command line and the API: files and options in, every model's credit beside its spend out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import polars as pl

from mta_assets.analysis.attribute import Attribution, ClosedJourneys, attribute
from mta_assets.analysis.bands import bands
from mta_assets.analysis.comparison import Comparison, compared
from mta_assets.analysis.incrementality import Incrementality, check_channels, incrementality, touches_by_day
from mta_assets.analysis.inputs import Inputs, closed_journeys, read_inputs
from mta_assets.analysis.path_file import read_path_file
from mta_assets.analysis.recognise import GivenFile, Recognised, recognise
from mta_assets.analysis.steps import Computed, Notify, Stage, Step, silent, unheeded
from mta_assets.config import Config, parse_config
from mta_assets.contracts.experiments import EXPERIMENTS
from mta_assets.errors import CallError, DataError
from mta_assets.marts.performance import unestimated, with_spend, without_consent
from mta_assets.models.base import AttributionModel, Learned, estimates_increments
from mta_assets.models.registry import build_models, select

# Relative; sums of a million shares in double precision are off by less, a lost conversion by far more.
TOLERANCE = 1e-9


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the caller asks for. models: "all" or names separated by commas; columns: our name -> theirs (see `recognise`).

    timezone: of times that carry no offset; lookback_days: None takes the configuration's. bands: whether confidence bands are asked for.
    comparison: whether the models are to be compared; that takes bands, where there can be any.
    """

    models: str = "all"
    by: Literal["channel", "campaign"] = "channel"
    columns: Mapping[str, str] = field(default_factory=dict)
    timezone: str | None = None
    lookback_days: float | None = None
    bands: bool = False
    comparison: bool = False

    @property
    def units(self) -> tuple[str, ...]:
        """The columns that credit is grouped by."""
        return ("channel",) if self.by == "channel" else ("channel", "campaign")


@dataclass(frozen=True, kw_only=True)
class RowCounts:
    """What became of the rows: read = accepted + quarantined + duplicates."""

    read: int
    quarantined: int
    duplicates: int

    @property
    def accepted(self) -> int:
        """Rows that count."""
        return self.read - self.quarantined - self.duplicates


@dataclass(frozen=True, kw_only=True)
class CreditSum:
    """What a model's credit sums to beside what there is to credit. holds: whether they are equal; None for a model that declares they need not be."""

    model: str
    conversions: float
    conversions_due: float
    value: float
    value_due: float
    holds: bool | None


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """The outcome. results: model, *by, currency, conversions, value, and with spend cost, roas, cpa; one row per model, unit and currency.

    journeys: closed journeys, converting or not; conversions: of them all. rejected: quarantine rows with their reasons. bands: `marts/bands` rows, but for
    the day, where they were asked for. comparison: where it was. added: what channels added, where a model estimates it.
    """

    results: pl.DataFrame
    attribution: Attribution
    sums: tuple[CreditSum, ...]
    rows: RowCounts
    rejected: pl.DataFrame
    journeys: float
    conversions: float
    files: tuple[Recognised, ...]
    bands: pl.DataFrame | None = None
    comparison: Comparison | None = None
    added: Incrementality = field(default_factory=Incrementality)


@dataclass(frozen=True, kw_only=True)
class _Material:
    """What the files came to."""

    journeys: ClosedJourneys
    spend: pl.DataFrame | None
    unconsented: pl.DataFrame
    rows: RowCounts
    rejected: pl.DataFrame
    touches: pl.DataFrame


def analyze(
    files: Sequence[GivenFile],
    options: Options,
    config: Config,
    now: datetime,
    notify: Notify = silent,
    computed: Computed = unheeded,
    experiments: pl.DataFrame | None = None,
) -> Analysis:
    """Every chosen model's credit on the files: an event log, or touchpoints with conversions, or a path table; with spend where it is given.

    now: rows that lie too far ahead of it are rejected. computed: is given each model's rows of the results as soon as they are there.
    experiments: `EXPERIMENTS` rows that calibrate what channels added; what clients send is of a shop of which none are known.
    Raises MtaError, with what to do, for files and options that make no analysis.
    """
    config, stated = effective(config, options), EXPERIMENTS.empty() if experiments is None else experiments
    models = select(build_models(config.models), options.models)
    recognised = recognise(files, options.columns, options.timezone, config)
    material = _material(recognised, options, config, now, notify)
    if any(estimates_increments(model) for model in models.values()):
        check_channels(stated, material.touches)
    attribution = attribute(
        material.journeys, models, notify, lambda rows, fit: computed(_whole(rows, material, options, _increments(rows, fit)))
    )
    touches = material.journeys.touches
    results = _whole(attribution.results, material, options, attribution.increments)
    wanted = options.bands or (options.comparison and material.journeys.users is not None)
    sure = bands(material.journeys, models, results, config.band_level) if wanted else None
    return Analysis(
        results=results,
        bands=sure,
        comparison=compared(material.journeys, models, results, sure, attribution, config) if options.comparison else None,
        added=incrementality(attribution.increments, results, stated, material.touches, config.band_level),
        attribution=attribution,
        sums=credit_sums(attribution, models, material.journeys),
        rows=material.rows,
        rejected=material.rejected,
        journeys=float(touches.conversions.sum() + material.journeys.learning.nulls.sum()),
        conversions=float(touches.conversions.sum()),
        files=tuple(recognised),
    )


def _increments(results: pl.DataFrame, fit: Learned | None) -> dict[str, pl.DataFrame]:
    """Those of one model that estimates any."""
    return {} if fit is None or fit.increments is None else {results["model"][0]: fit.increments}


def _whole(results: pl.DataFrame, material: _Material, options: Options, increments: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The results with the conversions that no model may credit, and beside what was spent. increments: as of `Attribution`."""
    counted = without_consent(material.unconsented, results["model"].unique(maintain_order=True).to_list(), ())
    keys = ["model", *options.units, "currency"]
    sums = counted.group_by(keys, maintain_order=True).agg(pl.col("conversions", "value").sum())
    whole = pl.concat([results, sums.select(results.columns)])
    if counted.height:
        rank = pl.col("model").replace_strict({name: n for n, name in enumerate(results["model"].unique(maintain_order=True))})
        whole = whole.sort(rank, maintain_order=True)
    return whole if material.spend is None else with_spend(whole, material.spend, options.units, unestimated(increments))


def effective(config: Config, options: Options) -> Config:
    """The configuration with what the options change, checked as if it had been written so."""
    if options.lookback_days is None:
        return config
    return parse_config(config.model_dump() | {"lookback_days": options.lookback_days}, name="The call")


def credit_sums(attribution: Attribution, models: Mapping[str, AttributionModel], journeys: ClosedJourneys) -> tuple[CreditSum, ...]:
    """For each computed model, whether its credit sums to the conversions and their value."""
    conversions, value = float(journeys.touches.conversions.sum()), float(journeys.touches.value.sum())
    totals = attribution.results.group_by("model", maintain_order=True).agg(pl.col("conversions", "value").sum())
    return tuple(
        CreditSum(
            model=name,
            conversions=credited,
            conversions_due=conversions,
            value=worth,
            value_due=value,
            holds=_near(credited, conversions) and _near(worth, value) if models[name].additive else None,
        )
        for name, credited, worth in totals.iter_rows()
    )


def _near(one: float, other: float) -> bool:
    return abs(one - other) <= TOLERANCE * max(1.0, abs(other))


def _material(files: Sequence[Recognised], options: Options, config: Config, now: datetime, notify: Notify) -> _Material:
    _check_together(files, options)
    tables = [file for file in files if file.kind == "path_table"]
    inputs = read_inputs([file for file in files if file.kind != "path_table"], config, now, notify)
    spend = inputs.rows["spend"] if any(file.kind == "spend" for file in files) else None
    rejected, rows_read = inputs.rejected, inputs.rows_read
    if tables:
        notify(Step(stage=Stage.READING, subject=tables[0].given.short))
        found = read_path_file(tables[0], config.currency)
        journeys, rejected, rows_read = found.journeys, pl.concat([rejected, found.rejected]), rows_read + found.rows_read
    else:
        _check_usable(files, inputs)
        journeys = closed_journeys(inputs, config, options.units, notify, users=options.bands or options.comparison)
    if not journeys.touches.conversions.any():
        raise DataError(
            f"There is no conversion among the accepted rows of {_names(files)}, so that there is nothing to credit.{_reasons(rejected)}"
        )
    rows = RowCounts(read=rows_read, quarantined=rejected.height, duplicates=inputs.duplicates)
    counted = inputs.unconsented.filter(~pl.col("goal").is_in(list(config.milestones.stages.values())))
    touches = touches_by_day(inputs.rows["touchpoints"], config.reporting_timezone)
    return _Material(journeys=journeys, spend=spend, unconsented=counted, rows=rows, rejected=rejected, touches=touches)


def _check_together(files: Sequence[Recognised], options: Options) -> None:
    """Raises CallError unless the files make an analysis together."""
    kinds = [file.kind for file in files]
    events = [kind for kind in kinds if kind not in {"spend", "path_table"}]
    if "path_table" in kinds:
        if events or kinds.count("path_table") > 1:
            raise CallError(
                "A path table is analysed on its own (with --spend, if you like); give the other files to a call of their own.", "file"
            )
        if options.by == "campaign":
            raise CallError("A path table has channels only, no campaigns; use --by channel, or give events.", "by")
    elif not events:
        raise CallError(f"{_names(files)}: spend alone earns no credit; add an event log, or touchpoints and conversions.", "file")
    elif "event_log" not in events and set(events) != {"touchpoints", "conversions"}:
        other = "conversions" if "touchpoints" in events else "touchpoints"
        raise CallError(
            f"{_names(files)} holds {' and '.join(sorted(set(events)))} only. Add a file of {other}; if some rows of yours are both, map the "
            "column that flags conversions: --columns conversion=YOUR_COLUMN.",
            "conversions" if other == "conversions" else "file",
        )


def _check_usable(files: Sequence[Recognised], inputs: Inputs) -> None:
    if inputs.accepted == 0:
        raise DataError(f"None of the {inputs.rows_read:,} rows of {_names(files)} can be used.{_reasons(inputs.rejected)}")


def _reasons(rejected: pl.DataFrame) -> str:
    """The most frequent reasons of rejection, as a sentence; nothing when no row was rejected."""
    if rejected.is_empty():
        return ""
    counted = rejected.group_by("reason", maintain_order=True).len().sort("len", descending=True, maintain_order=True).head(3)
    reasons = "; ".join(f"{count:,} rows: {reason}" for reason, count in counted.iter_rows())
    return f" {reasons}. `mta validate FILE` lists them row by row."


def _names(files: Sequence[Recognised]) -> str:
    return " and ".join(file.given.shown for file in files)
