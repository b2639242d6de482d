"""Advice on one window: what each model's shares, where channels stand in journeys and what they cost come to. Pure: frames in, frames out.

The rules are in `disagreement` and `suggestion`, the size of experiments in `power`.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property

import polars as pl

from mta_assets.config_advice import AdviceConfig
from mta_assets.contracts.advice import CHANNEL_ADVICE, DISAGREE, MODEL_ADVICE
from mta_assets.marts.claims import Claim, claims, extremes, farthest
from mta_assets.marts.disagreement import Facts, Place, experiment, judged, places
from mta_assets.marts.measured import doubt, suspicious, with_errors
from mta_assets.marts.power import Design
from mta_assets.marts.suggestion import suggestions

# Channels of the default rules to which people come by themselves; nobody can leave them out, unless money is spent on them after all.
UNPAID = frozenset({"direct", "(direct)", "referral", "organic", "organic search", "organic social", "organic video", "organic shopping"})
NOT_ADDITIVE = "its credit does not add up to the conversions, so that its shares are none"
LIMITS = (
    "Models share out the conversions that happened, and most of them never ask which would have happened anyway. On simulated worlds these credit paid "
    "channels with more than they caused (docs/scorecard.md).",
    "That models agree does not make them right: they can all be wrong in the same way.",
    "An experiment answers for its channel, its days and its spend. What the channel did before goes on working for a while among those held out, so that the "
    "first days show too little. Where a platform cannot leave out users, regions do, which takes more of them: regions differ by more than chance.",
)
TARGETED = (
    "Where hidden targeting is suspected, models that do not allow for it give the channel too much. A channel that is shown to recent visitors on purpose, as "
    "retargeting is, looks the same."
)
NO_INCREMENTS = (
    "Whether ads go to people who would have bought anyway (hidden targeting) cannot be judged from journeys; the model `incremental` does."
)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What advice is made of, of one window.

    bands: `marts/bands` rows of additive models, those of the metric share. costs: channel, currency, cost. openers: as `openers.openers` gives them.
    facts: by currency. refused: model -> why it is not to be taken. increments: model -> `INCREMENTS` rows, but for the day, of models that estimate them.
    """

    bands: pl.DataFrame
    costs: pl.DataFrame
    openers: pl.DataFrame
    facts: Mapping[str, Facts]
    refused: Mapping[str, str]
    increments: Mapping[str, pl.DataFrame] = field(default_factory=dict)

    @cached_property
    def doubts(self) -> Mapping[str, str]:
        """Model -> why its increments are not to be trusted."""
        return {model: reason for model, rows in self.increments.items() if (reason := doubt(rows))}

    @property
    def trusted(self) -> Mapping[str, pl.DataFrame]:
        """The increments that can be."""
        return {model: rows for model, rows in self.increments.items() if model not in self.doubts}

    @cached_property
    def shares(self) -> pl.DataFrame:
        """The rows of the metric share, of models that can be compared and trusted; those of increments have the bands of their errors."""
        shares = self.bands.filter(pl.col("metric") == "share", ~pl.col("model").is_in([*self.refused, *self.doubts]))
        total = sum(facts.all_conversions for facts in self.facts.values())
        for model, rows in self.trusted.items():
            shares = with_errors(shares, model, rows, total)
        return shares


@dataclass(frozen=True, kw_only=True)
class Advice:
    """channels: `marts/channel_advice`, models: `marts/model_advice` rows, both but for the day."""

    channels: pl.DataFrame
    models: pl.DataFrame


def advise(evidence: Evidence, settings: AdviceConfig) -> Advice:
    """What to say of each channel in each currency, and of each model in the one with most conversions."""
    shares = evidence.shares
    rows = [row for currency in evidence.facts for row in _channels(shares.filter(currency=currency), currency, evidence, settings)]
    currency = main_currency(evidence.facts)
    main = shares.filter(currency=currency or "")
    spread = farthest(claims(main, evidence.facts[currency].all_conversions)) if currency else 0.0
    found = suggestions(main, spread, {**evidence.refused, **evidence.doubts})
    return Advice(channels=_frame(rows, CHANNEL_ADVICE.schema), models=_frame([asdict(each) for each in found], MODEL_ADVICE.schema))


def main_currency(facts: Mapping[str, Facts]) -> str | None:
    """The currency with most conversions; None without any."""
    return max(facts, key=lambda code: (facts[code].all_conversions, code), default=None)


def main_currency_of(channels: pl.DataFrame) -> str | None:
    """The same of `marts/channel_advice` rows."""
    ranked = channels.select("all_conversions", "currency").sort("all_conversions", "currency", descending=True)
    return ranked["currency"][0] if ranked.height else None


def largest(channels: pl.DataFrame) -> tuple[dict[str, object] | None, dict[str, object] | None]:
    """(The channel about which models disagree most, the one among those for which an experiment is proposed), as rows of one currency; None without."""
    ranked = (
        channels.filter(verdict=DISAGREE)
        .with_columns(gap=pl.col("highest_share") - pl.col("lowest_share"))
        .sort("gap", "channel", descending=[True, False])
    )
    settled = ranked.filter(pl.col("no_experiment").is_null())
    first, found = (frame.row(0, named=True) if frame.height else None for frame in (ranked, settled))
    return first, found


def _channels(shares: pl.DataFrame, currency: str, evidence: Evidence, settings: AdviceConfig) -> list[dict[str, object]]:
    facts = evidence.facts[currency]
    said = claims(shares, facts.all_conversions)
    costs = dict(evidence.costs.filter(currency=currency).select("channel", "cost").iter_rows())
    intents = {channel: intent for rows in evidence.trusted.values() for channel, intent in suspicious(rows).items()}
    unpaid = {channel for rows in evidence.increments.values() for channel in rows.filter(role="unpaid")["channel"]}
    return [
        {"channel": channel, "currency": currency, "cost": costs.get(channel)}
        | asdict(facts)
        | _row(
            said[channel],
            places(evidence.openers).get(channel),
            facts,
            settings,
            intents.get(channel),
            switchable=_switchable(channel, costs, unpaid),
        )
        for channel in sorted(said)
    ]


def _row(
    said: list[Claim], place: Place | None, facts: Facts, settings: AdviceConfig, intent: float | None, *, switchable: bool
) -> dict[str, object]:
    found = extremes(said)
    verdict = judged(found, place, intent)
    row = (asdict(place) if place else {}) | asdict(verdict)
    if found is None:
        return row | {"no_experiment": "there is nothing to tell apart"}
    row |= {f"{end}_{name}": getattr(getattr(found, end), name) for end in ("lowest", "highest") for name in ("model", "share")}
    if verdict.verdict != DISAGREE:
        return row | {"no_experiment": "the models do not surely disagree about it"}
    return row | _designed(experiment(found, facts, settings, switchable=switchable), settings.alpha)


def _designed(design: Design | str, alpha: float) -> dict[str, object]:
    if isinstance(design, str):
        return {"no_experiment": design}
    return {
        "held_out": design.held_out,
        "experiment_days": design.days,
        "power": design.power,
        "alpha": alpha,
        "foregone": design.foregone,
        "no_experiment": None,
    }


def _switchable(channel: str, costs: Mapping[str, object], unpaid: Collection[str]) -> bool:
    """Whether it can be switched off for some users: what money is spent on, and what does not come by itself. unpaid: channels known to."""
    return bool(costs.get(channel)) or (channel not in unpaid and channel.lower() not in UNPAID)


def _frame(rows: list[dict[str, object]], schema: pl.Schema) -> pl.DataFrame:
    columns = {name: dtype for name, dtype in schema.items() if name != "day"}
    return pl.DataFrame([{name: row.get(name) for name in columns} for row in rows], schema=columns)
