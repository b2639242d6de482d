"""The runbook as Markdown, for the generated part of docs/operations.md: the words are those of the rules. Pure; writes no file."""

from mta_assets.alerts.registry import RULES
from mta_assets.alerts.rule import Rule


def runbook() -> str:
    """An entry per alert, under its name."""
    return "\n\n".join(map(_entry, RULES.values()))


def _entry(rule: Rule) -> str:
    holds = f" It fires when its condition has held for {_minutes(rule)} minutes." if rule.hold else ""
    lines = (
        f"### {rule.name}",
        f"{rule.title}.{holds}",
        f"**Means.** {rule.meaning}",
        f"**Do.** {rule.remedy}",
        f"**Ends.** {rule.resolves}",
    )
    return "\n\n".join(lines)


def _minutes(rule: Rule) -> str:
    return f"{rule.hold.total_seconds() / 60:g}"
