"""What touches added, as the incremental model estimates it: a row per channel with its error, its diagnostics, and how its credit is shared. No arithmetic."""

from mta_assets.contracts import rules
from mta_assets.contracts.columns import Column, Table
from mta_assets.contracts.tables import CHANNEL, DAY, REAL, TEXT, WHOLE

BASELINE = "baseline"  # the channel of what would have happened anyway
NOT_ESTIMATED = "not_estimated"  # the channel of conversions of which nobody can tell what touches added
ROLES = ("pushed", "pulled", "unpaid")  # shown to people; looked for by them at a price; the same without one


def _figure(name: str, meaning: str) -> Column:
    return Column(name=name, dtype=REAL, meaning=meaning, nullable=True)


def increments_table(model: str) -> Table:
    """What a model of increments estimates over the fit window that ends on `day`, per channel: INCREMENTS is that of the model `incremental`."""
    return Table(
        name=f"learned/{model}_increments",
        grain="one channel of the fit window that ends on this day",
        key=("day", "channel"),
        columns=(
            Column(name="day", dtype=DAY, meaning="the last closing day of the fit window"),
            CHANNEL,
            Column(name="role", dtype=TEXT, meaning=", ".join(ROLES), rules=(rules.one_of(*ROLES),)),
            Column(name="touches", dtype=WHOLE, meaning="touches of the channel within the window"),
            _figure(
                "increment",
                "conversions of the window that its touches added, as estimated: may be below 0; null where it cannot be estimated",
            ),
            _figure("increment_se", "its standard error, by leaving out buckets of users"),
            _figure("provisional", "the same within the shorter horizon, which is known sooner"),
            _figure("provisional_se", "its standard error"),
            Column(name="reason", dtype=TEXT, meaning="why there is no increment; null where there is one", nullable=True),
            Column(
                name="doubt",
                dtype=TEXT,
                meaning="why the increments of this window are not to be trusted; null where the placebo holds",
                nullable=True,
            ),
            _figure("outcome", "conversions within the horizon after a touch, mean"),
            _figure("expected", "the same at random moments with the same history"),
            _figure(
                "expected_visiting",
                "the same at unpaid searches with the same history, or at all unpaid visits where there are too few searches",
            ),
            _figure("intent", "how far its touches go with intent that the history does not show: 0 not at all, 1 as those do"),
            _figure("overlap", "share of random moments after which a day passes without such a touch"),
            _figure(
                "imbalance",
                "largest difference of a mean of the history between touches and what they are compared with, in standard deviations",
            ),
            _figure("calibration", "conversions that followed what it is compared with, over those that were expected there"),
            _figure("effective_touches", "how many touches of different users would know as much"),
            _figure("credited_part", "of the increment, 0 to 1: the rest is what chance makes of nothing"),
            _figure("half_life_days", "after which a touch counts half as much in the sharing out of a conversion"),
            _figure("touch_weight", "of a touch at the moment of the conversion, beside 1 for the baseline"),
        ),
    )


INCREMENTS = increments_table("incremental")
