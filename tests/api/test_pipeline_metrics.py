"""What `/metrics` says of the pipeline, whose runs are other processes."""

import time
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from prometheus_client.parser import text_string_to_metric_families

from mta_assets.contracts.tables import CHANNEL_PERFORMANCE, FILES, JOURNEYS
from mta_assets.errors import LakeError
from mta_assets.lake.lake import Lake
from mta_assets.pipeline.run import tables
from mta_assets.state.figures import Figures, Tally

KEY = {"X-API-Key": "dev-api-key"}


def scraped(app):
    """name -> {labels: value}."""
    found = {}
    for family in text_string_to_metric_families(app.test_client().get("/metrics", headers=KEY).text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def labelled(**labels):
    return tuple(sorted(labels.items()))


def test_rows_are_accounted_for_by_source_and_fate(make_app, filled):
    app = make_app(lake=filled)
    rows, files = scraped(app)["mta_rows_total"], app.extensions["mta"].lake.read(FILES)
    assert {fate: rows[labelled(source="touchpoints", fate=fate)] for fate in ("accepted", "quarantined", "duplicates")} == {
        fate: files.filter(source_name="touchpoints")[fate].sum() for fate in ("accepted", "quarantined", "duplicates")
    }
    assert sum(rows.values()) == files["rows_read"].sum() > 0


def test_each_model_says_what_it_credits_over_the_newest_window_and_additive_ones_agree(make_app, filled):
    app = make_app(lake=filled)
    credited, lake = scraped(app)["mta_credited_conversions"], Lake(str(filled))
    newest = lake.collect(lake.scan(CHANNEL_PERFORMANCE).select(pl.col("day").max())).item()
    due = lake.read(JOURNEYS).filter(pl.col("outcome") == "converted", pl.col("day") <= newest).height
    additive = {labels: total for labels, total in credited.items() if ("additive", "yes") in labels}
    assert len(additive) > 5
    assert list(additive.values()) == pytest.approx([due] * len(additive))
    assert credited[labelled(model="participation", additive="no")] > due


def test_the_size_of_the_lake_is_that_of_the_files_its_tables_are_made_of(make_app, filled):
    app = make_app(lake=filled)
    found, lake = scraped(app), app.extensions["mta"].lake
    on_disk = sum(path.stat().st_size for path in filled.rglob("*.parquet") if "_delta_log" not in path.parts)
    assert 0 < sum(found["mta_lake_bytes"].values()) <= on_disk
    assert sum(found["mta_lake_files"].values()) == sum(lake.size(table)[1] for table in tables(app.extensions["mta"].models))
    assert found["mta_lake_disk_free_bytes"][()] > 0


def test_a_scrape_of_a_lake_that_has_not_changed_reads_no_row(make_app, filled, monkeypatch):
    app = make_app(lake=filled, cache_metrics_seconds=0)
    before = scraped(app)

    def unreadable(*args):
        raise LakeError("a row was read")

    monkeypatch.setattr(Lake, "collect", unreadable)
    after = scraped(app)
    assert {name: after[name] for name in after if name.startswith(("mta_rows", "mta_credited", "mta_lake_b"))} == {
        name: before[name] for name in before if name.startswith(("mta_rows", "mta_credited", "mta_lake_b"))
    }
    assert "mta_rows_total" in after


def test_what_runs_counted_is_the_same_from_every_server_process(make_app):
    servers = [make_app(), make_app()]
    counted = Tally()
    counted.add("mta_runs_total", 1, "core", "done")
    counted.add("mta_run_seconds", 3.0, "core")
    for app in servers:  # each as if a run had told the store that it shares
        Figures(app.extensions["mta"].store).record(counted.counted(), datetime.now(UTC))
    for app in servers:
        found = scraped(app)
        assert found["mta_runs_total"] == {labelled(job="core", outcome="done"): 2}
        assert found["mta_run_seconds_bucket"][labelled(job="core", le="1.0")] == 0
        assert found["mta_run_seconds_bucket"][labelled(job="core", le="5.0")] == 2
        assert found["mta_run_seconds_count"] == {labelled(job="core"): 2}


def test_what_is_measured_of_the_pipeline_is_kept_for_some_seconds_and_left_out_while_its_part_is_away(make_app):
    kept, measured = make_app(cache_metrics_seconds=60), make_app(cache_metrics_seconds=0)
    assert "mta_runs_total" not in scraped(kept)
    counted = Tally()
    counted.add("mta_runs_total", 1, "core", "done")
    Figures(kept.extensions["mta"].store).record(counted.counted(), datetime.now(UTC))
    assert "mta_runs_total" not in scraped(kept)
    assert "mta_runs_total" in scraped(measured)
    lake = Path(kept.extensions["mta"].lake.root)
    lake.rename(lake.with_name("away"))
    time.sleep(1.1)  # parts are asked once a second
    found = scraped(kept)
    assert found["mta_component_up"][labelled(component="lake")] == 0
    assert "mta_pending_days" not in found


def test_an_empty_lake_is_told_as_empty(make_app):
    found = scraped(make_app())
    assert sum(found["mta_lake_bytes"].values()) == 0
    assert found["mta_pending_days"] == {labelled(scope="closing"): 0, labelled(scope="fit"): 0}
    assert "mta_credited_conversions" not in found
