"""Simulated files: raw ones in the landing layout, and the two typed Parquet tables that benchmarks read. The only module here that touches the disk."""

import gzip
from collections.abc import Callable, Collection, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from mta_assets.contracts.arrays import Ints
from mta_assets.contracts.tables import NOT_SET
from mta_assets.errors import ConfigError, did_you_mean
from mta_assets.simulation.cohort import GOALS, KINDS, Drawn, stable_order
from mta_assets.simulation.draws import draw
from mta_assets.simulation.market import Market, instants
from mta_assets.simulation.raw import Piece, simulate

Form = Literal["csv", "csv.gz", "ndjson", "parquet"]


def write_raw(
    world: Market,
    folder: Path,
    *,
    form: Form | Mapping[str, Form] = "csv",
    single: Collection[str] = (),
    notify: Callable[[Path], None] = lambda _: None,
) -> list[Path]:
    """Writes touchpoints/, conversions/ and spend/ into `folder`, one file per day (and per cohort of a large world); the paths in order.

    form: of every file, or by kind (touchpoints, conversions, spend; csv for a kind not named). All values are text, faults included.
    single: kinds whose rows go into one CSV file, `<kind>/<kind>.csv`, whatever their form. notify: told of each file that is written.
    A file of the same name is replaced. Raises ConfigError for an unknown form.
    """
    forms = {kind: form.get(kind, "csv") if isinstance(form, Mapping) else form for kind in ("touchpoints", "conversions", "spend")}
    for each in forms.values():
        if each not in get_args(Form):
            raise ConfigError(f"No file form {each!r}. {did_you_mean(each, get_args(Form))}")
    whole = {kind: folder / kind / f"{kind}.csv" for kind in single}
    for kind in forms:
        (folder / kind).mkdir(parents=True, exist_ok=True)
    for path in whole.values():
        path.unlink(missing_ok=True)
    paths: dict[Path, None] = {}
    for piece in simulate(world):
        path = whole.get(piece.kind) or _path(folder, piece, forms[piece.kind])
        if piece.kind in whole:
            _append(piece.rows, path)
        else:
            _write(piece.rows, path, forms[piece.kind])
        paths[path] = None
        notify(path)
    return list(paths)


def write_table(world: Market, folder: Path) -> list[Path]:
    """Writes touchpoints.csv, conversions.csv and spend.csv into `folder`: the same rows, each kind in one file, for one-off analyses."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {kind: folder / f"{kind}.csv" for kind in ("touchpoints", "conversions", "spend")}
    for path in paths.values():
        path.unlink(missing_ok=True)
    for piece in simulate(world):
        _append(piece.rows, paths[piece.kind])
    return list(paths.values())


def write_benchmark(world: Market, folder: Path) -> tuple[Path, Path]:
    """Writes events.parquet and conversions.parquet into `folder`, typed, clean and in order of time; the two paths.

    events: user_id Int64, ts Datetime(us, UTC), channel, campaign, kind String. conversions: user_id, ts, goal String, value Float64.
    Holds 20 bytes per touch while it puts the cohorts in order of time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    events, conversions = folder / "events.parquet", folder / "conversions.parquet"
    touches, orders = [], []
    for cohort in range(world.cohorts):
        drawn = draw(world, cohort)
        touches.append((drawn.ts, drawn.user, drawn.placement, drawn.kind))
        orders.append(_orders(world, drawn))
    pl.concat(orders).sort("ts", "user_id", "goal", maintain_order=True).write_parquet(conversions)
    with pq.ParquetWriter(events, _events(world, *touches[0]).head(0).to_arrow().schema) as file:
        for start, end in pairwise(np.linspace(0, world.seconds, world.cohorts + 1).astype(np.int64)):
            slices = [tuple(each[slice(*np.searchsorted(columns[0], (start, end)))] for each in columns) for columns in touches]
            file.write_table(_events(world, *(np.concatenate(column) for column in zip(*slices, strict=True))).to_arrow())
    return events, conversions


def _events(world: Market, ts: Ints, user: Ints, placement: Ints, kind: Ints) -> pl.DataFrame:
    labels = pl.DataFrame(
        {
            "channel": [world.channels[each.channel].name for each in world.placements],
            "campaign": [each.campaign or NOT_SET for each in world.placements],
        }
    )
    order = stable_order(ts)
    at = pl.Series(placement[order])
    return pl.DataFrame(
        {
            "user_id": user[order],
            "ts": instants(world, ts[order]),
            "channel": labels["channel"].gather(at),
            "campaign": labels["campaign"].gather(at),
            "kind": pl.Series(KINDS).gather(pl.Series(kind[order])),
        }
    )


def _orders(world: Market, drawn: Drawn) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "user_id": drawn.order_user,
            "ts": instants(world, drawn.order_ts),
            "goal": pl.Series(GOALS).gather(pl.Series(drawn.goal)),
            "value": drawn.order_cents / 100,
        }
    )


def _path(folder: Path, piece: Piece, form: Form) -> Path:
    part = "" if piece.part is None else f"_{piece.part:04d}"
    return folder / piece.kind / f"{piece.day}{part}.{form}"


def _write(rows: pl.DataFrame, path: Path, form: Form) -> None:
    match form:
        case "csv":
            rows.write_csv(path)
        case "csv.gz":
            # No file name and no time in the header, so that equal rows give equal bytes.
            path.write_bytes(gzip.compress(rows.write_csv().encode(), compresslevel=1, mtime=0))
        case "ndjson":
            rows.write_ndjson(path)
        case "parquet":
            rows.write_parquet(path)


def _append(rows: pl.DataFrame, path: Path) -> None:
    with path.open("ab") as file:
        rows.write_csv(file, include_header=file.tell() == 0)
