"""The check of our conversions against a control total: what it is, and what it compares. Pure: frames in, Finding out."""

from dataclasses import dataclass

import polars as pl

from mta_assets.config_checks import ChecksConfig, Severity
from mta_assets.contracts.columns import Table
from mta_assets.contracts.tables import CONVERSIONS
from mta_assets.quality.daily import Judged, Off, amount, summary
from mta_assets.quality.findings import Finding

CONTROL_COLUMNS = {"day": pl.Date, "source_name": pl.String, "goal": pl.String, "conversions": pl.Float64, "value": pl.Float64}


@dataclass(frozen=True, kw_only=True)
class ControlCheck:
    """The check of control totals. min_change: part of a control total."""

    name: str
    table: Table = CONVERSIONS
    severity: Severity = "error"
    fires: str
    remedy: str
    min_change: float
    change: str = "part of the control total"

    def finding(self, conversions: pl.DataFrame, control: pl.DataFrame, config: ChecksConfig) -> Finding:
        """What it finds.

        conversions: (day, source_name, goal, conversions, value) of the days that we have. control: the same columns, of which source_name and goal are
        null where a total is over all of them, and conversions or value where it is not given.
        """
        own = config.rule(self.name)
        severity = own.severity or self.severity
        if not own.enabled:
            return Finding(passed=True, severity=severity, message=f"{self.name} is switched off in mta.yaml")
        tolerance = self.min_change if own.min_change is None else own.min_change
        due = control.filter(pl.col("day").is_in(conversions["day"].unique().implode())).sort("day", "source_name", "goal")
        compared = [_compared(row, conversions, tolerance) for row in due.iter_rows(named=True)]
        off = [found for _, each in compared for found in each]
        return summary(Judged(subjects=sum(count for count, _ in compared), off=off), self.remedy, severity)


def _compared(row: dict[str, object], conversions: pl.DataFrame, tolerance: float) -> tuple[int, list[Off]]:
    """(how many totals one row gives, those that are not ours)."""
    named = {name: row[name] for name in ("source_name", "goal") if row[name] is not None}
    ours = conversions.filter(pl.col("day") == row["day"], **named)
    given = {measure: float(str(row[measure])) for measure in ("conversions", "value") if row[measure] is not None}
    have = {measure: float(ours[measure].sum()) for measure in given}
    where = "".join(f", {value}" for value in named.values())
    return len(given), [
        Off(
            subject=f"{measure} of {row['day']}{where}",
            found=amount(have[measure]),
            usual=f"the control total {amount(due)}",
            score=have[measure] - due,
        )
        for measure, due in given.items()
        if abs(have[measure] - due) > tolerance * abs(due) + 1e-6
    ]
