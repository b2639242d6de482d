"""The checks of data as Markdown, for the generated parts of the docs: the words come from the checks themselves. Pure; writes no file."""

from mta_assets.contracts.describe import markdown_table
from mta_assets.quality.control import ControlCheck
from mta_assets.quality.daily import DailyCheck
from mta_assets.quality.event_profile import MEASURES as EVENT_MEASURES
from mta_assets.quality.intake import IntakeCheck
from mta_assets.quality.journey_profile import MEASURES as JOURNEY_MEASURES
from mta_assets.quality.registry import DATA_CHECKS
from mta_assets.quality.table_checks import TABLE_CHECKS


def overview() -> str:
    """A row per check of data."""
    rows = ((f"[`{check.name}`](#{check.name})", f"`{check.table.name}`", check.severity) for check in DATA_CHECKS)
    return markdown_table(("check", "about", "severity"), rows)


def entries() -> str:
    """A section per check of data: when it fires, what to do, its threshold."""
    return "\n\n".join(_entry(check) for check in DATA_CHECKS)


def table_entries() -> str:
    """A section per check of tables and marts: when it fires, what to do."""
    sections = (
        f"### {check.name}\n\nAbout {check.about}; {check.severity}.\n\n**Fires when:** {check.fires}\n\n**What to do:** {check.remedy}"
        for check in TABLE_CHECKS
    )
    return "\n\n".join(sections)


def runbook() -> str:
    """A row per check, of all that there are: what to do about it."""
    rows = ((f"[`{check.name}`](checks.md#{check.name})", check.severity, check.remedy) for check in (*DATA_CHECKS, *TABLE_CHECKS))
    return markdown_table(("check", "severity", "what to do"), rows)


def measures() -> str:
    """What `core/event_profile` and `core/journey_profile` measure."""
    tables = (("core/event_profile", EVENT_MEASURES), ("core/journey_profile", JOURNEY_MEASURES))
    rows = ((f"`{table}`", f"`{measure}`", meaning) for table, measures in tables for measure, meaning in measures.items())
    return markdown_table(("table", "measure", "counts"), rows)


def _entry(check: IntakeCheck | DailyCheck | ControlCheck) -> str:
    change = f" `min_change` is {check.min_change or 0:g} {check.change}." if check.change else ""
    about = f"About `{check.table.name}`; {check.severity}.{change}"
    return f"### {check.name}\n\n{about}\n\n**Fires when:** {check.fires}\n\n**What to do:** {check.remedy}"
