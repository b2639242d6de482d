"""What a rule is: facts in, conditions out, with the words of its runbook entry. Pure. The rules themselves are in the modules beside."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from mta_assets.alerts.facts import Facts
from mta_assets.config_alerts import AlertThresholds, Severity

MOMENT = timedelta(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """Something is wrong now. subject: what, within the rule; message: in words, with the numbers that a person needs.

    parts: the single things that are wrong, where there may be several; one that was not told yet is told, though the alert fires already.
    """

    subject: str
    severity: Severity
    message: str
    numbers: Mapping[str, object] = field(default_factory=dict)
    parts: frozenset[str] = frozenset()


# What is wrong; None when it could not be found out.
Find = Callable[[Facts, AlertThresholds], Sequence[Condition] | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One kind of alert.

    hold: how long its condition must hold before it fires; calm: how long it must not before it is resolved.
    meaning, remedy, resolves: its runbook entry, of which the remedy is in every message.
    """

    name: str
    title: str
    find: Find
    meaning: str
    remedy: str
    resolves: str
    hold: timedelta = MOMENT
    calm: timedelta = MOMENT
