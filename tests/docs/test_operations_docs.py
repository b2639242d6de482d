"""docs/operations.md has what a person needs when an alert comes."""

import re
from pathlib import Path

import pytest

from mta_assets.alerts.registry import RULES
from mta_assets.cli.alerts import command
from mta_assets.quality.registry import DATA_CHECKS
from mta_assets.quality.table_checks import TABLE_CHECKS

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "operations.md").read_text(encoding="utf-8")
CHECKS = (DOCS / "checks.md").read_text(encoding="utf-8")
RUNBOOK = PAGE.partition("## Runbook")[2]


@pytest.mark.parametrize("name", RULES)
def test_every_alert_has_an_entry_that_says_what_it_means_what_to_do_and_how_it_ends(name):
    entry = RUNBOOK.partition(f"### {name}\n")[2].partition("\n### ")[0]
    for part in ("Means", "Do", "Ends"):
        said = re.search(rf"\*\*{part}\.\*\* (.+)", entry)
        assert said, part
        assert len(said[1].split()) >= 5


def test_no_entry_is_of_an_alert_that_there_is_not():
    assert set(re.findall(r"^### (\S+)$", RUNBOOK, re.MULTILINE)) == set(RULES)


def test_the_commands_it_names_are_there():
    named = set(re.findall(r"mta alerts (\w+)", PAGE))
    assert named <= set(command.commands)
    assert named >= {"test", "list", "dead", "retry", "watch"}


@pytest.mark.parametrize("check", [*DATA_CHECKS, *TABLE_CHECKS], ids=lambda check: check.name)
def test_every_check_has_a_row_that_says_what_to_do_and_leads_to_its_entry(check):
    said = re.search(rf"^\| \[`{check.name}`\]\(checks\.md#{check.name}\) \| {check.severity} \| (.+) \|$", RUNBOOK, re.MULTILINE)
    assert said
    assert len(said[1].split()) >= 4
    entry = CHECKS.partition(f"### {check.name}\n")[2].partition("\n### ")[0]
    assert "**Fires when:**" in entry
    assert "**What to do:**" in entry
