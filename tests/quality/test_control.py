"""Our conversions are those of the control total, or the difference is told."""

from datetime import date

import polars as pl
import pytest

from mta_assets.config import Config
from mta_assets.errors import DataError
from mta_assets.pipeline.control import control_totals
from mta_assets.quality.control import CONTROL_COLUMNS
from mta_assets.quality.registry import CONTROL_CHECK

DAY = date(2026, 3, 1)
OURS = pl.DataFrame(
    {
        "day": [DAY, DAY],
        "source_name": ["shop", "app"],
        "goal": ["purchase", "purchase"],
        "conversions": [900, 100],
        "value": [9_000.0, 1_500.0],
    }
)


def control(**row):
    defaults = {"day": DAY, "source_name": None, "goal": None, "conversions": None, "value": None}
    return pl.DataFrame([defaults | row], schema=CONTROL_COLUMNS)


@pytest.mark.parametrize(
    ("row", "passed"),
    [
        ({"conversions": 1_000}, True),
        ({"conversions": 1_004, "value": 10_500}, True),
        ({"conversions": 1_000, "value": 11_000}, False),
        ({"conversions": 1_020}, False),
        ({"conversions": 100, "source_name": "app"}, True),
        ({"conversions": 110, "source_name": "app"}, False),
        ({"conversions": 5, "goal": "sign_up"}, False),
        ({"conversions": 7, "day": date(2026, 3, 2)}, True),
    ],
)
def test_totals_are_compared_by_day_source_and_goal_as_they_are_given(row, passed):
    finding = CONTROL_CHECK.finding(OURS, control(**row), Config().checks)
    assert finding.passed is passed, finding.message
    assert finding.severity == "error"
    assert finding.numbers["subjects"] == (0 if row.get("day") else len({"conversions", "value"} & set(row)))


def test_files_are_read_from_the_landing_folder_and_the_last_one_counts(tmp_path):
    folder = tmp_path / "control"
    folder.mkdir()
    (folder / "2026-03-01.csv").write_text("day,conversions,value\n2026-03-01,1000,10500.50\n")
    (folder / "2026-03-02.csv").write_text("day,goal,conversions\n2026-03-01,,990\n2026-03-02,purchase,5\n")
    rows = control_totals(tmp_path, Config())
    assert rows.schema == CONTROL_COLUMNS
    assert rows.sort("day").select("day", "goal", "conversions", "value").rows() == [
        (DAY, None, 990.0, None),
        (date(2026, 3, 2), "purchase", 5.0, None),
    ]
    assert control_totals(tmp_path / "nothing", Config()).is_empty()


@pytest.mark.parametrize("text", ["day,orders\n2026-03-01,7\n", "day,conversions\nyesterday,7\n", ""])
def test_a_control_file_that_cannot_be_understood_is_named(tmp_path, text):
    (tmp_path / "control").mkdir()
    (tmp_path / "control" / "totals.csv").write_text(text)
    with pytest.raises(DataError, match=r"totals\.csv"):
        control_totals(tmp_path, Config())
