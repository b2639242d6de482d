"""What a model's chance of conversions rests on: a row per channel. No arithmetic."""

from mta_assets.contracts.columns import Column, Table
from mta_assets.contracts.tables import CHANNEL, DAY, REAL


def contributions_table(model: str) -> Table:
    """What a model that foretells conversions by the history shows of itself, over the fit window that ends on `day`, per channel."""
    meanings = {
        "touched": "share of the conversions before which the channel touched within the window",
        "contribution": "what its touches, or that there were none, add to the log-odds of the conversions, mean (TreeSHAP); below 0 they speak against them",
        "absolute": "mean size of the same: how much is read from the channel, whichever way",
        "others": "what previous conversions, the day and the weekday add, mean; the same for each channel",
        "expected": "log-odds before anything is known of the history; with `others` and the contributions of all channels it sums to the mean log-odds",
    }
    return Table(
        name=f"learned/{model}_contributions",
        grain="one channel of the fit window that ends on this day",
        key=("day", "channel"),
        columns=(
            Column(name="day", dtype=DAY, meaning="the last closing day of the fit window"),
            CHANNEL,
            *(Column(name=name, dtype=REAL, meaning=meaning) for name, meaning in meanings.items()),
        ),
    )
