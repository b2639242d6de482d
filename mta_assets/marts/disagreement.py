"""Where models disagree about a channel, why, and the cheapest experiment that would settle it: numbers and rules in, words out. Pure.

The rules, which docs/truth.md explains:
- agree: the least and the most that a model gives the channel are close (`claims.SMALL_SHARE`, `SMALL_PART`).
- too few conversions: their bands touch, or too few users stand behind the figures.
- disagree: otherwise. Then *closer* (*opener*): journeys that it ends (begins) less those that it begins (ends) make at least half of the gap, which is
  what a model can gain by paying the last touch instead of the first. *counting*: that makes less than half, so that most of it comes of what is counted.
- *hidden targeting* suspected, whatever the verdict: its touches go with intent that the history does not show, as the increments measure it.
"""

from dataclasses import dataclass

import polars as pl

from mta_assets.config_advice import AdviceConfig
from mta_assets.contracts.advice import AGREE, DISAGREE, UNKNOWN, UNSURE
from mta_assets.marts.claims import Extremes
from mta_assets.marts.power import MOST_HELD_OUT, Design, Question, cheapest, days_needed

CLOSER, OPENER, COUNTING, TARGETING = "closer", "opener", "counting", "hidden targeting"
HALF = 0.5
FEWEST_DAYS = 7  # of fewer nobody knows what a usual day brings


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a channel stands in the conversions that it is in; see `openers`."""

    reached: float
    first_share: float
    last_share: float
    alone_share: float
    end_less_start: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What there is to know of the conversions in one currency. all_conversions: those without consent not.

    days: that they came from, None without; dispersion: see `marts/channel_advice`, None when nobody knows whose conversions they are.
    """

    all_conversions: float
    days: int | None
    dispersion: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """verdict, reasons and why, as of `marts/channel_advice`."""

    verdict: str
    reasons: tuple[str, ...]
    why: str


def judged(found: Extremes | None, place: Place | None, intent: float | None) -> Verdict:
    """What to say of a channel. found: None with fewer than two models; intent: see `contracts/increments`, None unless it is above what is suspicious."""
    if found is None:
        return Verdict(verdict=UNKNOWN, reasons=(), why="There is one model only, and nothing to compare it with.")
    suspected, targeting = _targeting(intent)
    low, high = found.lowest, found.highest
    between = f"{low.model} gives it {_percent(low.share)} of conversions, {high.model} {_percent(high.share)}"
    if found.small:
        return Verdict(verdict=AGREE, reasons=suspected, why=f"{between}.{targeting}")
    if found.unknown:
        return Verdict(verdict=UNKNOWN, reasons=suspected, why=f"{between}; whether by chance cannot be said: {found.unknown}.{targeting}")
    if not found.apart:
        return Verdict(verdict=UNSURE, reasons=suspected, why=f"{between}, and other users might have turned it round.{targeting}")
    reason, words = _reason(found, place)
    return Verdict(verdict=DISAGREE, reasons=(*([reason] if reason else []), *suspected), why=f"{between}. {words}{targeting}")


def experiment(found: Extremes, facts: Facts, settings: AdviceConfig, *, switchable: bool) -> Design | str:
    """The cheapest experiment that tells the least from the most, or why none can be proposed. found: of a channel about which models disagree."""
    if not switchable:
        return "people come by it themselves, so that it cannot be switched off for some of them"
    if facts.days is None:
        return "the input has no days, so that nobody knows how many conversions a day brings"
    if facts.days < FEWEST_DAYS:
        return f"the conversions are of {facts.days} days; it takes {FEWEST_DAYS} to know what a day brings"
    if facts.dispersion is None:
        return "nobody knows whose conversions they are, and hence how much they vary"
    rate = facts.all_conversions / facts.days
    question = Question(
        rate=rate,
        low=rate * found.lowest.share,
        high=rate * found.highest.share,
        dispersion=facts.dispersion,
        alpha=settings.alpha,
        power=settings.power,
    )
    design = cheapest(question, settings.most_days)
    return (
        design
        or f"even with half of the users held out it takes {days_needed(question, MOST_HELD_OUT):,.0f} days, more than {settings.most_days}"
    )


def _reason(found: Extremes, place: Place | None) -> tuple[str | None, str]:
    if place is None:
        return None, "Why cannot be said: it is not known where the channel stands in journeys."
    where = (
        f"Of its {place.reached:,.0f} conversions it ends {_percent(place.last_share)}, begins {_percent(place.first_share)}, and is alone in "
        f"{_percent(place.alone_share)}"
    )
    if abs(place.end_less_start) < HALF * found.gap:
        return COUNTING, f"{where}, which explains less than half of the gap: the two models count different things."
    if place.end_less_start > 0:
        return CLOSER, f"{where}: models that pay the end of a journey pay it more."
    return OPENER, f"{where}: models that pay the beginning of a journey pay it more."


def _targeting(intent: float | None) -> tuple[tuple[str, ...], str]:
    if intent is None:
        return (), ""
    words = f" Hidden targeting is suspected: more unpaid visits surround its touches than history foretells, {intent:.1f} times the excess around unpaid ones."
    return (TARGETING,), words


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.1 or share == 0 else f"{share:.1%}"


def places(openers: pl.DataFrame) -> dict[str, Place]:
    """Channel -> its place, of rows as `openers.openers` gives them."""
    return {row.pop("channel"): Place(**row) for row in openers.to_dicts()}
