"""A clock that is wrong: no good row is refused for it, and what to do is said."""

from datetime import UTC, datetime, timedelta

import pytest

from mta_assets.config import parse_config
from mta_assets.contracts.tables import FILES, QUARANTINE
from mta_assets.errors import ClockError, passes
from mta_assets.pipeline.ingest import ingest, landed_files
from mta_assets.pipeline.run import open_lake

CONFIG = parse_config({})
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def shop(tmp_path):
    """A lake that has ingested one file, and a second file that has landed since."""
    lake = open_lake(str(tmp_path / "lake"), {})
    folder = tmp_path / "landing" / "touchpoints"
    folder.mkdir(parents=True)

    def land(name, day):
        (folder / name).write_text(f"user_id,ts,channel\nann,2026-03-{day:02}T10:00Z,email\n")
        return landed_files(tmp_path / "landing", CONFIG)

    ingest(lake, CONFIG, land("a.csv", 9), NOW)
    return lake, land


def test_a_clock_that_has_gone_back_refuses_no_row_and_the_file_is_taken_when_it_is_right_again(shop):
    lake, land = shop
    files = land("b.csv", 10)
    with pytest.raises(ClockError, match=r"says 2026-01-01.*ingested at 2026-03-10.*clock_back_hours") as refusal:
        ingest(lake, CONFIG, files, datetime(2026, 1, 1, tzinfo=UTC))
    assert passes(refusal.value)
    assert lake.read(FILES).height == 1
    ingest(lake, CONFIG, files, NOW + timedelta(days=1))
    assert lake.read(FILES).height == 2
    assert lake.read(QUARANTINE).is_empty()


def test_a_clock_that_was_ahead_once_can_be_allowed_for(shop):
    lake, land = shop
    files = land("b.csv", 1)
    allowed = CONFIG.model_copy(update={"clock_back_hours": 24 * 30})
    assert [file.status for file in ingest(lake, allowed, files, NOW - timedelta(days=9))] == ["unchanged", "ingested"]
