"""What a check of days is, and how what it finds on several days becomes one finding. What each check judges is in the modules beside this one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from mta_assets.config_checks import Severity
from mta_assets.contracts.columns import Table
from mta_assets.quality.findings import PARTS, Finding
from mta_assets.quality.history import History

SHOWN = 5
MOST_PARTS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Off:
    """One thing that is not as usual. score: by how much, for the order in which they are told; about: its name where the subject has figures in it."""

    subject: str
    found: str
    usual: str
    score: float
    about: str = ""

    @property
    def part(self) -> str:
        """What makes it the same thing on another day: less than usual is another thing than more."""
        name = self.about or self.subject
        return f"{name}, less" if self.score < 0 else name


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What one check says of one day. subjects: how many things it could judge."""

    subjects: int
    off: Sequence[Off] = ()


@dataclass(frozen=True, kw_only=True)
class DailyCheck:
    """A check of days against their history.

    table: what it is about; fires, remedy: for the docs and for whoever is told; min_change: the least change that counts, which `change` words.
    judge: (history, row of the day, its min_change) -> what is off on that day.
    """

    name: str
    table: Table
    severity: Severity = "warning"
    fires: str
    remedy: str
    min_change: float | None = None
    change: str = ""
    judge: Callable[[History, int, float], Judged]

    def finding(self, history: History) -> Finding:
        """What it finds on the days to be judged."""
        own = history.config.rule(self.name)
        severity = own.severity or self.severity
        if not own.enabled:
            return Finding(passed=True, severity=severity, message=f"{self.name} is switched off in mta.yaml", numbers={"days": 0})
        change = self.min_change or 0.0 if own.min_change is None else own.min_change
        return told(self, {day: self.judge(history, history.row(day), change) for day in history.days}, severity)


def told(check: DailyCheck, judged: dict[date, Judged], severity: Severity) -> Finding:
    """One finding of all days: the newest day that is off, its worst first."""
    off_days = sorted(day for day, each in judged.items() if each.off)
    subjects = max((each.subjects for each in judged.values()), default=0)
    day = off_days[-1] if off_days else None
    found = summary(Judged(subjects=subjects, off=judged[day].off if day else ()), check.remedy, severity)
    numbers = {**found.numbers, "days": len(judged), "days_off": len(off_days)} | ({"day": str(day)} if day else {})
    before = f" (also on {', '.join(str(each) for each in off_days[:-1][-SHOWN:])})" if len(off_days) > 1 else ""
    return replace(found, message=f"{day}: {found.message}{before}" if day else found.message, numbers=numbers)


def summary(judged: Judged, remedy: str, severity: Severity) -> Finding:
    """What was judged, in words: the worst first."""
    numbers: dict[str, float | int | str] = {"subjects": judged.subjects, "off": len(judged.off)}
    if not judged.off:
        message = (
            f"{judged.subjects} subjects are as usual" if judged.subjects else "nothing to judge: too short a history, or too few rows"
        )
        return Finding(passed=True, severity=severity, message=message, numbers=numbers)
    worst = sorted(judged.off, key=lambda off: -abs(off.score))
    lines = [f"{off.subject}: {off.found}, usual is {off.usual}" for off in worst[:SHOWN]]
    more = f" and {len(worst) - SHOWN} more" if len(worst) > SHOWN else ""
    return Finding(
        passed=False,
        severity=severity,
        message=f"{'; '.join(lines)}{more}",
        recommendation=remedy,
        numbers=numbers
        | {"worst": worst[0].subject, "score": round(min(float(abs(worst[0].score)), 1e9), 2)}
        | {"parts": PARTS.join(sorted(off.part for off in worst[:MOST_PARTS]))},
    )


def amount(number: float) -> str:
    """A count or an amount as people read it."""
    return f"{number:,.0f}" if abs(number) >= 10 or float(number).is_integer() else f"{number:.1f}"


def percent(share: float) -> str:
    """A share as people read it."""
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"
