"""`mta simulate`: realistic raw files of any size, seeded, with a stated share of dirty rows."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

import click

from mta_assets.cli.options import FILE, holdout_shares
from mta_assets.cli.output import say, show_json, show_table
from mta_assets.cli.progress import progress
from mta_assets.errors import CallError, MtaError
from mta_assets.simulation.draws import true_effects
from mta_assets.simulation.market import Market
from mta_assets.simulation.world import World
from mta_assets.simulation.worlds import WORLDS, known_world
from mta_assets.simulation.write import Form, write_benchmark, write_raw, write_table

Layout = Literal["landing", "single", "benchmark"]
SHOP = "shop"


@click.command(name="simulate")
@click.argument("out", type=FILE)
@click.option(
    "--world",
    "name",
    type=click.Choice([SHOP, *WORLDS]),
    default=SHOP,
    show_default=True,
    help="shop: a sample of any size, fast; the others: users whose purchases are known to depend on which touches (docs/worlds.md).",
)
@click.option("--touchpoints", type=click.IntRange(min=1), help="How many touchpoints, of the shop.  [default: 100000]")
@click.option("--users", type=click.IntRange(min=1), help="How many users, of the other worlds: some 15 touches each.  [default: 10000]")
@click.option("--holdout", "holdouts", multiple=True, metavar="CHANNEL=SHARE", help="A share of users whom the channel never touches.")
@click.option("--days", type=click.IntRange(min=1), help="Over how many days.  [default: 30 of the shop, 90 of the others]")
@click.option("--first-day", type=click.DateTime(["%Y-%m-%d"]), default="2026-01-01", show_default=True, help="The first day.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Equal seeds and options give equal bytes.")
@click.option(
    "--dirty", type=click.FloatRange(0, 0.5), default=0.01, show_default=True, metavar="SHARE", help="Share of rows with a fault."
)
@click.option("--currency", default="USD", show_default=True, help="Of orders and spend.")
@click.option(
    "--layout",
    type=click.Choice(get_args(Layout)),
    default="landing",
    show_default=True,
    help="landing: a file per kind and day, as the landing folder wants them; single: one CSV per kind, as `mta attribute` wants them; "
    "benchmark: two clean Parquet tables.",
)
@click.option("--form", type=click.Choice(get_args(Form)), default="csv", show_default=True, help="Of the files of --layout landing.")
@click.option("--truth", "with_truth", is_flag=True, help="Also show what each channel truly caused.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(  # noqa: PLR0913  one parameter per option of the command
    *,
    out: Path,
    name: str,
    touchpoints: int | None,
    users: int | None,
    holdouts: tuple[str, ...],
    days: int | None,
    first_day: datetime,
    seed: int,
    dirty: float,
    currency: str,
    layout: Layout,
    form: Form,
    with_truth: bool,
    as_json: bool,
) -> None:
    """Write realistic raw files of a shop's marketing into the folder OUT: visits and clicks, orders, spend.

    \b
    Examples:
      mta simulate sample --layout single && mta attribute sample/touchpoints.csv sample/conversions.csv --spend sample/spend.csv
      mta simulate .mta/landing --touchpoints 1000000 --days 90 --dirty 0.02 --seed 7
      mta simulate big --touchpoints 10000000 --layout benchmark
      mta simulate known --world default --users 20000 --layout single --truth

    Files of the same names are replaced, others are left alone.
    """  # noqa: D301  click's own mark for lines that stay as they are
    given = {"touchpoints": touchpoints, "users": users, "days": days, "holdouts": holdout_shares(holdouts) or None}
    world = _world(name, seed=seed, first_day=first_day.date(), dirty_share=dirty, currency=currency, **_said(given))
    paths = _written(world, out, layout, form)
    caused = true_effects(world) if with_truth else None
    size = sum(path.stat().st_size for path in paths)
    if as_json:
        show_json({"files": [str(path) for path in paths], "bytes": size, "truth": None if caused is None else caused.to_dicts()})
        return
    if caused is not None:
        rows = [
            tuple(f"{each:.4f}" if name == "lift" and each is not None else each for name, each in row.items()) for row in caused.to_dicts()
        ]
        show_table(caused.columns, [rows], title="What each channel truly caused (no channel: what no touch caused)")
        say()
    say(f"{len(paths):,} files, {size / 1e6:,.1f} MB, in {out}")


def _said(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in options.items() if value is not None}


def _world(name: str, **parameters: Any) -> Market:  # noqa: ANN401  what the worlds take
    """The world asked for. Raises CallError for an option that it does not know."""
    stray = {"users", "holdouts"} if name == SHOP else {"touchpoints"}
    for option in sorted(stray & set(parameters)):
        other = "one of the other worlds" if name == SHOP else f"'--world {SHOP}'; this world takes --users"
        raise CallError(f"--{option.removesuffix('s') if option == 'holdouts' else option} is of {other}.", option)
    return World(**parameters) if name == SHOP else known_world(name, **({"users": 10_000} | parameters))


def _written(world: Market, out: Path, layout: Layout, form: Form) -> list[Path]:
    expected = {"landing": (2 * world.cohorts + 1) * world.days, "single": None, "benchmark": None}[layout]
    try:
        with progress(expected) as notify:
            match layout:
                case "landing":
                    return write_raw(world, out, form=form, notify=lambda path: notify(f"wrote {path.name}"))
                case "single":
                    notify("writing touchpoints, conversions and spend")
                    return write_table(world, out)
                case "benchmark":
                    notify("writing events and conversions")
                    return list(write_benchmark(world, out))
    except OSError as error:
        raise MtaError(
            f"{error.filename or out} could not be written: {error.strerror or error}. Free space or mend access, and run again."
        ) from error
