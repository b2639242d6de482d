"""Control totals: files of the landing folder that say how many conversions there must be. They are read when they are asked for, and never ingested."""

from pathlib import Path

import polars as pl

from mta_assets.config import Config
from mta_assets.errors import DataError
from mta_assets.quality.control import CONTROL_COLUMNS


def control_totals(landing: Path, config: Config) -> pl.DataFrame:
    """The rows of every control file, with `CONTROL_COLUMNS`; of several for the same thing that of the last file. Raises DataError when one cannot be read."""
    frames = [_read(path) for path in sorted(landing.glob(config.checks.control_totals))]
    everything = pl.concat([pl.DataFrame(schema=CONTROL_COLUMNS), *frames])
    return everything.unique(["day", "source_name", "goal"], keep="last", maintain_order=True)


def _read(path: Path) -> pl.DataFrame:
    try:
        rows = pl.read_csv(path, infer_schema=False)
        absent = {"day", "conversions"} - set(rows.columns)
        if absent:
            raise DataError(f"The control file {path.name} has no column {', '.join(sorted(absent))}; it has {', '.join(rows.columns)}.")
        text = rows.select(
            pl.col(name).str.strip_chars().replace("", None) if name in rows.columns else _absent(name) for name in CONTROL_COLUMNS
        )
        return text.with_columns(pl.col("day").str.to_date(), pl.col("conversions", "value").cast(pl.Float64))
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError(
            f"The control file {path.name} cannot be read: {error}. Write day,conversions[,value][,goal][,source_name] as CSV."
        ) from error


def _absent(name: str) -> pl.Expr:
    return pl.lit(None, dtype=pl.String).alias(name)
