"""Findings as asset checks: which checks a table or a model has, and how a finding becomes a result. What is checked lives in `quality`."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import dagster as dg
import polars as pl

from mta_assets.config import Config
from mta_assets.contracts.advice import CHANNEL_ADVICE
from mta_assets.contracts.arrays import Touches
from mta_assets.contracts.bands import BANDS
from mta_assets.contracts.columns import Table
from mta_assets.contracts.increments import increments_table
from mta_assets.contracts.tables import CHANNEL_DAILY, CHANNEL_PERFORMANCE, SPEND_DAILY, credits_table
from mta_assets.defs.specs import key_of
from mta_assets.models.base import AttributionModel, LearnedModel, estimates_increments
from mta_assets.quality.advice import on_the_bands
from mta_assets.quality.bands import banded
from mta_assets.quality.contract import meets_contract
from mta_assets.quality.credit import conservation, not_negative, unique_keys
from mta_assets.quality.findings import AnyCheck, Finding
from mta_assets.quality.placebo import placebo
from mta_assets.quality.reconciliation import credited_daily, performed, spent_daily


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check of one table. blocking: whether a failure stops what is downstream in the run.

    find: (the table's frame, what it must agree with: the converting journeys of the same days unless said otherwise) -> Finding.
    """

    name: str
    table: Table
    description: str
    find: Callable[[pl.DataFrame, pl.DataFrame], Finding]
    blocking: bool = True

    @property
    def spec(self) -> dg.AssetCheckSpec:
        """Its specification."""
        return dg.AssetCheckSpec(self.name, asset=key_of(self.table), blocking=self.blocking, description=self.description)


def table_checks(table: Table) -> list[Check]:
    """The contract of a core table, which includes its key, judged on what was read back."""
    return [
        Check(
            name="contract",
            table=table,
            description="What was written meets the table's pandera contract.",
            find=lambda frame, _: meets_contract(table, frame),
        ),
        _unique(table),
    ]


def credit_checks(name: str, model: AttributionModel, config: Config) -> list[Check]:
    """The checks of a model's credit. Conservation is asked only of an additive model that can be computed: elsewhere its success would be a lie."""
    table = credits_table(name)
    conserved = Check(
        name="conservation",
        table=table,
        description="Each conversion's credit sums to 1, and its value credit to its value.",
        find=conservation,
    )
    positive = Check(
        name="no_negative_credit",
        table=table,
        description="No credit is negative or not a number.",
        find=lambda frame, _: not_negative(frame),
    )
    applicable = model.additive and unavailable(model, config) is None
    return [*([conserved] if applicable else []), positive, _unique(table)]


def learned_checks(name: str, model: LearnedModel) -> list[Check]:
    """The checks of what a model learned: a placebo, where it says what touches added. It stops nothing: the doubt is told beside the numbers."""
    if not estimates_increments(model):
        return []
    return [
        Check(
            name="placebo",
            table=increments_table(name),
            description="Unpaid visits, which nobody pays for, seem to add next to nothing; otherwise the increments are not to be trusted.",
            find=lambda frame, _: placebo(frame),
            blocking=False,
        )
    ]


def mart_checks(models: Mapping[str, AttributionModel], config: Config) -> dict[Table, Check]:
    """Whether each mart adds up to what it was made from, which is what its check is given; and whether each figure has a band, or a reason for none."""
    whole = [name for name, model in models.items() if model.additive and unavailable(model, config) is None]
    finds: dict[Table, tuple[str, Callable[[pl.DataFrame, pl.DataFrame], Finding]]] = {
        CHANNEL_DAILY: (
            "each additive model's conversions and value of a day are those of core/journeys",
            partial(credited_daily, additive=whole),
        ),
        SPEND_DAILY: ("cost by day, channel and currency is that of core/spend", spent_daily),
        CHANNEL_PERFORMANCE: (
            "each additive model's conversions and value of a window are those of its days",
            partial(performed, additive=whole),
        ),
        BANDS: ("each figure of the newest day has a band that holds it, or the reason why there is none", banded),
        CHANNEL_ADVICE: ("each channel is judged on the figures that the bands are of", on_the_bands),
    }
    return {
        table: Check(name="reconciled", table=table, description=f"Before it is written: {what}.", find=find)
        for table, (what, find) in finds.items()
    }


def unavailable(model: AttributionModel, config: Config) -> str | None:
    """Why the model cannot be computed on any journey of this configuration; None when it can."""
    return model.missing(Touches.none(stages=config.milestones.stages))


def judged(checks: Iterable[Check], frames: Mapping[str, pl.DataFrame], journeys: pl.DataFrame) -> dict[Check, Finding]:
    """Every check's finding. frames: table name -> rows."""
    return {check: check.find(frames[check.table.name], journeys) for check in checks}


def results(findings: Mapping[AnyCheck, Finding]) -> Iterator[dg.AssetCheckResult]:
    """The findings as Dagster shows them."""
    for check, finding in findings.items():
        yield dg.AssetCheckResult(
            asset_key=key_of(check.table),
            check_name=check.name,
            passed=finding.passed,
            severity=dg.AssetCheckSeverity.WARN if finding.severity == "warning" else dg.AssetCheckSeverity.ERROR,
            description="\n\n".join(part for part in (finding.message, finding.recommendation) if part),
            metadata=dict(finding.numbers),
        )


def failed(findings: Mapping[Check, Finding]) -> list[str]:
    """The messages of those that did not pass."""
    return [f"{check.table.name} {check.name}: {finding.message}" for check, finding in findings.items() if not finding.passed]


def _unique(table: Table) -> Check:
    return Check(
        name="unique_keys",
        table=table,
        description=f"The key {', '.join(table.key)} is there once.",
        find=lambda frame, _: unique_keys(frame, table.key),
    )
