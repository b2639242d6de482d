"""What the checks of tables and marts mean to a person: when each fires, and what to do. What they look at is in `credit`, `reconciliation`, `placebo` ..."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class TableCheck:
    """One check of what a run made, as the docs tell it. about: the tables, as Markdown."""

    name: str
    about: str
    fires: str
    remedy: str
    severity: Literal["error", "warning"] = "error"


TABLE_CHECKS: tuple[TableCheck, ...] = (
    TableCheck(
        name="contract",
        about="core tables, journeys and their statistics",
        fires="What was read back breaks the table's contract.",
        remedy="Rematerialise the days: something other than this version of the pipeline wrote the table.",
    ),
    TableCheck(
        name="unique_keys",
        about="core tables, journeys and their statistics, and `credits/*`",
        fires="A key is there twice.",
        remedy="Rematerialise the days; if it stays, two runs raced: look at the runs of the day.",
    ),
    TableCheck(
        name="conservation",
        about="`credits/*` of additive models",
        fires="A conversion's credit does not sum to 1, or its value credit to its value.",
        remedy="Rematerialise `core/journeys`, then the credits; if it stays, the model's weights are at fault.",
    ),
    TableCheck(
        name="no_negative_credit",
        about="`credits/*`",
        fires="A credit is negative or not a number.",
        remedy="Look at the model's weights: those that mta.yaml gives, or those of a model of your own.",
    ),
    TableCheck(
        name="reconciled",
        about="`marts/channel_daily`, `marts/spend_daily`, `marts/channel_performance`, `marts/bands`, `marts/channel_advice`",
        fires="A mart does not add up to the journeys, the spend or the days that it is made from; a figure has neither a band that holds it nor a reason; "
        "or an advice is not on the figures that the bands are of.",
        remedy="The message names model, day and both sums: rematerialise what the mart is made from, then the mart.",
    ),
    TableCheck(
        name="placebo",
        about="`learned/*_increments`",
        severity="warning",
        fires="Unpaid visits seem to add conversions, or there are none to try it with.",
        remedy="Do not move a budget on these increments; see whether a channel has the wrong role, and test the channel that matters most: "
        "docs/incremental.md says how.",
    ),
)
