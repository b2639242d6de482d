"""Where a job's files lie: within the uploads, whatever clients call them, and gone when nobody needs them."""

import os
import time
from datetime import UTC, datetime, timedelta

import pytest

from mta_assets.errors import NotFoundError
from mta_assets.jobs.daemon import DAEMON, daemon_warning
from mta_assets.jobs.folder import ABANDONED_SECONDS, Folder, sweep
from mta_assets.state.heartbeats import Heartbeats
from mta_assets.state.job import JobFile
from mta_assets.state.jobs import new_job_id
from mta_assets.state.store import StateStore


def file(stored):
    return JobFile(stored=stored, given="../../etc/passwd", kind="", size_bytes=1)


def test_what_was_received_becomes_a_jobs_in_one_move(tmp_path):
    folder = Folder.incoming(tmp_path)
    (folder.files / "spend").write_bytes(b"day,channel,cost")
    id_ = new_job_id()
    moved = folder.become(tmp_path, id_)
    assert moved == Folder.of_job(tmp_path, id_)
    assert moved.stored(file("spend")).read_bytes() == b"day,channel,cost"
    assert not folder.path.exists()


@pytest.mark.parametrize("id_", ["..", "job_../../x", "job_" + "0" * 23, "job_" + "0" * 24 + "\n", "incoming", ""])
def test_an_id_that_is_none_of_ours_is_no_path(tmp_path, id_):
    with pytest.raises(NotFoundError):
        Folder.of_job(tmp_path, id_)


@pytest.mark.parametrize("stored", ["../file", "/etc/passwd", "File", ""])
def test_a_stored_name_that_is_none_of_ours_is_no_path(tmp_path, stored):
    with pytest.raises(NotFoundError):
        Folder.incoming(tmp_path).stored(file(stored))


def test_only_the_owner_of_the_process_can_read_what_was_sent(tmp_path):
    folder = Folder.incoming(tmp_path / "uploads")
    assert {path.stat().st_mode & 0o777 for path in (folder.path, folder.files, folder.results)} == {0o700}


def test_sweeping_removes_what_killed_requests_left_and_folders_of_no_job(tmp_path):
    known, unknown = new_job_id(), new_job_id()
    old = [Folder.incoming(tmp_path), *(Folder.of_job(tmp_path, id_).make() for id_ in (known, unknown))]
    fresh = Folder.incoming(tmp_path)
    past = time.time() - ABANDONED_SECONDS - 1
    for folder in old:
        os.utime(folder.path, (past, past))
    assert sweep(tmp_path, is_job={known}.__contains__) == 2
    assert fresh.path.exists()
    assert Folder.of_job(tmp_path, known).path.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["incoming", known]


def test_who_waits_for_a_job_is_warned_while_the_daemon_is_silent(tmp_path):
    store = StateStore(f"sqlite:///{tmp_path}/state.db")
    store.migrate()
    heartbeats, now = Heartbeats(store), datetime.now(UTC)
    assert "never" in daemon_warning(heartbeats, now)
    heartbeats.beat(DAEMON, now)
    assert daemon_warning(heartbeats, now + timedelta(seconds=60)) is None
    assert "mta up" in daemon_warning(heartbeats, now + timedelta(seconds=61))
    store.close()
