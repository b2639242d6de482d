"""The whole job of each attribution package, run inside that package's own environment: `python peer_jobs.py NAME FOLDER`.

Standard library only at the top: the packages share no environment. Reading the input and importing are not measured. Each stage prints one
line of JSON when it is done: stage, cpu_s (user + system, all threads), wall_s, peak_mb so far, and model -> channel -> credited conversions.
"""

import contextlib
import io
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mta_assets.analysis.attribute import ClosedJourneys

SEPARATOR = ">"
Credit = dict[str, dict[str, float]]
Stage = tuple[str, Callable[[], Credit]]
MODELS = ("first_touch", "last_touch", "linear", "position_based", "time_decay", "markov_1", "shapley")


def mam(folder: Path) -> Iterator[Stage]:
    """marketing-attribution-models, from events, with its defaults throughout (its Shapley keeps the last 4 channels of a set)."""
    import polars as pl  # noqa: PLC0415  each package is in its own environment only
    from mam import MAM  # noqa: PLC0415  as above

    events = pl.read_parquet(folder / "events.parquet")
    made = {}

    def journeys() -> Credit:
        columns = {
            "channels_colname": "channel",
            "journey_with_conv_colname": "converted",
            "datetime_colname": "ts",
            "user_id_colname": "user_id",
        }
        made["mam"] = MAM(events, format_type="session", **columns)
        return {}

    def stage(model: str, method: str) -> Callable[[], Credit]:
        def run() -> Credit:
            frame = getattr(made["mam"], method)().to_polars()
            return {model: dict(zip(frame["channels"].cast(pl.String), frame["attribution"], strict=True))}

        return run

    yield "journeys", journeys
    methods = ("first_click", "last_click", "linear", "position_based", "time_decay", "markov", "shapley")
    for model, method in zip(MODELS, methods, strict=True):
        yield model, stage(model, f"run_{method}")


def channelattribution(folder: Path) -> Iterator[Stage]:
    """ChannelAttribution, from ready-made distinct paths, which is all that it takes. Its Markov chain is simulated, to its default tolerance of 5 %."""
    import pandas as pd  # noqa: PLC0415  as above

    with contextlib.redirect_stdout(io.StringIO()):
        from ChannelAttribution import heuristic_models, markov_model  # noqa: PLC0415  as above; it greets on import

    paths = pd.read_csv(folder / "paths.csv")
    columns = {
        "var_path": "path",
        "var_conv": "total_conversions",
        "var_value": "total_conversion_value",
        "sep": SEPARATOR,
        "flg_pro": False,
    }

    def heuristics() -> Credit:
        frame = heuristic_models(paths, **columns).set_index("channel_name")
        return {model: frame[f"{model}_conversions"].to_dict() for model in ("first_touch", "last_touch")} | {
            "linear": frame["linear_touch_conversions"].to_dict()
        }

    def markov() -> Credit:
        frame = markov_model(paths, **columns, var_null="total_null", verbose=False)
        return {"markov_1": frame.set_index("channel_name")["total_conversions"].to_dict()}

    yield "first_touch, last_touch, linear", heuristics
    yield "markov_1", markov


def mta(folder: Path) -> Iterator[Stage]:
    """The package mta, from ready-made distinct paths, repeats kept, without its Shapley.

    That walks 2**15 coalitions and the subsets of each for each of 16 channels, and had not finished after 10 minutes (330 CPU seconds).
    """
    import pandas as pd  # noqa: PLC0415  as above
    from mta import MTA  # noqa: PLC0415  as above

    paths = pd.read_csv(folder / "paths.csv")
    made = {}

    def journeys() -> Credit:
        made["mta"] = MTA(paths, allow_loops=True, add_timepoints=False, sep=SEPARATOR)
        return {}

    def stage(model: str, method: str, key: str, **options: str) -> Callable[[], Credit]:
        def run() -> Credit:
            getattr(made["mta"], method)(normalize=False, **options)
            return {model: {str(channel): float(credit) for channel, credit in made["mta"].attribution[key].items()}}

        return run

    yield "journeys", journeys
    yield "first_touch", stage("first_touch", "first_touch", "first_touch")
    yield "last_touch", stage("last_touch", "last_touch", "last_touch")
    yield "linear", stage("linear", "linear", "linear", share="proportional")
    yield "position_based", stage("position_based", "position_based", "pos_based")
    yield "time_decay", stage("time_decay", "time_decay", "time_decay")
    yield "markov_1", stage("markov_1", "markov", "markov")


def ours_events(folder: Path) -> Iterator[Stage]:
    """Ours from events: sorting, journeys and every model, conversions and value. Users and channels are as the file has them."""
    import polars as pl  # noqa: PLC0415  as above

    from mta_assets.analysis.inputs import Inputs, closed_journeys  # noqa: PLC0415  as above
    from mta_assets.config import Config  # noqa: PLC0415  as above
    from mta_assets.contracts.tables import QUARANTINE  # noqa: PLC0415  as above
    from mta_assets.ingest.identity import hash_values  # noqa: PLC0415  as above

    events = pl.read_parquet(folder / "events.parquet")
    credited = _models(MODELS)
    config = Config(lookback_days=730)  # the other packages know no lookback
    made = {}

    def build() -> Credit:
        user = pl.Series("user", hash_values(events["user_id"]).view("int64"))
        named = events.select("converted", "channel", "value", user, pl.col("ts").dt.replace_time_zone("UTC"), source_name=pl.lit("web"))
        touches = named.with_columns(event_id=pl.lit(""), campaign=pl.lit(""), kind=pl.lit("visit"))
        bought = named.filter("converted").with_columns(conversion_id=pl.lit(""), goal=pl.lit("purchase"), currency=pl.lit("USD"))
        rows = {"touchpoints": touches, "conversions": bought}
        made["journeys"] = closed_journeys(Inputs(rows=rows, rejected=QUARANTINE.empty(), rows_read=0, duplicates=0), config, ("channel",))
        return {}

    yield "journeys", build
    yield "every model", lambda: credited(made["journeys"])


def ours_paths(folder: Path) -> Iterator[Stage]:
    """Ours from ready-made distinct paths: parsing them and every model that needs no times, conversions and value."""
    import numpy as np  # noqa: PLC0415  as above
    import polars as pl  # noqa: PLC0415  as above

    from mta_assets.analysis.attribute import ClosedJourneys  # noqa: PLC0415  as above
    from mta_assets.journeys.path_table import path_table  # noqa: PLC0415  as above

    paths = pl.read_csv(folder / "paths.csv")
    credited = _models([model for model in MODELS if model != "time_decay"])
    made = {}

    def build() -> Credit:
        touches = path_table(paths).touches
        everyone = np.ones(len(touches), dtype=bool)
        made["journeys"] = ClosedJourneys(touches=touches, learning=touches, currency={"USD": everyone}, by=("channel",))
        return {}

    yield "journeys", build
    yield "every model", lambda: credited(made["journeys"])


def _models(names: Sequence[str]) -> "Callable[[ClosedJourneys], Credit]":
    """What credits journeys by these models, in one call as `mta attribute` makes it."""
    from mta_assets.analysis.attribute import attribute  # noqa: PLC0415  as above
    from mta_assets.models.registry import MODELS as REGISTRY  # noqa: PLC0415  as above

    def run(closed: "ClosedJourneys") -> Credit:
        results = attribute(closed, {name: REGISTRY[name] for name in names}).results
        credit: Credit = {name: {} for name in names}
        for model, channel, conversions in results.select("model", "channel", "conversions").iter_rows():
            credit[model][channel] = conversions
        return credit

    return run


JOBS: Mapping[str, Callable[[Path], Iterator[Stage]]] = {
    "mam": mam,
    "channelattribution": channelattribution,
    "mta": mta,
    "ours_events": ours_events,
    "ours_paths": ours_paths,
}


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main(name: str, folder: Path) -> None:
    for stage, run in JOBS[name](folder):
        cpu, wall = cpu_seconds(), time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            credit = run()
        figures = {"stage": stage, "cpu_s": cpu_seconds() - cpu, "wall_s": time.perf_counter() - wall}
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({**figures, "peak_mb": peak, "credit": credit}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
