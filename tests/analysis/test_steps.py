"""An analysis says truthfully how far it is, and hands out each model's rows as soon as it has them."""

import gzip
from datetime import UTC, date, datetime

import polars as pl
import pytest
import zstandard
from polars.testing import assert_frame_equal

from mta_assets.analysis.expected_rows import expected_rows
from mta_assets.analysis.recognise import GivenFile
from mta_assets.analysis.run import Options, analyze
from mta_assets.analysis.steps import Stage
from mta_assets.config import Config
from mta_assets.simulation.world import World
from mta_assets.simulation.write import write_table

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A shop's touchpoints, conversions and spend."""
    return write_table(World(touchpoints=4_000, days=10, first_day=date(2026, 3, 1)), tmp_path_factory.mktemp("shop"))


def test_each_model_is_handed_out_early_with_the_rows_that_the_whole_has(shop):
    early = []
    found = analyze([GivenFile(path=path) for path in shop], Options(), Config(), NOW, computed=early.append)
    assert "cost" in found.results.columns
    assert len(early) == found.results["model"].n_unique() > 10
    order = list(found.results["model"].unique(maintain_order=True))
    assert_frame_equal(pl.concat(sorted(early, key=lambda rows: order.index(rows["model"][0]))), found.results, check_exact=True)


def test_rules_are_there_before_anything_is_learned(shop):
    said = []
    options = Options(models="markov_1,linear")
    found = analyze(
        [GivenFile(path=path) for path in shop],
        options,
        Config(),
        NOW,
        lambda step: said.append(str(step)),
        lambda rows: said.append(rows["model"][0]),
    )
    assert said[-5:] == ["crediting linear", "linear", "statistics", "learning markov_1", "markov_1"]
    assert list(found.results["model"].unique(maintain_order=True)) == ["markov_1", "linear"]  # as asked


def test_stages_follow_each_other_and_their_shares_grow(shop):
    steps = []
    analyze([GivenFile(path=path) for path in shop], Options(), Config(), NOW, steps.append)
    order = list(Stage)
    marks = [(order.index(step.stage), step.share) for step in steps]
    assert marks == sorted(marks)
    assert all(0 <= share <= 1 for _, share in marks)
    assert {step.stage for step in steps} == set(Stage)
    last_read = max(share for stage, share in marks if stage == 0)
    assert last_read == pytest.approx(1, abs=0.05)


TEXT = "".join(f"user{n % 97},2026-03-01T10:00:00Z,email,{n}\n" for n in range(30_000)).encode()
NDJSON = "".join(f'{{"user_id": "u{n}", "ts": "2026-03-01"}}\n' for n in range(30_000)).encode()


@pytest.mark.parametrize(
    "content",
    [TEXT, gzip.compress(TEXT), zstandard.compress(TEXT), NDJSON, b"[" + NDJSON.strip().replace(b"\n", b",") + b"]"],
    ids=["csv", "gz", "zstd", "ndjson", "json"],
)
def test_the_number_of_rows_is_foreseen_from_the_beginning_of_a_file(tmp_path, content):
    path = tmp_path / "any"
    path.write_bytes(content)
    assert expected_rows(path) == pytest.approx(30_000, rel=0.05)


def test_a_parquet_file_says_how_many_rows_it_has_and_a_damaged_one_is_no_matter(tmp_path):
    path = tmp_path / "any"
    pl.DataFrame({"n": range(1_234)}).write_parquet(path)
    assert expected_rows(path) == 1_234
    path.write_bytes(path.read_bytes()[:300])
    assert expected_rows(path) == 1
    path.write_bytes(b"")
    assert expected_rows(path) == 1
