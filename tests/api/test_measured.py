"""What is measured for one scrape serves the next, of whichever server process."""

import os
import time

import pytest

from api.measured import Measured
from api.metrics import FOLDER


@pytest.fixture
def count():
    """Counts how often it is measured."""
    numbers = iter(range(1, 100))
    return lambda: str(next(numbers)).encode()


def test_a_server_of_one_process_measures_once_within_the_seconds(count, monkeypatch):
    monkeypatch.delenv(FOLDER, raising=False)
    kept, at_each = Measured(60), Measured(0)
    assert [kept.text("a", count) for _ in range(3)] == [b"1", b"1", b"1"]
    assert kept.text("b", count) == b"2"
    assert [at_each.text("a", count) for _ in range(2)] == [b"3", b"4"]


def test_workers_tell_what_one_of_them_measured(count, monkeypatch, tmp_path):
    monkeypatch.setenv(FOLDER, str(tmp_path))
    workers = [Measured(10), Measured(10)]
    assert [worker.text("a", count) for worker in workers] == [b"1", b"1"]
    [file] = tmp_path.iterdir()
    os.utime(file, (time.time() - 11,) * 2)
    assert [worker.text("a", count) for worker in workers] == [b"2", b"2"]


def test_a_clock_that_went_back_keeps_nothing_for_longer(count, monkeypatch, tmp_path):
    monkeypatch.setenv(FOLDER, str(tmp_path))
    worker = Measured(10)
    assert worker.text("a", count) == b"1"
    [file] = tmp_path.iterdir()
    os.utime(file, (time.time() + 3_600,) * 2)
    assert worker.text("a", count) == b"2"


def test_a_folder_that_is_gone_ends_no_scrape(count, monkeypatch, tmp_path):
    monkeypatch.setenv(FOLDER, str(tmp_path / "gone"))
    assert [Measured(10).text("a", count) for _ in range(2)] == [b"1", b"2"]
