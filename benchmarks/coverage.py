"""How often a band holds what it is to hold: samples of a simulated world's users, of each the bands. Rewrites the table of docs/uncertainty.md.

One large world is all users there are; a sample has each of them by a small chance. What a band is to hold is the mean of what the model says of such samples.
That is not what it says of all users, scaled to a sample, where it shrinks towards a prior. `make coverage`; it takes some minutes.
"""

import argparse
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from mta_assets.contracts.arrays import HISTORIES, Floats, Ints, Touches, ranges
from mta_assets.contracts.describe import markdown_table
from mta_assets.contracts.tables import BUCKETS, CHANNEL_PERFORMANCE, COALITIONS, PATHS, TRANSITIONS, UNATTRIBUTED
from mta_assets.ingest.identity import mix
from mta_assets.journeys.assemble import MICROSECONDS_PER_HOUR, is_direct
from mta_assets.journeys.events import microseconds
from mta_assets.journeys.kernel import Events, journeys
from mta_assets.journeys.statistic_frames import coalitions_frame, paths_frame, transitions_frame
from mta_assets.journeys.statistic_windows import decode
from mta_assets.journeys.statistics import statistics_of
from mta_assets.marts.bands import bands, effect_bands
from mta_assets.marts.credit_buckets import BucketSums
from mta_assets.marts.samples import Shares, evidence, of_shares, of_sums
from mta_assets.models.base import LearnedModel, RuleModel
from mta_assets.models.refits import fitting_needs, groups_for, refit
from mta_assets.models.registry import MODELS
from mta_assets.simulation.known import Simulated, simulate_world

PAGE = Path(__file__).parents[1] / "docs" / "uncertainty.md"
WORLD, USERS, SAMPLE = "no-hidden-targeting", 50_000, 1_000
LOOKBACK_US = 7 * 24 * MICROSECONDS_PER_HOUR  # short journeys: walks of a chain are followed to their end
# Few channels, so that 500 samples take minutes: those of one role of the world are one.
CHANNELS = {
    "mail": "mail",
    "paid search": "paid search",
    "brand search": "brand search",
    "affiliate": "paid search",
    "direct": "unpaid",
    "organic search": "unpaid",
}
ADS = "ads"
LEARNED = {name: model for name, model in MODELS.items() if isinstance(model, LearnedModel) and HISTORIES not in model.needs}
NEEDS = sorted({need for model in LEARNED.values() for need in fitting_needs(model)})
METRICS = ("conversions", "value", "share", "effect")
LEVEL = 0.9


@dataclass(frozen=True, kw_only=True)
class Everybody:
    """All users' journeys. touches: in one cell; owner: (journeys,) number of the user, below `users`."""

    touches: Touches
    owner: Ints
    users: int

    @cached_property
    def channels(self) -> tuple[str, ...]:
        """The units, and what no touch earned."""
        return (*self.touches.units, UNATTRIBUTED)

    @cached_property
    def rules(self) -> dict[str, tuple[Floats, Floats]]:
        """Rule -> (users, channels) credited conversions, and value."""
        return {
            name: self._credit(model.allocate(self.touches).weight)
            for name, model in MODELS.items()
            if isinstance(model, RuleModel) and model.missing(self.touches) is None
        }

    @cached_property
    def attributed(self) -> tuple[Floats, Floats]:
        """The same of any model that shares conversions out whole: of each user, what there is to share, in the first column, and what is unattributed."""
        touched, own = self.touches.length > 0, [self.touches.conversions, self.touches.value]
        found = []
        for amount in own:
            sums = np.zeros((self.users, len(self.channels)))
            sums[:, 0] = np.bincount(self.owner, weights=amount * touched, minlength=self.users)
            sums[:, -1] = np.bincount(self.owner, weights=amount * ~touched, minlength=self.users)
            found.append(sums)
        return found[0], found[1]

    def _credit(self, weight: Floats) -> tuple[Floats, Floats]:
        cell = self.owner[self.touches.journey] * len(self.channels) + self.touches.unit
        size = self.users * len(self.channels)
        rest = self.attributed
        found = []
        for n, amount in enumerate((self.touches.conversions, self.touches.value)):
            earned = np.bincount(cell, weights=weight * amount[self.touches.journey], minlength=size).reshape(self.users, -1)
            earned[:, -1] = rest[n][:, -1]
            found.append(earned)
        return found[0], found[1]


def everybody(world: Simulated) -> Everybody:
    """The journeys of a world."""
    touchpoints, conversions = world.touchpoints, world.conversions
    user, number = np.unique(np.concatenate([touchpoints["user"].to_numpy(), conversions["user"].to_numpy()]), return_inverse=True)
    owner_of_touch, owner_of_conversion = number[: touchpoints.height], number[touchpoints.height :]
    events = Events(
        touch_user=owner_of_touch,
        touch_ts=microseconds(touchpoints["ts"]),
        conversion_user=owner_of_conversion,
        conversion_ts=microseconds(conversions["ts"]),
    )
    slices = journeys(events, LOOKBACK_US, restart_after_conversion=False)
    named = touchpoints["channel"].replace_strict(CHANNELS, default=ADS, return_dtype=pl.String)
    units = tuple(named.unique().sort())
    unit = named.cast(pl.Enum(units)).to_physical().to_numpy().astype(np.int32)
    length, converted = slices.stop - slices.start, slices.conversion >= 0
    touch = ranges(slices.start, length)
    value = conversions["value"].cast(pl.Float64).to_numpy()
    owner = np.where(converted, owner_of_conversion[slices.conversion], owner_of_touch[np.minimum(slices.start, len(unit) - 1)])
    touches = Touches(
        units=units,
        offsets=np.concatenate([[0], np.cumsum(length)]),
        unit=unit[touch],
        conversions=converted.astype(np.float64),
        nulls=(~converted).astype(np.float64),
        value=np.where(converted, value[slices.conversion], 0.0),
        cell=np.zeros(len(length), dtype=np.int64),
        is_direct=is_direct(named.gather(touch)),
        age_hours=np.maximum(np.repeat(slices.closing_ts, length) - events.touch_ts[touch], 0) / MICROSECONDS_PER_HOUR,
    )
    return Everybody(touches=touches, owner=owner, users=len(user))


def truth(world: Everybody, chance: float) -> pl.DataFrame:
    """model, channel, metric, truth: what the models say of all users, totals scaled to a sample."""
    statistics = statistics_of(world.touches, NEEDS)
    found = [_figures(name, world.channels, *(amounts.sum(axis=0) * chance for amounts in both)) for name, both in world.rules.items()]
    due = [amounts.sum(axis=0) * chance for amounts in world.attributed]
    for name, model in LEARNED.items():
        fit = model.fit(statistics)
        credit = (np.append(share * whole[0], whole[-1]) for share, whole in zip((fit.share, fit.value_share), due, strict=True))
        found.append(_figures(name, world.channels, *credit))
        found.append(
            pl.DataFrame({"channel": fit.units, "truth": fit.effect}).select(
                pl.lit(name).alias("model"), "channel", pl.lit("effect").alias("metric"), "truth"
            )
        )
    # The raw effect of Shapley is a total; those of the other models are rates.
    total = (pl.col("model") == "shapley") & (pl.col("metric") == "effect")
    return pl.concat(found).with_columns(pl.when(total).then(pl.col("truth") * chance).otherwise("truth").alias("truth"))


def _figures(model: str, channels: tuple[str, ...], conversions: Floats, value: Floats) -> pl.DataFrame:
    measured = {"conversions": conversions, "value": value, "share": conversions / conversions.sum()}
    parts = [
        pl.DataFrame({"channel": channels, "truth": numbers}).with_columns(metric=pl.lit(metric)) for metric, numbers in measured.items()
    ]
    return pl.concat(parts).select(pl.lit(model).alias("model"), "channel", "metric", "truth")


def sampled(world: Everybody, chance: float, seed: int) -> pl.DataFrame:
    """The bands of one sample."""
    rng = np.random.default_rng(seed)
    drawn = np.flatnonzero(rng.random(world.users) < chance)
    bucket = (mix(drawn.astype(np.uint64) + np.uint64(seed << 32)) % np.uint64(BUCKETS)).astype(np.int64)
    rows, samples = [], {}
    for name, (conversions, value) in world.rules.items():
        sums = _sums(world.channels, conversions[drawn], value[drawn], bucket)
        samples[name, "EUR"] = of_sums(sums)
        rows.append(_performed(name, world.channels, sums.conversions.sum(axis=1), sums.value.sum(axis=1)))
    due = _sums(world.channels, *(amounts[drawn] for amounts in world.attributed), bucket)
    mine = np.full(world.users, -1)
    mine[drawn] = bucket
    touches = world.touches.take(mine[world.owner] >= 0)
    found, effects = _learned(touches, mine[world.owner][mine[world.owner] >= 0], due)
    for name, (sample, conversions, value) in found.items():
        samples[name, "EUR"] = sample
        rows.append(_performed(name, sample.channels, conversions, value))
    found = pl.concat([bands(pl.concat(rows), samples, LEVEL), *effects])
    return found.filter(pl.col("low").is_not_null()).select("model", "channel", "metric", "estimate", "low", "high")


def _learned(touches: Touches, bucket: Ints, due: BucketSums):
    """(model -> sample, conversions, value; bands of effects)."""
    celled = replace(touches, cell=bucket)
    frames = {COALITIONS: coalitions_frame(celled), PATHS: paths_frame(celled), TRANSITIONS: transitions_frame(celled)}
    windows, seen, found, effects = decode(frames, NEEDS), evidence(frames[COALITIONS]), {}, []
    whole = windows.within(None)
    groups = {name: groups_for(whole, model) for name, model in LEARNED.items()}
    without = {number: list(windows.without_each(None, number)) for number in set(groups.values())}
    for name, model in LEARNED.items():
        fit = model.fit(whole)
        refits = refit(model, fit, without[groups[name]])
        shares = Shares(channels=fit.units, effect=refits.effect, share=refits.share, value_share=refits.value_share)
        sample = of_shares(due, shares, seen)
        totals = (due.conversions.sum(axis=1), due.value.sum(axis=1))
        credit = [np.append(share * total[0], total[-1]) for share, total in zip((fit.share, fit.value_share), totals, strict=True)]
        found[name] = (sample, *credit)
        effects.append(effect_bands(name, dict(zip(fit.units, fit.effect.tolist(), strict=True)), shares, seen, LEVEL))
    return found, effects


def _sums(channels: tuple[str, ...], conversions: Floats, value: Floats, bucket: Ints) -> BucketSums:
    sums = np.zeros((2, BUCKETS, len(channels)))
    for total, amounts in zip(sums, (conversions, value), strict=True):
        np.add.at(total, bucket, amounts)
    return BucketSums(channels=channels, conversions=sums[0].T, value=sums[1].T, days=90)


def _performed(model: str, channels: tuple[str, ...], conversions: Floats, value: Floats) -> pl.DataFrame:
    named = {"model": model, "currency": "EUR", "cost": None, "roas": None, "cpa": None}
    frame = pl.DataFrame({"channel": channels, "conversions": conversions, "value": value})
    return CHANNEL_PERFORMANCE.conform(
        frame.with_columns(day=pl.lit("2026-01-01").str.to_date(), **{name: pl.lit(it) for name, it in named.items()})
    ).drop("day")


def held(found: pl.DataFrame, due: pl.DataFrame) -> pl.DataFrame:
    """model, channel, metric, bands, held, held_all: of all samples, how many bands hold the mean of the figures, and how many that of all users."""
    keys = ["model", "channel", "metric"]
    judged = found.join(due, on=keys).with_columns(expected=pl.col("estimate").mean().over(keys))
    within = {name: pl.col(figure).is_between("low", "high").sum() for name, figure in (("held", "expected"), ("held_all", "truth"))}
    return judged.group_by(keys).agg(pl.len().alias("bands"), **within)


def table(counts: pl.DataFrame) -> str:
    """A row per model: over all channels, how many of each metric's bands held what they were to hold."""
    lines = []
    for model in [name for name in MODELS if name in set(counts["model"])]:
        mine = counts.filter(model=model)
        cells = [_rate(mine.filter(metric=metric), "held") for metric in METRICS]
        rates = mine.with_columns(rate=pl.col("held") / pl.col("bands"))
        far = rates.row((rates["rate"] - LEVEL).abs().arg_max() or 0, named=True)
        whole = _rate(mine.filter(pl.col("metric") != "effect"), "held_all")
        lines.append([f"`{model}`", *cells, f"{far['rate']:.1%} ({far['metric']}, {far['channel']})", whole])
    return markdown_table(["model", *METRICS, "furthest from 90 %", "figure of all users"], lines)


def _rate(counts: pl.DataFrame, held_: str) -> str:
    return f"{counts[held_].sum() / counts['bands'].sum():.1%}" if counts.height else ""


def write(text: str) -> None:
    """Put the text between the page's marks."""
    start, end = "<!-- table: make coverage -->", "<!-- end of table -->"
    before, _, rest = PAGE.read_text().partition(start)
    PAGE.write_text(f"{before}{start}\n\n{text}\n\n{end}{rest.partition(end)[2]}")


def main() -> None:
    """Draw, judge, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--print", action="store_true", help="print the table and leave the page alone")
    asked = parser.parse_args()
    world = everybody(simulate_world(WORLD, users=USERS, seed=1))
    chance = SAMPLE / USERS
    found = pl.concat(sampled(world, chance, seed) for seed in range(asked.draws))
    text = page(asked.draws, held(found, truth(world, chance)))
    print(text)
    if not asked.print:
        write(text)


def page(draws: int, counts: pl.DataFrame) -> str:
    """What the documentation says."""
    return (
        f"{draws} samples of about {SAMPLE:,} of the {USERS:,} users of `{WORLD}`; how many bands of {LEVEL:.0%} hold the mean\n"
        f"figure of all samples; in the last column, of conversions, value and share, that of all {USERS:,} users.\n\n{table(counts)}"
    )


if __name__ == "__main__":
    main()
