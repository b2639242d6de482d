"""Files that are dirtier than those before them are found, and files as dirty as ever are not."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from mta_assets.config import Config, parse_config
from mta_assets.contracts.tables import FILES
from mta_assets.quality.registry import INTAKE_CHECKS

CHECKS = {check.name: check for check in INTAKE_CHECKS}
START = datetime(2026, 3, 1, 6, tzinfo=UTC)


def files(counts, status="current"):
    """`staged/files` of one source, a file a day: (rows read, quarantined, duplicates) each; the last is new."""
    rows = [
        {
            "source_name": "web",
            "file": f"web/{n:02d}.csv",
            "file_version": f"v{n}",
            "status": status if n == len(counts) - 1 else "current",
            "size_bytes": 1,
            "modified": START,
            "rows_read": read,
            "accepted": read - quarantined - duplicates,
            "quarantined": quarantined,
            "duplicates": duplicates,
            "pending_days": [],
            "ingested_at": START + timedelta(days=n),
        }
        for n, (read, quarantined, duplicates) in enumerate(counts)
    ]
    frame = pl.DataFrame(rows, schema=FILES.schema)
    return frame.with_columns(new=pl.int_range(pl.len()) == len(counts) - 1)


USUAL = [(1_000, 8 + n % 5, 3 + n % 3) for n in range(20)]


@pytest.mark.parametrize("name", list(CHECKS))
def test_a_file_like_those_before_it_passes(name):
    finding = CHECKS[name].finding(files([*USUAL, (1_100, 11, 4)]), Config().checks)
    assert finding.passed
    assert finding.numbers["subjects"] == 1


@pytest.mark.parametrize(("name", "counts"), [("quarantine_share", (1_000, 300, 4)), ("duplicate_share", (1_000, 11, 250))])
def test_a_file_with_more_refused_or_known_rows_is_found(name, counts):
    finding = CHECKS[name].finding(files([*USUAL, counts]), Config().checks)
    assert not finding.passed
    assert "rows of web" in finding.message
    other = next(check for check in INTAKE_CHECKS if check.name != name)
    assert other.finding(files([*USUAL, counts]), Config().checks).passed


def test_the_first_file_of_a_source_is_judged_by_what_it_refuses_alone():
    assert not CHECKS["quarantine_share"].finding(files([(1_000, 250, 0)]), Config().checks).passed
    assert CHECKS["quarantine_share"].finding(files([(1_000, 100, 0)]), Config().checks).passed
    assert CHECKS["duplicate_share"].finding(files([(1_000, 0, 900)]), Config().checks).passed


def test_a_file_that_cannot_be_read_is_found_and_told_first():
    finding = CHECKS["quarantine_share"].finding(files([*USUAL, (0, 0, 0)], status="unreadable"), Config().checks)
    assert not finding.passed
    assert finding.message.startswith("file web/20.csv: it cannot be read")


def test_no_new_file_is_nothing_to_judge():
    finding = CHECKS["quarantine_share"].finding(files(USUAL).with_columns(new=pl.lit(False)), Config().checks)
    assert finding.passed
    assert finding.numbers["subjects"] == 0


def test_a_check_of_files_can_be_switched_off():
    config = parse_config({"checks": {"rules": {"quarantine_share": {"enabled": False}}}})
    assert CHECKS["quarantine_share"].finding(files([(1_000, 900, 0)]), config.checks).passed
