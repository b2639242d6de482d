"""`mta demo`: a realistic sample through the whole graph, and its result with a reconciliation that a person can follow."""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click
import orjson
import polars as pl

from mta_assets.cli.home import prepared_home
from mta_assets.cli.output import Cell, say, show_table
from mta_assets.cli.progress import progress
from mta_assets.config import Config, load_config
from mta_assets.contracts.tables import CHANNEL_PERFORMANCE, FILES, JOURNEYS
from mta_assets.errors import MtaError
from mta_assets.lake.lake import Lake
from mta_assets.models.base import AttributionModel
from mta_assets.models.registry import build_models
from mta_assets.pipeline.ingest import landed_files
from mta_assets.pipeline.learning import fit_window
from mta_assets.settings import Settings
from mta_assets.simulation.world import World
from mta_assets.simulation.write import write_raw

Notify = Callable[[str], None]
# Hidden, so that no source takes it: which sample this folder holds, and whether all of it is written.
MARKER = ".demo.json"
SHOWN_MODELS = ("first_touch", "last_touch", "linear", "time_decay", "markov_1", "shapley")


@click.command(name="demo")
@click.option("--touchpoints", type=click.IntRange(100, 10_000_000), default=20_000, show_default=True, help="How many touchpoints.")
@click.option("--days", type=click.IntRange(2, 365), default=30, show_default=True, help="Over how many days, up to yesterday.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Another seed, another shop.")
def command(touchpoints: int, days: int, seed: int) -> None:
    """Make a realistic sample in the landing folder, run everything on it and show the result.

    A second run finds the same files, computes nothing twice and shows the same table. The sample goes into MTA_LANDING and MTA_LAKE
    (default: under .mta/ in this folder); a landing folder that holds other files is left alone.
    """
    settings = Settings()
    config = load_config(settings.config)
    models = build_models(config.models)
    now = datetime.now(UTC)
    with progress(3 * days + 3 * len(models)) as notify:
        made = make_sample(settings.landing, touchpoints, days, seed, now.date(), notify)
        if not landed_files(settings.landing, config):
            raise MtaError(
                f"The sources of {settings.config} take none of the demo's files in {settings.landing}. Run the demo in an empty folder."
            )
        run_everything(settings, notify)
    say(
        f"{'Made' if made else 'Found'} the sample in {settings.landing}: touchpoints, orders and spend of a simulated shop, 1 % of the rows dirty.\n"
    )
    lake = Lake(settings.lake)
    newest = lake.collect(lake.scan(CHANNEL_PERFORMANCE).select(pl.col("day").max())).item()
    if newest is None:
        raise MtaError("The demo computed no result; `mta status` shows what the lake holds.")
    show_result(lake, config, newest)
    reconcile(lake, config, models, newest)
    say("\nWhere to look next:")
    say("  make up                     the same in the Dagster UI (graph, runs, checks, history) and over HTTP (docs/api.md)")
    say("  mta compare                 where the models disagree about channels, why, and what would settle it")
    say("  mta status                  what the lake holds and what was rejected, with reasons")
    say("  mta models markov_1         what a model does, and when to use it")
    say("  mta attribute --help        the same on files of your own, with no lake")
    say("  docs/models.md              every model with its formula and source")


def make_sample(landing: Path, touchpoints: int, days: int, seed: int, today: date, notify: Notify) -> bool:
    """Whether the sample had to be made. Raises MtaError when the folder holds other files or another sample."""
    asked = {"touchpoints": touchpoints, "days": days, "seed": seed}
    marker = landing / MARKER
    known = orjson.loads(marker.read_bytes()) if marker.exists() else {}
    if not known and landing.exists() and any(landing.rglob("*")):
        raise MtaError(
            f"{landing} holds files that are not the demo's, and it would mix with them. Name an empty folder: MTA_LANDING=... MTA_LAKE=... mta demo"
        )
    if known and known["asked"] != asked:
        raise MtaError(
            f"{landing} holds a sample made with {known['asked']}. Run `mta demo` with these, or remove {landing} and the lake first."
        )
    if known.get("complete"):
        return False
    landing.mkdir(parents=True, exist_ok=True)
    first_day = date.fromisoformat(known["first_day"]) if known else today - timedelta(days=days)
    about = {"asked": asked, "first_day": first_day}
    marker.write_bytes(orjson.dumps(about))
    world = World(seed=seed, touchpoints=touchpoints, days=days, first_day=first_day)
    # Visits land day by day; orders and spend as shops export them, in one file each, for a file costs more than its rows.
    write_raw(world, landing, single=("conversions", "spend"), notify=lambda path: notify(f"wrote {path.name}"))
    marker.write_bytes(orjson.dumps(about | {"complete": True}))
    return True


def run_everything(settings: Settings, notify: Notify) -> None:
    """The whole graph on what has landed, as Dagster runs, so that `mta up` shows the demo's runs, checks and results."""
    os.environ["DAGSTER_HOME"] = str(prepared_home(settings))  # Dagster wants it absolute
    from mta_assets.definitions import build_defs  # noqa: PLC0415  importing Dagster takes seconds; only this command and its tests need it
    from mta_assets.defs.everything import materialize_everything  # noqa: PLC0415  as above
    from mta_assets.defs.resources import LakeResource  # noqa: PLC0415  as above

    lake = LakeResource.from_environment()
    materialize_everything(build_defs(lake=lake), lake, notify)


def show_result(lake: Lake, config: Config, newest: date) -> None:
    """Credited conversions and ROAS per channel, models side by side, over the fit window that ends on the newest day."""
    performance = lake.collect(lake.scan(CHANNEL_PERFORMANCE).filter(pl.col("day") == newest, pl.col("currency") == config.currency))
    shown = [name for name in SHOWN_MODELS if name in performance["model"]]
    window = fit_window(config, newest)
    say(f"Credited conversions by channel and model, {window.first} to {window.last}:\n")
    known = performance.filter(pl.col("model").is_in(shown))["channel"].unique()  # a model that is not shown may have channels of its own
    conversions = _side_by_side(performance.filter(pl.col("channel").is_in(known.implode())), shown, "conversions")
    sums: tuple[Cell, ...] = ("sum", conversions["cost"].sum(), *(conversions[name].sum() for name in shown))
    show_table(("channel", "cost", *shown), [conversions.rows(), [sums]])
    say(f"\nROAS (value / cost, {config.currency}) of the channels that cost something:\n")
    roas = _side_by_side(performance.filter(pl.col("roas").is_not_null()), shown, "roas")
    show_table(("channel", "cost", *shown), [roas.rows()])
    say(f"\n{performance['model'].n_unique()} models are in marts/channel_performance; shown are {len(shown)}.")


def _side_by_side(performance: pl.DataFrame, models: Sequence[str], measure: str) -> pl.DataFrame:
    """channel, cost and a column per model, the channels with most cost first."""
    cost = performance.group_by("channel").agg(pl.col("cost").max())
    wide = cost.join(performance.pivot("model", index="channel", values=measure), on="channel")
    return wide.sort("cost", "channel", descending=[True, False], nulls_last=True).select("channel", "cost", *models)


def reconcile(lake: Lake, config: Config, models: Mapping[str, AttributionModel], newest: date) -> None:
    """Whether rows and credit add up, in numbers that can be checked by hand."""
    files = lake.read(FILES).filter(pl.col("status") == "current")
    read, accepted, quarantined, duplicates = (int(files[name].sum()) for name in ("rows_read", "accepted", "quarantined", "duplicates"))
    say("\nReconciliation:")
    say(
        f"  {files.height:,} files: {read:,} rows read = {accepted:,} accepted + {quarantined:,} quarantined + {duplicates:,} duplicates",
    )
    window = fit_window(config, newest)
    due = lake.collect(lake.scan(JOURNEYS, window).filter(pl.col("outcome") == "converted").select(pl.len())).item()
    credited = lake.collect(
        lake.scan(CHANNEL_PERFORMANCE).filter(pl.col("day") == newest).group_by("model").agg(pl.col("conversions").sum())
    )
    additive = {name: total for name, total in credited.iter_rows() if models[name].additive}
    wrong = {name: total for name, total in additive.items() if abs(total - due) > 1e-6 * max(1, due)}
    say(f"  {due:,} conversions in the window; {len(additive) - len(wrong)} of {len(additive)} additive models credit {due:,.2f}")
    for name, total in wrong.items():
        say(f"  {name} credits {total:,.6f}")
