"""What runs count adds up over processes, and only what is declared gets in."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from mta_assets.state.figures import FIGURES, Counted, Figures, Tally, buckets

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def held(store):
    return {(figure.name, figure.labels): figure.value for figure in Figures(store).all()}


def tally(*added, latest=()):
    made = Tally()
    for name, value, *labels in added:
        made.add(name, value, *labels)
    for name, value, *labels in latest:
        made.put(name, value, *labels)
    return made.counted()


def test_counters_grow_by_what_each_run_counted_and_gauges_are_the_latest(store):
    for at in (1.0, 2.0):
        counted = tally(
            ("mta_runs_total", 1, "core", "done"),
            ("mta_days_restated_total", 3, "fit"),
            latest=[("mta_run_last_end_timestamp_seconds", at, "core", "done")],
        )
        Figures(store).record(counted, NOW)
    assert held(store) == {
        ("mta_runs_total", ("core", "done")): 2,
        ("mta_days_restated_total", ("fit",)): 6,
        ("mta_run_last_end_timestamp_seconds", ("core", "done")): 2.0,
    }


def test_what_is_told_late_adds_to_sums_and_is_not_the_latest(store):
    for at, hour in ((2.0, 2), (1.0, 1)):
        counted = tally(("mta_runs_total", 1, "core", "done"), latest=[("mta_run_last_end_timestamp_seconds", at, "core", "done")])
        Figures(store).record(counted, NOW.replace(hour=hour))
    assert held(store) == {("mta_runs_total", ("core", "done")): 2, ("mta_run_last_end_timestamp_seconds", ("core", "done")): 2.0}


def test_runs_that_end_at_once_lose_nothing(store):
    def run(number):
        for _ in range(5):
            Figures(store).record(tally(("mta_runs_total", 1, "core", "done"), ("mta_steps_total", number, "a", "done")), NOW)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, range(1, 5)))
    assert held(store) == {("mta_runs_total", ("core", "done")): 20, ("mta_steps_total", ("a", "done")): 50}


def test_a_histogram_counts_each_value_in_the_buckets_above_it(store):
    Figures(store).record(tally(*(("mta_run_seconds", seconds, "core") for seconds in (0.5, 1.0, 2.0, 99_999.0))), NOW)
    figures = held(store)
    assert [count for _, count in buckets(figures, "mta_run_seconds", ("core",))] == [2, 3, 3, 3, 3, 3, 3, 3, 4]
    assert figures[("mta_run_seconds_count", ("core",))] == 4
    assert figures[("mta_run_seconds_sum", ("core",))] == pytest.approx(100_002.5)


@pytest.mark.parametrize(
    ("name", "labels"), [("mta_invented", ()), ("mta_runs_total", ("core",)), ("mta_days_restated_total", ("fit", "user-1"))]
)
def test_what_is_not_declared_is_refused(name, labels):
    with pytest.raises((KeyError, ValueError)):
        Tally().add(name, 1, *labels)


def test_a_run_that_counted_nothing_writes_nothing(store):
    Figures(store).record(Counted(), NOW)
    assert held(store) == {}


def test_no_label_is_a_thing_without_bound():
    assert {label for declared in FIGURES.values() for label in declared.labels} == {"job", "outcome", "step", "scope"}
