"""A file is judged a part of its identities at a time: into how many parts it falls changes no number."""

from datetime import UTC, datetime

import pytest

from mta_assets.config import Config
from mta_assets.models.registry import build_models
from mta_assets.pipeline import ingest as ingesting
from mta_assets.pipeline.ingest import ingest, landed_files
from mta_assets.pipeline.run import open_lake

CONFIG = Config()
NOW = datetime(2026, 7, 1, tzinfo=UTC)
HEAD = "event_id,user_id,ts,channel,conversion,value\n"
FILES = {
    # A row twice, one identity that says two things, one bad row, a conversion that is a touch as well.
    "a.csv": [(n, f"u{n % 5}", f"2026-06-{1 + n % 20:02}T10:00:00Z", "email", n % 7 == 0, n) for n in range(40)]
    + [(3, "u3", "2026-06-04T10:00:00Z", "email", False, 3), (4, "other", "2026-06-05T10:00:00Z", "sms", False, 4)]
    + [(99, "u1", "not a time", "email", False, 1)],
    # Ten rows of the file before, and ten of its identities that say something else: the later file counts.
    "b.csv": [(n, f"u{n % 5}", f"2026-06-{1 + n % 20:02}T10:00:00Z", "email", n % 7 == 0, n) for n in range(10)]
    + [(n, "somebody", "2026-06-21T10:00:00Z", "display", False, n) for n in range(10, 20)],
}


def reports(folder, landing):
    return [
        (report.file, report.rows_read, report.accepted, report.quarantined, report.duplicates, report.days)
        for report in ingest(open_lake(str(folder), build_models(CONFIG.models)), CONFIG, landed_files(landing, CONFIG), NOW)
    ]


@pytest.fixture
def landing(tmp_path):
    folder = tmp_path / "landing" / "event_log"
    folder.mkdir(parents=True)
    for name, rows in FILES.items():
        lines = [",".join(str(int(value) if isinstance(value, bool) else value) for value in row) for row in rows]
        (folder / name).write_text(HEAD + "\n".join(lines) + "\n")
    return folder.parent


@pytest.mark.parametrize("rows_at_once", [1, 3, 20])
def test_the_number_of_parts_changes_no_count_and_no_day(tmp_path, landing, monkeypatch, rows_at_once):
    whole = reports(tmp_path / "whole", landing)
    monkeypatch.setattr(ingesting, "ROWS_AT_ONCE", rows_at_once)
    assert reports(tmp_path / "parts", landing) == whole
    assert all(read == accepted + quarantined + duplicates for _, read, accepted, quarantined, duplicates, _ in whole)
    assert [(quarantined, duplicates) for _, _, _, quarantined, duplicates, _ in whole] == [(2, 1), (0, 10)]
