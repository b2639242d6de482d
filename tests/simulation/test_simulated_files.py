"""Facts about the simulated files: their columns, their faults in the stated share, what reconciles, and that equal worlds give equal bytes."""

import gzip
from dataclasses import replace

import polars as pl
import pytest

from mta_assets.contracts.tables import TIME
from mta_assets.errors import ConfigError
from mta_assets.simulation.dirt import FAULTS
from mta_assets.simulation.raw import simulate
from mta_assets.simulation.world import World
from mta_assets.simulation.write import write_benchmark, write_raw, write_table

SMALL = World(touchpoints=20_000, days=10, dirty_share=0.04)
COLUMNS = {
    "touchpoints": ["event_id", "user_id", "ts", "source", "medium", "campaign", "referrer", "kind", "cost"],
    "conversions": ["conversion_id", "user_id", "ts", "goal", "value", "currency"],
    "spend": ["day", "channel", "campaign", "cost", "currency", "impressions", "clicks"],
}
READERS = {"csv": pl.read_csv, "csv.gz": pl.read_csv, "ndjson": pl.read_ndjson, "parquet": pl.read_parquet}


def rows(world, kind):
    return pl.concat([piece.rows for piece in simulate(world) if piece.kind == kind])


def tallied(world, kind):
    pieces = [piece.faults for piece in simulate(world) if piece.kind == kind]
    return {name: sum(faults[name] for faults in pieces) for name in pieces[0]}


@pytest.mark.parametrize("form", READERS)
def test_the_landing_layout_is_one_folder_per_kind_with_our_column_names_and_every_row(tmp_path, form):
    paths = write_raw(SMALL, tmp_path, form=form)
    assert {path.parent.name for path in paths} == set(COLUMNS)
    for kind, columns in COLUMNS.items():
        files = [path for path in paths if path.parent.name == kind]
        assert all(path.name.startswith("2026-01-") and path.name.endswith(f".{form}") for path in files)
        options = {"infer_schema": False} if form.startswith("csv") else {}
        frames = [READERS[form](path, **options) for path in files]
        assert all(frame.columns == columns for frame in frames)
        assert sum(map(len, frames)) == len(rows(SMALL, kind))


def test_each_kind_may_have_its_own_form(tmp_path):
    paths = write_raw(SMALL, tmp_path, form={"touchpoints": "csv.gz", "conversions": "ndjson"})
    assert {(path.parent.name, "".join(path.suffixes)) for path in paths} == {
        ("touchpoints", ".csv.gz"),
        ("conversions", ".ndjson"),
        ("spend", ".csv"),
    }


@pytest.mark.parametrize("form", READERS)
def test_equal_worlds_give_equal_bytes(tmp_path, form):
    one, other = (write_raw(SMALL, tmp_path / name, form=form) for name in ("one", "other"))
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in other]


def test_a_file_holds_the_rows_of_its_piece(tmp_path):
    paths = write_raw(SMALL, tmp_path, form="csv.gz")
    for path, piece in zip(paths, simulate(SMALL), strict=True):
        assert gzip.decompress(path.read_bytes()).decode() == piece.rows.write_csv()


def test_one_file_per_kind_holds_the_same_rows(tmp_path):
    for path in write_table(SMALL, tmp_path):
        assert path.read_text() == rows(SMALL, path.stem).write_csv()


def test_writing_again_replaces(tmp_path):
    write_table(SMALL, tmp_path)
    (touches, _, _) = write_table(replace(SMALL, touchpoints=10, dirty_share=0.0), tmp_path)
    assert len(touches.read_text().splitlines()) == 11


def test_an_unknown_form_is_met_with_the_near_ones(tmp_path):
    with pytest.raises(ConfigError, match=r"Did you mean 'parquet'"):
        write_raw(SMALL, tmp_path, form="parket")


@pytest.mark.parametrize("kind", COLUMNS)
def test_the_stated_share_of_rows_is_dirty_in_equal_parts(kind):
    clean = len(rows(replace(SMALL, dirty_share=0.0), kind))
    faults = tallied(SMALL, kind)
    assert sum(faults.values()) == round(SMALL.dirty_share * clean)
    assert max(faults.values()) - min(faults.values()) <= 1
    assert len(rows(SMALL, kind)) == clean + faults["duplicate"]


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_clean_world_has_no_fault(kind):
    assert set(tallied(replace(SMALL, dirty_share=0.0), kind).values()) == {0}


@pytest.mark.parametrize(("kind", "fault"), [(kind, fault) for kind, faults in FAULTS.items() for fault in faults if fault.quarantined])
def test_each_fault_of_a_cell_shows_as_often_as_tallied(kind, fault):
    found = rows(SMALL, kind).filter(pl.col(fault.column).eq_missing(pl.lit(fault.text, dtype=pl.String)))
    assert len(found) == tallied(SMALL, kind)[fault.name] > 0


@pytest.mark.parametrize("kind", ["touchpoints", "conversions"])
def test_duplicates_are_whole_rows_twice_and_nothing_else_is(kind):
    frame = rows(SMALL, kind)
    assert len(frame) - frame.n_unique() == tallied(SMALL, kind)["duplicate"] > 0
    assert frame[:, 0].n_unique() == frame.n_unique()


@pytest.mark.parametrize("kind", ["touchpoints", "conversions"])
def test_late_rows_land_one_to_three_days_after_they_happened(kind):
    late = replace(SMALL, dirty_share=0.3)
    pieces = [piece.rows.with_columns(file=pl.lit(piece.day).str.to_date()) for piece in simulate(late) if piece.kind == kind]
    frame = pl.concat(pieces).with_columns(happened=pl.col("ts").str.slice(0, 10).str.to_date(strict=False)).drop_nulls("happened")
    frame = frame.filter(pl.col("happened").dt.year() == 2026).with_columns(days=(pl.col("file") - pl.col("happened")).dt.total_days())
    assert frame["days"].min() == 0
    assert frame["days"].max() == 3
    faults = tallied(late, kind)
    assert faults["late"] <= len(frame.filter(pl.col("days") > 0)) <= faults["late"] + faults["duplicate"]


def test_spend_reconciles_with_the_prices_of_the_clicks():
    clean = replace(SMALL, dirty_share=0.0)
    clicks = rows(clean, "touchpoints").filter(kind="click")
    by_touch = clicks.group_by(day=pl.col("ts").str.slice(0, 10), campaign="campaign").agg(
        cost=pl.col("cost").cast(pl.Decimal(18, 2)).sum(), clicks=pl.len()
    )
    by_spend = (
        rows(clean, "spend")
        .group_by("day", "campaign")
        .agg(cost=pl.col("cost").cast(pl.Decimal(18, 2)).sum(), clicks=pl.col("clicks").cast(pl.UInt32).sum())
    )
    both = by_touch.join(by_spend.filter(pl.col("clicks") > 0), on=["day", "campaign"], how="full", coalesce=True, suffix="_spent")
    assert both.null_count().sum_horizontal().item() == 0
    assert (both["cost"] == both["cost_spent"]).all()
    assert (both["clicks"] == both["clicks_spent"]).all()


def test_user_ids_look_like_those_of_a_shop():
    clean = replace(SMALL, dirty_share=0.0)
    for kind in ("touchpoints", "conversions"):
        assert rows(clean, kind)["user_id"].str.contains(r"^u\d{7}$").all()


def test_a_world_of_one_touch_can_be_written(tmp_path):
    paths = write_raw(World(touchpoints=1, days=1, dirty_share=0.5), tmp_path)
    assert [path.parent.name for path in paths].count("touchpoints") == 1
    assert len(write_benchmark(World(touchpoints=1, days=1), tmp_path)) == 2


def test_the_benchmark_tables_are_typed_and_in_order_of_time_and_hold_the_clean_rows(tmp_path, monkeypatch):
    for module in ("world", "cohort"):
        monkeypatch.setattr(f"mta_assets.simulation.{module}.COHORT_TOUCHES", 3_000)
    clean = replace(SMALL, dirty_share=0.0)
    events, conversions = (pl.read_parquet(path) for path in write_benchmark(clean, tmp_path))
    assert events.schema == {"user_id": pl.Int64, "ts": TIME, "channel": pl.String, "campaign": pl.String, "kind": pl.String}
    assert conversions.schema == {"user_id": pl.Int64, "ts": TIME, "goal": pl.String, "value": pl.Float64}
    assert events["ts"].is_sorted()
    assert conversions["ts"].is_sorted()
    raw = rows(clean, "touchpoints").select(
        user_id=pl.col("user_id").str.slice(1).cast(pl.Int64),
        ts=pl.col("ts").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC", time_unit="us"),
        kind="kind",
    )
    order = ["ts", "user_id", "kind"]
    assert raw.sort(order).equals(events.select("user_id", "ts", "kind").sort(order))
    assert len(conversions) == len(rows(clean, "conversions"))
