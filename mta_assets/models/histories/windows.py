"""The events of a window, or why nothing can be learned of them. No number is made here."""

from mta_assets.contracts.arrays import Histories, Statistics
from mta_assets.errors import UnavailableError
from mta_assets.models.histories.timeline import SECONDS_PER_DAY, Timeline

# A channel brings a few per cent of the conversions: of a thousand, that is as many as chance makes of none.
LEAST_CONVERSIONS = 1_000
LEAST_DAYS = 28  # with less, most touches are followed by less than half of the horizon
LEAST_CONVERSION_DAYS = 14


def histories_of(statistics: Statistics, title: str) -> Histories:
    """The events of the statistics. Raises UnavailableError, in the name of the model of this title, where there are only journeys."""
    if statistics.histories is None:
        raise UnavailableError(
            f"{title} looks at what happened to users before and after each touch; send events rather than journeys or a path table."
        )
    return statistics.histories


def too_little(timeline: Timeline) -> str | None:
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
