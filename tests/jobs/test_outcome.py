"""What an analysis found survives being written down, to the last digit, and names the client's files and no path."""

from datetime import UTC, datetime

import pytest
from polars.testing import assert_frame_equal

from mta_assets.analysis.run import Options, analyze
from mta_assets.config import Config, SourceConfig
from mta_assets.errors import DataError, NotFoundError
from mta_assets.jobs.asked import for_uploads, given_files, options_of, stated
from mta_assets.jobs.folder import Folder
from mta_assets.jobs.outcome import outcome_of, read_outcome, write_outcome
from mta_assets.state.job import JobFile

EVENTS = """user_id,ts,channel,conversion,value
u1,2026-03-01T10:00:00Z,email,0,
u1,2026-03-02T10:00:00Z,search,1,19.99
u2,2026-03-02T11:00:00Z,search,0,
u3,yesterday,search,0,
"""
OPTIONS = Options(models="linear,markov_1", columns={"user_id": "user_id"}, timezone="Europe/Berlin", lookback_days=7.0)


@pytest.fixture
def folder(tmp_path):
    made = Folder.incoming(tmp_path)
    (made.files / "file").write_text(EVENTS)
    return made


def found_in(folder, config=None):
    files = [JobFile(stored="file", given="events of March.csv", kind="", size_bytes=len(EVENTS))]
    return outcome_of(analyze(given_files(folder, files), OPTIONS, for_uploads(config or Config()), datetime.now(UTC)))


def test_an_outcome_comes_back_as_it_was_written(folder):
    found = found_in(folder)
    write_outcome(found, folder.results)
    write_outcome(found, folder.results)
    back = read_outcome(folder.results)
    for name in ("results", "effects", "rejected"):
        assert_frame_equal(getattr(back, name), getattr(found, name), check_exact=True)
    assert back.about == found.about
    assert back.about["rows"] == {"read": 4, "accepted": 3, "quarantined": 1, "duplicates": 0}
    assert not folder.results.with_name("results.part").exists()


def test_an_outcome_names_the_file_as_its_client_does(folder):
    found = found_in(folder)
    assert found.about["files"] == [{"name": "events of March.csv", "kind": "event_log"}]
    assert found.rejected["file"].to_list() == ["events of March.csv"]


def test_a_failure_names_the_file_as_its_client_does(folder):
    (folder.files / "file").write_text("a,b\n1,2\n")
    with pytest.raises(DataError) as refused:
        found_in(folder)
    assert "events of March.csv" in str(refused.value)
    assert str(folder.path) not in str(refused.value)


def test_what_mta_yaml_says_of_files_by_their_names_does_not_concern_uploads(folder):
    declared = Config(sources={"all": SourceConfig(kind="spend", glob="*")})
    assert found_in(folder, declared).about["files"][0]["kind"] == "event_log"


def test_before_there_is_an_outcome_there_is_none(folder):
    with pytest.raises(NotFoundError):
        read_outcome(folder.results)


def test_options_survive_a_jobs_row():
    assert options_of(stated(OPTIONS)) == OPTIONS
