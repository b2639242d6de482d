"""What the hazard of conversions would be without each channel, and which figures it rests on. Nothing is fitted here."""

import numpy as np
import polars as pl

from mta_assets.contracts.arrays import Bools, Floats
from mta_assets.models.hazard.periods import figures_at
from mta_assets.models.histories.timeline import NEVER, Moments, Singles, Timeline, some
from mta_assets.models.histories.trees import Chance

MOST_CONVERSIONS = 40_000  # that are asked what they would be without each channel
MOST_EXPLAINED = 4_000  # of them whose log-odds are taken apart, which takes as long as learning


def at_conversions(timeline: Timeline, most: int, rng: np.random.Generator) -> Singles:
    """(conversions, figures) at conversions of the window, or at so many of them, drawn by lot."""
    moments: Moments = timeline.moments(some(timeline.conversions, most, rng))
    return figures_at(timeline, moments, np.zeros(len(moments), dtype=np.int64))


def removal_effects(hazard: Chance, timeline: Timeline, figures: Singles) -> Floats:
    """(channels,) conversions of the window that would not have been there without the channel's touches, each channel alone.

    At each conversion the hazard is that of its moment; the part that goes when the channel's touches are taken out of the history is lost. figures: of
    `at_conversions`, which stand for all conversions of the window.
    """
    with_all = hazard.of(figures)
    lost = np.zeros(len(timeline.touches))
    for channel in range(len(lost)):
        own = timeline.figures_of(channel)
        touched = _touched(figures, own)
        without = figures[touched]
        without[:, own] = NEVER
        left = np.divide(hazard.of(without), with_all[touched], out=np.ones(len(without)), where=with_all[touched] > 0)
        lost[channel] = np.clip(1.0 - left, 0.0, None).sum()
    return lost * (len(timeline.conversions) / max(len(figures), 1))


def contributions(hazard: Chance, timeline: Timeline, channels: tuple[str, ...], figures: Singles) -> pl.DataFrame:
    """What each channel's figures add to the log-odds of the conversions: a row per channel, as the contract of contributions without the day."""
    by_figure = hazard.contributions(figures)
    by_channel = [by_figure[:, timeline.figures_of(channel)].sum(axis=1) for channel in range(len(channels))]
    others = by_figure[:, len(channels) * len(NEVER) : -1].sum(axis=1)
    return pl.DataFrame(
        {
            "channel": pl.Series(channels, dtype=pl.String),
            "touched": [_mean(_touched(figures, timeline.figures_of(channel))) for channel in range(len(channels))],
            "contribution": [_mean(each) for each in by_channel],
            "absolute": [_mean(np.abs(each)) for each in by_channel],
            "others": [_mean(others)] * len(channels),
            "expected": [_mean(by_figure[:, -1])] * len(channels),
        },
        schema_overrides=dict.fromkeys(("touched", "contribution", "absolute", "others", "expected"), pl.Float64),
    )


def _touched(figures: Singles, own: slice) -> Bools:
    """(rows,) whether the channel of these figures touched at all: then it is known how long ago, their last."""
    return np.asarray(figures[:, own.stop - 1] >= 0)


def _mean(amounts: Bools | Floats) -> float:
    return float(amounts.mean()) if len(amounts) else 0.0
