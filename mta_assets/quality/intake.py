"""Whether the files that just came are as clean as those before them: rows refused, rows that were there already, files that cannot be read. Pure."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from mta_assets.config_checks import ChecksConfig, Severity
from mta_assets.contracts.columns import Table
from mta_assets.contracts.tables import FILES
from mta_assets.quality.daily import Judged, Off, percent, summary
from mta_assets.quality.findings import Finding
from mta_assets.quality.robust import NORMAL_PER_MAD, as_share, bound, shares

FEWEST_FILES = 10  # of the same source, before the new ones are compared with them
MOST_FILES = 60
FEWEST_ROWS = 20
AT_ONCE_SHARE = 0.2  # so much refused is told of a source without history too


@dataclass(frozen=True, kw_only=True)
class IntakeCheck:
    """A check of files. column: what is counted, of `rows_read`; at_once: the share that is told of a source without history, None for none."""

    name: str
    table: Table = FILES
    severity: Severity = "warning"
    fires: str
    remedy: str
    min_change: float
    change: str = "points of share"
    column: str
    at_once: float | None

    def finding(self, files: pl.DataFrame, config: ChecksConfig) -> Finding:
        """What it finds. files: `staged/files` with `new`: whether it is of the files that just came."""
        own = config.rule(self.name)
        severity = own.severity or self.severity
        if not own.enabled:
            return Finding(passed=True, severity=severity, message=f"{self.name} is switched off in mta.yaml")
        change = self.min_change if own.min_change is None else own.min_change
        judged = _judged(self, files, change, config)
        unread = files.filter(pl.col("new"), pl.col("status") == "unreadable")["file"].to_list() if self.at_once else []
        off = [*judged.off, *(Off(subject=f"file {file}", found="it cannot be read", usual="it can", score=np.inf) for file in unread)]
        return summary(Judged(subjects=judged.subjects + len(unread), off=off), self.remedy, severity)


def _judged(check: IntakeCheck, files: pl.DataFrame, change: float, config: ChecksConfig) -> Judged:
    read = files.filter(pl.col("rows_read") > 0).sort("ingested_at", "file")
    sources = read.filter("new")["source_name"].unique().sort().to_list()
    off: list[Off] = []
    for source in sources:
        own = read.filter(source_name=source)
        new, old = own.filter("new"), own.filter(~pl.col("new")).tail(MOST_FILES)
        part, whole = float(new[check.column].sum()), float(new["rows_read"].sum())
        score, usual = _against(part, whole, old, check.column)
        limit = float(bound(np.array([20.0]), alarms_per_year=config.false_alarms_per_year, subjects=len(sources))[0])
        if np.isnan(score):
            told = check.at_once is not None and part >= check.at_once * whole and whole >= FEWEST_ROWS
        else:
            told = score > limit and part / whole - usual >= change and whole >= FEWEST_ROWS
        if told:
            known = percent(usual) if not np.isnan(usual) else f"below {percent(check.at_once or 0)}"
            off.append(
                Off(subject=f"{check.column} rows of {source}", found=percent(part / whole), usual=known, score=float(np.nan_to_num(score)))
            )
    return Judged(subjects=len(sources), off=off)


def _against(part: float, whole: float, old: pl.DataFrame, column: str) -> tuple[float, float]:
    """(score, usual share) of the new files' share against those of the old files; nan without enough of them."""
    if old.height < FEWEST_FILES:
        return float("nan"), float("nan")
    known = shares(old[column].to_numpy().astype(np.float64), old["rows_read"].to_numpy().astype(np.float64))
    new = shares(np.array([part]), np.array([whole]))
    usual = float(np.median(known.level))
    spread = max(1.0, NORMAL_PER_MAD * float(np.median(np.abs(known.level - usual) / known.noise)))
    return float((new.level[0] - usual) / (new.noise[0] * spread)), float(as_share(np.array([usual]))[0])
