"""Every check has a name of its own, a setting, and an entry in the docs."""

from pathlib import Path
from typing import get_args

import pytest

from mta_assets.config import parse_config
from mta_assets.config_checks import CheckName
from mta_assets.errors import ConfigError
from mta_assets.quality.registry import DATA_CHECKS
from mta_assets.quality.table_checks import TABLE_CHECKS

DOCS = (Path(__file__).parents[2] / "docs" / "checks.md").read_text()


def test_the_settings_know_every_check_and_no_other():
    names = [check.name for check in DATA_CHECKS]
    assert len(set(names)) == len(names)
    assert set(get_args(CheckName)) == set(names)
    with pytest.raises(ConfigError, match="volumes"):
        parse_config({"checks": {"rules": {"volumes": {"min_change": 1}}}})


@pytest.mark.parametrize("check", DATA_CHECKS, ids=lambda check: check.name)
def test_the_docs_have_an_entry_that_says_when_it_fires_and_what_to_do(check):
    entry = DOCS.partition(f"### {check.name}\n")[2].partition("\n### ")[0]
    assert f"**Fires when:** {check.fires}" in entry
    assert f"**What to do:** {check.remedy}" in entry
    assert len(check.remedy) > 40
    assert check.table.name in entry


@pytest.mark.parametrize("check", TABLE_CHECKS, ids=lambda check: check.name)
def test_the_docs_have_the_checks_of_tables_where_messages_point(check):
    entry = DOCS.partition(f"### {check.name}\n")[2].partition("\n### ")[0]
    assert f"**Fires when:** {check.fires}" in entry
    assert f"**What to do:** {check.remedy}" in entry
