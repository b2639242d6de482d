"""Every check of data, in the order in which they are told. A check is an entry here and a function beside it; assets and docs follow."""

from mta_assets.contracts.profiles import BOTS, SHARES_DAILY
from mta_assets.contracts.tables import CONVERSIONS, JOURNEYS, SPEND, TOUCHPOINTS
from mta_assets.quality.agreement import FEWEST_CONVERSIONS, share_moves
from mta_assets.quality.bots import bot_like
from mta_assets.quality.control import ControlCheck
from mta_assets.quality.daily import DailyCheck
from mta_assets.quality.drift import FEWEST_JOURNEYS, journey_drift
from mta_assets.quality.intake import AT_ONCE_SHARE, FEWEST_FILES, IntakeCheck
from mta_assets.quality.money import FEWEST_NEW as FEWEST_IN_CURRENCY
from mta_assets.quality.money import LOOK_BACK_DAYS, OUTLIER_SPREADS, currency_mix, value_outliers
from mta_assets.quality.proportions import (
    FEWEST_OF,
    conversions_without_touches,
    repeated_touches,
    unassigned_share,
    unattributed_share,
    unmatched_touches,
)
from mta_assets.quality.rhythm import clock_skew, future_events
from mta_assets.quality.spending import FEWEST_TOUCHES, spend_without_touches, touches_without_spend
from mta_assets.quality.volume import FEWEST_NEW, FEWEST_ROWS, QUIET_DAYS, channels, volume

SHARE, PART = "points of share", "part of what is usual"
_KNOWN = "A change that was meant: name it under checks.known_changes in mta.yaml."

INTAKE_CHECKS: tuple[IntakeCheck, ...] = (
    IntakeCheck(
        name="quarantine_share",
        column="quarantined",
        at_once=AT_ONCE_SHARE,
        min_change=0.02,
        fires=(
            "The share of rows refused in a source's new files is above that of its files before by more than usual and by at least `min_change`; or, with "
            f"fewer than {FEWEST_FILES} files before, above {AT_ONCE_SHARE:.0%}; or a file cannot be read."
        ),
        remedy=(
            "Look at the reasons in staged/quarantine (`mta status` sums them up): a changed format or column is mended under sources in mta.yaml; else ask "
            "the sender for the file again. A corrected file of the same name replaces the first."
        ),
    ),
    IntakeCheck(
        name="duplicate_share",
        column="duplicates",
        at_once=None,
        min_change=0.05,
        fires=(
            "The share of rows in a source's new files that the lake already held is above that of its files before by more than usual and by at least "
            f"`min_change`. It needs {FEWEST_FILES} files before."
        ),
        remedy=(
            "Nothing is counted twice. See whether the export now overlaps with the day before, or whether a file was sent again under another name; if rows "
            "are missing in its place, ask for the right file."
        ),
    ),
)

EVENT_CHECKS: tuple[DailyCheck, ...] = (
    DailyCheck(
        name="volume",
        table=TOUCHPOINTS,
        fires=(
            "The touches, conversions or cost of a source, or of one of its channels or goals, differ from the median of the same weekday by more than "
            f"usual and by at least `min_change`. Fewer than {FEWEST_ROWS} rows on both sides count as nothing."
        ),
        remedy=(
            "Far fewer: see whether the source's files are all there and whole, then ask who runs its tag or export. Twice as many: a tag that fires twice, "
            f"or a file under two names. {_KNOWN}"
        ),
        min_change=0.25,
        change=PART,
        judge=volume,
    ),
    DailyCheck(
        name="channels",
        table=TOUCHPOINTS,
        fires=(
            f"A channel has {FEWEST_NEW} touches or more on a day after {QUIET_DAYS} days without any; or none came of a channel since more touches were due "
            "than chance explains."
        ),
        remedy=(
            "One vanished while another appeared: a source or campaign was renamed; add a rule under channels.rules in mta.yaml. Vanished alone: ask whether "
            "its campaigns were stopped, else look at its tracking. Appeared alone: see whether it is meant, and has spend."
        ),
        judge=channels,
    ),
    DailyCheck(
        name="unassigned_share",
        table=TOUCHPOINTS,
        fires=f"The share of a source's touches that no channel rule knows rose by more than usual and by at least `min_change`, of {FEWEST_OF} or more.",
        remedy="Look at the source, medium and campaign of the touches in channel unassigned, and add a rule under channels.rules in mta.yaml.",
        min_change=0.02,
        change=SHARE,
        judge=unassigned_share,
    ),
    DailyCheck(
        name="repeated_touches",
        table=TOUCHPOINTS,
        fires=(
            "The share of a source's touches that repeat the same user's touch before, within a second and in all they say, rose by more than usual and by "
            "at least `min_change`."
        ),
        remedy="A tag fires twice, under two identities. Have it mended, and the days sent again under the same file names.",
        min_change=0.02,
        change=SHARE,
        judge=repeated_touches,
    ),
    DailyCheck(
        name="touches_without_user",
        table=TOUCHPOINTS,
        fires="The share of a source's touches whose user reaches a goal on the same day fell by more than usual and by at least `min_change` of itself.",
        remedy=(
            "The user ids of touches and conversions no longer meet: see whether one of the two sources changed its id, its case or its prefix, or sends a "
            "placeholder. Journeys of these days are broken until the ids are mended and the files sent again."
        ),
        min_change=0.5,
        change=PART,
        judge=unmatched_touches,
    ),
    DailyCheck(
        name="bots",
        table=BOTS,
        fires=(
            "A user has `touches_per_day` touches on a day, or `burst_touches` of them within `burst_seconds` (checks.bots in mta.yaml), and all such users "
            "together at least `min_change` of the day's touches."
        ),
        remedy=(
            "core/bots names them. Block them at the source; or set checks.bots.exclude, which leaves their touches of such days out of journeys, and "
            "rematerialise the days."
        ),
        min_change=0.0,
        change="part of the day's touches",
        judge=bot_like,
    ),
    DailyCheck(
        name="clock_skew",
        table=TOUCHPOINTS,
        fires="The mean time of day of a source's touches or conversions lies further from its median than usual, and by at least `min_change`.",
        remedy="A source's clock or time zone changed: compare some rows with what happened; set the source's timezone in mta.yaml, or have the offset sent.",
        min_change=1.0,
        change="hours",
        judge=clock_skew,
    ),
    DailyCheck(
        name="future_events",
        table=TOUCHPOINTS,
        fires="Rows of the day, or of days to come, are later than the moment at which their file was ingested, and at least `min_change` of the day's rows.",
        remedy=(
            "The source's clock is ahead, or its times are local and its timezone in mta.yaml is wrong. latest_ahead_hours decides from when on such rows go "
            "to quarantine."
        ),
        min_change=0.001,
        change="part of the day's rows",
        judge=future_events,
    ),
    DailyCheck(
        name="currency_mix",
        table=CONVERSIONS,
        fires=(
            "The share of a currency among a source's conversions moved by more than usual and by at least `min_change`; or a currency came that the source "
            f"had not had for {LOOK_BACK_DAYS} days ({FEWEST_IN_CURRENCY} conversions, or one row of spend)."
        ),
        remedy="See whether the currency is meant. Amounts are not converted: value in other currencies than `currency` is not learned from.",
        min_change=0.05,
        change=SHARE,
        judge=currency_mix,
    ),
    DailyCheck(
        name="value_outliers",
        table=CONVERSIONS,
        fires=(
            f"The largest value of a goal lies {OUTLIER_SPREADS:g} spreads above its median on a log scale; or the day's median value moved by more than usual "
            "and by at least `min_change`."
        ),
        remedy=(
            "One value: look the order up; a corrected file of the same name replaces it. All values: cents sent as units, or another currency under the "
            "same code."
        ),
        min_change=0.5,
        change=PART,
        judge=value_outliers,
    ),
    DailyCheck(
        name="spend_without_touches",
        table=SPEND,
        fires=(
            f"A channel cost more than `min_change` on a day on which nobody touched it, though it usually has {FEWEST_TOUCHES} touches or more, "
            f"or had none for {LOOK_BACK_DAYS} days."
        ),
        remedy="The names differ between spend and touches, which a rule under channels.rules in mta.yaml mends; or the campaign's tracking is missing.",
        min_change=0.0,
        change="cost",
        judge=spend_without_touches,
    ),
    DailyCheck(
        name="touches_without_spend",
        table=SPEND,
        fires=(
            f"A channel has {FEWEST_TOUCHES} touches or more and no row of spend, though it usually has and its source of spend has rows of the day for others."
        ),
        remedy="Ask for the advertising account's export again, or see whether it names the channel differently: ROAS of these days is too good until then.",
        judge=touches_without_spend,
    ),
)

JOURNEY_CHECKS: tuple[DailyCheck, ...] = (
    DailyCheck(
        name="conversions_without_touches",
        table=JOURNEYS,
        fires="The share of a source's conversions that no touch precedes within the lookback rose by more than usual and by at least `min_change`.",
        remedy="See touches_without_user and volume of the same day: either the ids of conversions no longer meet those of touches, or touches are missing.",
        min_change=0.05,
        change=SHARE,
        judge=conversions_without_touches,
    ),
    DailyCheck(
        name="journey_drift",
        table=JOURNEYS,
        fires=(
            "The mean length of converting journeys, or their mean time from first touch to conversion, moved by more than usual and by at least `min_change`. "
            f"It needs {FEWEST_JOURNEYS} of them."
        ),
        remedy=(
            "Shorter: touches are missing (consent, a tag, a source), or users get new ids. Longer: touches are counted twice, or several people share an id. "
            f"{_KNOWN}"
        ),
        min_change=0.25,
        change=PART,
        judge=journey_drift,
    ),
)

SHARE_CHECKS: tuple[DailyCheck, ...] = (
    DailyCheck(
        name="unattributed_share",
        table=SHARES_DAILY,
        fires="The share of a model's credit that no channel gets rose by more than usual and by at least `min_change`.",
        remedy="See conversions_without_touches of the same day. In one model alone: look at its parameters and the kinds of touch that may earn credit.",
        min_change=0.05,
        change=SHARE,
        judge=unattributed_share,
    ),
    DailyCheck(
        name="share_moves",
        table=SHARES_DAILY,
        fires=(
            "A channel's share of a model's credit moved since the day before by more than its band and by at least `min_change`. The band follows from the "
            "jackknife over user buckets on both days, or from the moves of the days before where these are wider. "
            f"It needs {FEWEST_CONVERSIONS} conversions on both days."
        ),
        remedy=(
            "In many models: the data changed; see volume, channels and touches_without_user of the same day. In one alone: the model; see what it learned in "
            "learned/<model>, and whether its parameters changed."
        ),
        min_change=0.05,
        change=SHARE,
        judge=share_moves,
    ),
)

CONTROL_CHECK = ControlCheck(
    name="control_totals",
    min_change=0.005,
    fires=(
        "A control file (checks.control_totals in mta.yaml) gives conversions or value of a day, and ours differ by more than `min_change` of them. "
        "Without such a file it passes."
    ),
    remedy="Compare the ids of both sides for the day: fewer here are missing or refused rows, more are test orders, cancelled ones or a second export.",
)

DAY_CHECKS: tuple[DailyCheck, ...] = (*EVENT_CHECKS, *JOURNEY_CHECKS, *SHARE_CHECKS)
DATA_CHECKS: tuple[IntakeCheck | DailyCheck | ControlCheck, ...] = (
    *INTAKE_CHECKS,
    *EVENT_CHECKS,
    CONTROL_CHECK,
    *JOURNEY_CHECKS,
    *SHARE_CHECKS,
)
