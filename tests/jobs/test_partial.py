"""Partial results are whole whenever they are read, also while the next model's are added."""

import threading

import polars as pl
import pytest

from mta_assets.errors import NotFoundError
from mta_assets.jobs.partial import Partial, partial_version, read_partial

MODELS = 150


def rows(model):
    return pl.DataFrame({"model": [f"model_{model}"] * 200, "conversions": [float(model)] * 200})


def test_before_the_first_model_there_is_nothing(tmp_path):
    with pytest.raises(NotFoundError, match="No model is done yet"):
        read_partial(tmp_path / "partial")
    assert partial_version(tmp_path / "partial") == "none"


def test_who_reads_while_models_are_added_sees_whole_models_and_no_less_than_before(tmp_path):
    folder = tmp_path / "partial"
    partial = Partial(folder)
    partial.add(rows(0))
    writer = threading.Thread(target=lambda: [partial.add(rows(model)) for model in range(1, MODELS)])
    writer.start()
    seen = [1]
    while writer.is_alive():
        found = read_partial(folder)
        assert found.height == 200 * found["model"].n_unique()
        seen.append(found["model"].n_unique())
    writer.join()
    assert seen == sorted(seen)
    assert read_partial(folder)["model"].n_unique() == MODELS
