"""What cannot be estimated, and why: of a whole window, and of one channel. A sentence or None; no number is made here."""

from mta_assets.models.incremental.roles import PULLED
from mta_assets.models.incremental.timeline import SECONDS_PER_DAY, Timeline

# Of a window. A channel brings a few per cent of the conversions: of a thousand, that is as many as chance makes of none.
LEAST_CONVERSIONS = 1_000
LEAST_DAYS = 28  # with less, most touches are followed by less than half of the horizon
LEAST_CONVERSION_DAYS = 14
# Of a channel. The jackknife leaves out 64 buckets of users, and each should hold some.
LEAST_USERS = 200
LEAST_OVERLAP = 0.05
LEAST_VISITS = 1_000  # unpaid ones, that trees can be fitted to


def of_window(timeline: Timeline) -> str | None:
    """Why nothing can be said of this window, with what to do; None when something can."""
    if not any(len(touches) for touches in timeline.touches):
        return "there are conversions only, and no touch; send the touchpoints as well"
    conversions, days = len(timeline.conversions), timeline.end / SECONDS_PER_DAY
    if conversions < LEAST_CONVERSIONS:
        return f"in {conversions:,} conversions an effect cannot be told from chance; it takes {LEAST_CONVERSIONS:,} at least"
    if days < LEAST_DAYS:
        return (
            f"the events span {days:.0f} days, and what comes before and after a touch must be known; it takes {LEAST_DAYS} days at least"
        )
    if timeline.conversion_days < LEAST_CONVERSION_DAYS:
        return (
            f"the conversions fall on {timeline.conversion_days} day(s) only, so that nobody can tell what came before them from what came after; "
            f"it takes {LEAST_CONVERSION_DAYS} days with conversions: send the time at which each happened"
        )
    return None


def of_channel(role: str, users: int, overlap: float, visits: int) -> str | None:
    """Why nothing can be said of a channel. users: who were touched; overlap: as in the contract; visits: unpaid ones, of all channels."""
    if users < LEAST_USERS:
        return f"touched {users:,} user(s) only; it takes {LEAST_USERS:,} to tell an effect from chance"
    if overlap < LEAST_OVERLAP:
        return f"hardly a moment is without its touches ({1 - overlap:.0%} have one within a day), so that there is nothing to compare them with"
    if role == PULLED and visits < LEAST_VISITS:
        return f"people come by it of themselves, and there are {visits:,} organic and direct visits to compare it with; it takes {LEAST_VISITS:,}"
    return None
