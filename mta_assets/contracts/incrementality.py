"""What channels added once experiments have had their say, and what that returned on what they cost. The raw estimates are in `increments`."""

from mta_assets.contracts import rules
from mta_assets.contracts.columns import Column, Table
from mta_assets.contracts.tables import CHANNEL, DAY, MONEY, NOT_SET, REAL, TEXT, WHOLE

BASES = ("tested", "pooled", "none")  # by experiments of the channel itself; by those of other channels; by none


def _figure(name: str, meaning: str) -> Column:
    return Column(name=name, dtype=REAL, meaning=meaning, nullable=True)


CALIBRATED = (
    CHANNEL,
    Column(name="role", dtype=TEXT, meaning="pushed, pulled or unpaid", rules=rules.TEXT),
    _figure("increment", "conversions that its touches added, as estimated; null where it cannot be estimated"),
    _figure("increment_low", "where the band of that begins"),
    _figure("increment_high", "where it ends"),
    Column(name="tests", dtype=WHOLE, meaning="experiments of the channel that count"),
    _figure("effect", "what these measured, for as many touches as the estimate is of; null without any"),
    _figure("effect_se", "standard error of that"),
    _figure("calibrated", "conversions that its touches added, after experiments"),
    _figure("calibrated_low", "where the band of that begins"),
    _figure("calibrated_high", "where it ends"),
    Column(
        name="basis",
        dtype=TEXT,
        meaning="by which experiments: tested (its own), pooled (those of other channels), none",
        rules=(rules.one_of(*BASES),),
    ),
    _figure("multiplier", "calibrated over estimated; null where the estimate is not above 0"),
    _figure("multiplier_low", "where the band of that begins"),
    _figure("multiplier_high", "where it ends"),
    Column(name="valid_until", dtype=DAY, meaning="the last day on which an experiment behind it counts; null without any", nullable=True),
    Column(name="reason", dtype=TEXT, meaning="why no experiment of its own stands behind it; null where one does", nullable=True),
)
INCREMENTALITY = Table(
    name="marts/incrementality",
    grain="one model of increments x channel x currency over the fit window that ends on the newest day",
    key=("day", "model", "channel", "currency"),
    columns=(
        Column(name="day", dtype=DAY, meaning="the last day of the window: the newest that has results"),
        Column(name="model", dtype=TEXT, meaning="the model that estimates increments", rules=rules.TEXT),
        *CALIBRATED,
        Column(name="level", dtype=REAL, meaning="how likely the truth lies in a band, 0 to 1, if its assumptions hold"),
        Column(name="doubt", dtype=TEXT, meaning="why the estimates are not to be trusted; null where the placebo holds", nullable=True),
        Column(name="currency", dtype=TEXT, meaning=f"ISO 4217, of what follows; {NOT_SET} without credit and cost", rules=rules.TEXT),
        Column(name="cost", dtype=MONEY, meaning="what the channel cost, in `currency`; null where no spend is known", nullable=True),
        _figure("roas", "value that the model credits over cost; null without cost or estimate"),
        _figure("iroas", "that times the multiplier: calibrated incremental value over cost; null without cost or multiplier"),
        _figure("iroas_low", "where the band of that begins"),
        _figure("iroas_high", "where it ends"),
    ),
)
