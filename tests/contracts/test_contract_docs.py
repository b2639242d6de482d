"""The generated reference says every table, key and variable, in the words of their definitions."""

import pytest

from mta_assets.config import Config, SourceConfig
from mta_assets.contracts import describe
from mta_assets.contracts.catalogue import FIXED_TABLES
from mta_assets.ingest import describe as raw
from mta_assets.ingest.fields import FIELDS
from mta_assets.settings import LogSettings, Settings


@pytest.mark.parametrize("table", FIXED_TABLES, ids=lambda table: table.name)
def test_every_table_is_described_with_its_grain_its_key_and_each_column(table):
    text = describe.tables()
    assert f"### `{table.name}`\n\nGrain: {table.grain}." in text
    rows = describe.table_section(table).splitlines()
    assert [row.split("`")[1] for row in rows if row.startswith("| `")] == table.schema.names()


@pytest.mark.parametrize("section", describe.SECTIONS.values(), ids=lambda section: section.__name__)
def test_every_key_of_mta_yaml_has_a_description(section):
    assert [name for name, field in section.model_fields.items() if not field.description] == []


def test_a_key_is_described_with_its_type_range_and_default():
    assert "| `fit_window_days` | whole number ≥ 1, ≤ 1096 | `90` |" in describe.keys(Config)
    assert "| `restart_after_conversion` | true or false | `false` |" in describe.keys(Config)
    assert "| `kind` | `touchpoints`, `conversions`, `spend`, `event_log` | required |" in describe.keys(SourceConfig)
    assert "| `delimiter` | text | none |" in describe.keys(SourceConfig)


def test_every_variable_is_named_as_the_environment_names_it():
    text = describe.variables()
    assert text.count("\n| `MTA_") == len(Settings.model_fields) - 1
    assert "| `MTA_LAKE` | text | `.mta/lake` |" in text
    assert "| `DAGSTER_HOME` | path | `dagster_home` |" in text
    assert "| `MTA_LOG_REQUESTS` | `none`, `slow`, `all` | `slow` |" in describe.variables(LogSettings)


def test_a_bar_in_a_cell_does_not_end_it():
    assert describe.markdown_table(("a",), [("x|y\nz",)]).splitlines()[-1] == r"| x\|y z |"


@pytest.mark.parametrize("kind", FIELDS)
def test_every_column_that_a_file_may_carry_is_described(kind):
    section = raw.kinds().partition(f"### `{kind}`")[2].partition("\n### ")[0]
    assert [field.meaning for field in FIELDS[kind] if field.meaning not in section] == []
