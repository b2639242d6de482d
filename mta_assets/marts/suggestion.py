"""Which model to take for these data: the one that can be the least far from the truth, by the scorecard and by chance together. Pure.

A model's *distance* is that of the simulated world that suits it least, for nobody knows which world these data are like. *By chance* is how far its credit
lies from that of all such users, as its bands say: half the sum over channels of the mean error of a share. Their sum is the most that credit can be expected
to lie with the wrong channel. docs/truth.md explains it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from mta_assets.marts.bands import TOO_FEW
from mta_assets.marts.claims import NO_CHANNEL
from mta_assets.marts.known_distances import KNOWN

MEAN_ERROR = math.sqrt(2 / math.pi)  # of a normal error, in standard errors
ALIKE = 0.02  # of credit: models that are no farther apart than that say the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """One model, as `marts/model_advice` has it."""

    model: str
    suggested: bool
    distance: float | None
    world: str | None
    by_chance: float | None
    reason: str

    @property
    def total(self) -> float | None:
        """The most that credit can be expected to lie with the wrong channel; None of a model that is not on the scorecard."""
        return None if self.distance is None else self.distance + (self.by_chance or 0.0)


def suggestions(shares: pl.DataFrame, farthest: float, refused: Mapping[str, str]) -> list[Suggestion]:
    """Every model of the shares, in their order, then those that were refused and why. At most one is suggested.

    shares: `marts/bands` rows of the metric share, in one currency; farthest: how much credit two of the models put on different channels at most.
    """
    found = [_measured(str(model), own) for (model,), own in shares.group_by("model", maintain_order=True)]
    able = [each for each in found if each.total is not None and each.model not in refused]
    why_none = _none(shares, able)
    best = min(able, key=_rank) if able and why_none is None else None
    told = [_told(each, best, why_none, able, farthest, refused) for each in found]
    absent = [name for name in refused if name not in {each.model for each in found}]
    return [*told, *(_refused(name, refused[name]) for name in absent)]


def _measured(model: str, own: pl.DataFrame) -> Suggestion:
    known = KNOWN.get(model)
    world, distance = known.worst if known else (None, None)
    return Suggestion(model=model, suggested=False, distance=distance, world=world, by_chance=_by_chance(own), reason="")


def _by_chance(own: pl.DataFrame) -> float | None:
    """None when no share has a band. A share that has none for want of users is taken to be off by all that it is."""
    earned = own.filter(~pl.col("channel").is_in(list(NO_CHANNEL)))
    if not earned["standard_error"].count():
        return None
    error = pl.coalesce(pl.col("standard_error") * MEAN_ERROR, pl.col("estimate"))
    return float(earned.select(error.sum() / 2).item())


def _none(shares: pl.DataFrame, able: Sequence[Suggestion]) -> str | None:
    """Why no model is suggested; None when one is."""
    channels = shares.filter(~pl.col("channel").is_in(list(NO_CHANNEL)))
    if channels["channel"].n_unique() < 2:
        return "with fewer than two channels every model says the same"
    if channels["reason"].null_count() == 0 and channels["reason"].str.starts_with(TOO_FEW).all():
        return "too few users stand behind every figure for any model to say anything"
    return None if able else "none of the models is on the scorecard"


def _told(
    each: Suggestion,
    best: Suggestion | None,
    why_none: str | None,
    able: Sequence[Suggestion],
    farthest: float,
    refused: Mapping[str, str],
) -> Suggestion:
    if each.model in refused:
        return _refused(each.model, refused[each.model])
    if best is None:
        return _with(each, suggested=False, reason=f"not suggested: {why_none}")
    if each.total is None:
        return _with(
            each, suggested=False, reason="not suggested: it is not on the scorecard, so that nobody knows how far from the truth it can be"
        )
    figures = _figures(each)
    if each.model != best.model:
        return _with(each, suggested=False, reason=f"not suggested: {figures}, which is more than with {best.model}")
    return _with(
        each, suggested=True, reason=f"suggested: {figures}: together the least of {len(able)} models.{_so_what(best, able, farthest)}"
    )


def _figures(each: Suggestion) -> str:
    chance = "how much chance moves is not known" if each.by_chance is None else f"chance moves {each.by_chance:.1%} here"
    return (
        f"in the simulated world that suits it least ({each.world}) {each.distance:.1%} of credit was with the wrong channel, and {chance}"
    )


def _so_what(best: Suggestion, able: Sequence[Suggestion], farthest: float) -> str:
    if farthest <= ALIKE:
        return f" It hardly matters: any two models put {farthest:.1%} of credit on different channels at the most."
    others = [each for each in able if each.model != best.model]
    if not others:
        return ""
    second = min(others, key=_rank)
    more = (second.total or 0.0) - (best.total or 0.0)
    return f" {second.model} follows with {more:.1%} more: what separates models is small beside how far each is from the truth."


def _refused(model: str, reason: str) -> Suggestion:
    return Suggestion(model=model, suggested=False, distance=None, world=None, by_chance=None, reason=f"not suggested: {reason}")


def _rank(each: Suggestion) -> tuple[float, str]:
    return each.total or 0.0, each.model


def _with(each: Suggestion, *, suggested: bool, reason: str) -> Suggestion:
    return Suggestion(
        model=each.model, suggested=suggested, distance=each.distance, world=each.world, by_chance=each.by_chance, reason=reason
    )
