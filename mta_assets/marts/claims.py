"""What each model says of each channel's share of conversions, and whether two of them differ by more than chance. Pure; why they do is in `disagreement`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from mta_assets.contracts.increments import BASELINE, NOT_ESTIMATED
from mta_assets.contracts.tables import APART
from mta_assets.marts.bands import TOO_FEW

# Models agree about a channel when they are apart by no more than a hundredth of all conversions, or a tenth of the most that one gives it: no budget
# is moved for less.
SMALL_SHARE, SMALL_PART = 0.01, 0.1
NO_CHANNEL = (*APART, BASELINE, NOT_ESTIMATED)  # where conversions are that no channel is credited with
# Users who fill fewer than the 10 buckets of 64 that a band takes are no more than these, 95 times of 100: 17 fill 15 on average.
MOST_UNSEEN = 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One model on one channel. share: of conversions, 0 to 1; low, high: its band, None without one; reason: why there is none.

    bound: the most that it can be; of a figure that has no band because too few users stand behind it, by how few they are. None when nobody knows.
    """

    model: str
    share: float
    low: float | None
    high: float | None
    reason: str | None
    bound: float | None

    @property
    def too_few(self) -> bool:
        """Whether it has no band because too few users stand behind it."""
        return self.reason is not None and self.reason.startswith(TOO_FEW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extremes:
    """The models that give a channel the least and the most, of those of which it is known how sure they are; of all, when that is so of fewer than two."""

    lowest: Claim
    highest: Claim

    @property
    def gap(self) -> float:
        """Share of conversions between them."""
        return self.highest.share - self.lowest.share

    @property
    def small(self) -> bool:
        """Whether they are so close that it does not matter."""
        return self.gap <= max(SMALL_SHARE, SMALL_PART * self.highest.share)

    @property
    def apart(self) -> bool:
        """Whether they differ by more than chance: their bands do not touch."""
        return self.lowest.bound is not None and self.highest.low is not None and self.lowest.bound < self.highest.low

    @property
    def unknown(self) -> str | None:
        """Why nobody can tell whether they differ by chance; None when one can, or when it is that too few users stand behind them."""
        return next((each.reason for each in (self.highest, self.lowest) if each.low is None and not each.too_few), None)


def claims(shares: pl.DataFrame, conversions: float) -> dict[str, list[Claim]]:
    """Channel -> what each model says, in the order of the models. A model that has no row of a channel gives it nothing.

    shares: `marts/bands` rows of the metric share, in one currency, of which `conversions` are all.
    """
    models = shares["model"].unique(maintain_order=True).to_list()
    unseen = MOST_UNSEEN / conversions if conversions else 0.0
    found: dict[str, dict[str, Claim]] = {}
    for model, channel, share, low, high, reason in shares.select("model", "channel", "estimate", "low", "high", "reason").iter_rows():
        if channel not in NO_CHANNEL:
            own = found.setdefault(channel, {})
            bound = high if reason is None else share + unseen if reason.startswith(TOO_FEW) else None
            own[model] = Claim(model=model, share=share, low=low, high=high, reason=reason, bound=bound)
    return {channel: [own.get(model) or _nothing(model, unseen) for model in models] for channel, own in found.items()}


def extremes(said: Sequence[Claim]) -> Extremes | None:
    """The least and the most; None when there are no two models."""
    if len(said) < 2:
        return None
    known = [each for each in said if each.bound is not None]
    judged = known if len(known) > 1 else said
    return Extremes(lowest=min(judged, key=_rank), highest=max(judged, key=_rank))


def farthest(said: Mapping[str, Sequence[Claim]]) -> float:
    """How much credit two models put on different channels at most, 0 to 1: half the sum of the differences of their shares."""
    by_model: dict[str, dict[str, float]] = {}
    for channel, each in said.items():
        for claim in each:
            by_model.setdefault(claim.model, {})[channel] = claim.share
    pairs = [(one, other) for one in by_model.values() for other in by_model.values()]
    return max((sum(abs(one[channel] - other[channel]) for channel in said) / 2 for one, other in pairs), default=0.0)


def _rank(claim: Claim) -> tuple[float, str]:
    """By the name where shares are equal, so that the order of the models decides nothing."""
    return claim.share, claim.model


def _nothing(model: str, unseen: float) -> Claim:
    return Claim(model=model, share=0.0, low=None, high=None, reason=f"{TOO_FEW}: it credits the channel nothing", bound=unseen)
