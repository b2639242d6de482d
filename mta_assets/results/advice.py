"""The comparison of models that the lake holds, for the newest day: as its mart has it, or for some models or another size of experiments."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from mta_assets.analysis.comparison import Comparison, comparison, incomparable
from mta_assets.config import Config
from mta_assets.contracts.advice import CHANNEL_ADVICE
from mta_assets.contracts.bands import BANDS
from mta_assets.contracts.days import DayRange
from mta_assets.errors import UnavailableError
from mta_assets.lake.lake import Lake
from mta_assets.marts.advice import Evidence
from mta_assets.marts.disagreement import Facts
from mta_assets.marts.openers import OPENERS
from mta_assets.models.base import AttributionModel
from mta_assets.pipeline.advice import increments_of, unavailable
from mta_assets.pipeline.learning import fit_window


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A comparison of the window that ends on the newest day."""

    comparison: Comparison
    window: DayRange


def stored(lake: Lake, config: Config, models: Mapping[str, AttributionModel]) -> Stored:
    """The comparison of these models. Raises UnavailableError when the lake has none yet, and LakeError when there is no lake.

    Of the models and settings that it was made with, its advice is that of `marts/channel_advice` and `marts/model_advice`.
    """
    channels = lake.read(CHANNEL_ADVICE).sort(CHANNEL_ADVICE.key)
    newest: date | None = channels.select(pl.col("day").max()).item()
    if newest is None:
        raise UnavailableError(
            "The lake has no comparison of models yet: no conversion was credited. `mta ingest` takes in what has landed; `mta compare FILE...` "
            "compares models on files."
        )
    rows = channels.filter(day=newest)
    bands = lake.read(BANDS, DayRange(newest, newest)).sort(BANDS.key)
    absent = unavailable(models, config)
    evidence = Evidence(
        bands=bands.filter(pl.col("model").is_in(list(models))).drop("day"),
        costs=rows.drop_nulls("cost").select("channel", "currency", "cost"),
        openers=rows.drop_nulls("reached").select(OPENERS.names()).unique("channel", keep="first", maintain_order=True),
        facts={row[0]: Facts(all_conversions=row[1], days=row[2], dispersion=row[3]) for row in _facts(rows).iter_rows()},
        refused=incomparable(models) | absent,
        increments=increments_of(lake, models, newest),
    )
    return Stored(comparison=comparison(evidence, config, absent), window=fit_window(config, newest))


def _facts(rows: pl.DataFrame) -> pl.DataFrame:
    columns = ("currency", "all_conversions", "days", "dispersion")
    return rows.select(columns).unique("currency", keep="first", maintain_order=True).sort("currency")
