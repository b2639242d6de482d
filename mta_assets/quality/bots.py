"""Users whose touches of a day are like a bot's: too many of them, or too many at once. Pure: core rows in, `core/bots` out."""

import numpy as np
import polars as pl

from mta_assets.config_checks import BotsConfig
from mta_assets.contracts.arrays import Bools, Ints
from mta_assets.contracts.profiles import BOTS
from mta_assets.quality.daily import Judged, Off, amount
from mta_assets.quality.history import History, by_part


def bots(touchpoints: pl.DataFrame, config: BotsConfig) -> pl.DataFrame:
    """`core/bots` of the days of these touches, which are sorted by day and, within it, by bucket, user and time. A user is judged by each day alone."""
    if touchpoints.is_empty():
        return BOTS.empty()
    day, user, ts = (touchpoints[name].to_physical().to_numpy() for name in ("day", "user", "ts"))
    first = np.flatnonzero(np.concatenate([[True], (user[1:] != user[:-1]) | (day[1:] != day[:-1])]))
    touches = np.diff(first, append=len(user))
    many = touches >= config.touches_per_day
    flagged = np.flatnonzero(many | _hasty(ts, first, touches, config))
    too_many = f"{config.touches_per_day} touches or more on the day"
    too_quick = f"{config.burst_touches} touches or more within {config.burst_seconds:g} s"
    reason = pl.Series("reason", np.where(many[flagged], too_many, too_quick), dtype=pl.String)
    rows = touchpoints.select("day", "bucket", "user")[first[flagged]]
    return BOTS.conform(rows.with_columns(touches=pl.Series(touches[flagged]), reason=reason)).sort("day", "user")


def bot_like(history: History, day: int, min_change: float) -> Judged:
    """Users of the day who are like bots, and what is left without them. min_change: their share of the day's touches."""
    flagged, touches, theirs = (history.series(name).over(by_part) for name in ("bots", "touches", "bot_touches"))
    users, before = (float(np.nansum(series.amount[day])) for series in (flagged, touches))
    after = before - float(np.nansum(theirs.amount[day]))
    if not users or before - after < min_change * before:
        return Judged(subjects=int(before > 0))
    by_channel = np.nan_to_num(theirs.amount[day])
    worst = int(by_channel.argmax())
    channel = theirs.subjects[worst][1]
    all_of_it = float(np.nansum(touches.of([("", channel)])[day]))
    left = f"{amount(all_of_it - by_channel[worst])} of {amount(all_of_it)} in {channel}"
    off = Off(
        subject=f"{amount(users)} users like bots",
        about="users like bots",
        found=f"{amount(before)} touches with them, {amount(after)} without ({left})",
        usual="none",
        score=before - after,
    )
    return Judged(subjects=1, off=[off])


def without(touchpoints: pl.LazyFrame, flagged: pl.LazyFrame) -> pl.LazyFrame:
    """The touches (with `day` and `user`) of everybody but these users on these days, in their order."""
    return touchpoints.join(flagged.select("day", "user"), on=["day", "user"], how="anti", maintain_order="left")


def _hasty(ts: Ints, first: Ints, touches: Ints, config: BotsConfig) -> Bools:
    """(user-days,) whether `burst_touches` of one lie within `burst_seconds`."""
    span, found = config.burst_touches - 1, np.zeros(len(first), dtype=np.bool_)
    quick = np.flatnonzero(ts[span:] - ts[: max(len(ts) - span, 0)] <= config.burst_seconds * 1_000_000)
    owner = np.searchsorted(first, quick, side="right") - 1
    found[owner[quick + span < first[owner] + touches[owner]]] = True  # both ends are the same user's on the same day
    return found
