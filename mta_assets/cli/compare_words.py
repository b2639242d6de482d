"""How a comparison of models reads in a terminal: a table of shares, then what follows from it. What is said is decided in `marts`."""

import sys

import polars as pl
from rich.console import Console

from mta_assets.analysis.comparison import Comparison
from mta_assets.cli.output import counted, say, say_prose, show_table
from mta_assets.contracts.advice import AGREE, DISAGREE, UNKNOWN, UNSURE
from mta_assets.contracts.tables import APART
from mta_assets.marts.advice import largest, main_currency_of
from mta_assets.marts.bands import COVERS

_MODEL_WIDTH, _CHANNEL_WIDTH = 19, 12  # columns of a terminal
HEADINGS = {
    AGREE: "Models agree",
    DISAGREE: "Models disagree",
    UNSURE: "Too few conversions to tell models apart",
    UNKNOWN: "Whether models disagree cannot be said",
}


def show_words(found: Comparison, of: str) -> None:
    """The comparison for a person, in the currency with most conversions."""
    currency = main_currency_of(found.advice.channels)
    channels = found.advice.channels.filter(currency=currency or "")
    say(f"Models compared on {of}\n")
    if channels.is_empty():
        say_prose("No model could be computed, or nothing was credited, so that there is nothing to compare.")
        _unavailable(found)
        return
    _shares(found, channels, str(currency))
    for verdict, heading in HEADINGS.items():
        _judged(channels.filter(verdict=verdict).sort(_gap(), "channel", descending=[True, False]), heading)
    _suggested(found)
    _experiment(channels)
    _unavailable(found)
    say("\nWhat this does not say")
    for limit in (COVERS, *found.limits):
        say_prose(limit, indent=2)
    say("\nHow to read it: docs/truth.md")


def _shares(found: Comparison, channels: pl.DataFrame, currency: str) -> None:
    conversions, days = channels.select("all_conversions", "days").row(0)
    others = found.advice.channels["currency"].n_unique() - 1
    over = f" over {days} days" if days else ""
    bands = f", with bands of {found.level:.0%}" if found.shares["low"].count() else ""
    say_prose(
        f"Percent of {counted(conversions)} conversions{over} that each model credits to a channel{bands}"
        + (f"; in {currency}, the other {others} currencies are in --json." if others else ".")
    )
    say()
    own = found.shares.filter(pl.col("currency") == currency, ~pl.col("channel").is_in(list(APART)))
    names = own.group_by("channel").agg(pl.col("estimate").max()).sort("estimate", "channel", descending=[True, False])["channel"].to_list()
    shown = names[: _fitting()]
    cells = {(row["model"], row["channel"]): _cell(row) for row in own.to_dicts()}
    models = own["model"].unique(maintain_order=True)
    show_table(("model", *shown), [[(model, *(cells.get((model, channel)) for channel in shown)) for model in models]])
    if len(shown) < len(names):
        say_prose(f"Not shown for want of room: {', '.join(names[len(shown) :])}. A wider terminal or --json shows them.")
    if own["low"].null_count():
        say_prose(f"A share without ± has no band: {_no_band(own)}.")


def _no_band(own: pl.DataFrame) -> str:
    reasons = own.filter(pl.col("low").is_null())["reason"].str.split(":").list.first()
    return "; ".join(reasons.unique(maintain_order=True))


def _fitting() -> int:
    """How many channels there is room for; a pipe has room for all."""
    return max(1, (Console().width - _MODEL_WIDTH) // _CHANNEL_WIDTH) if sys.stdout.isatty() else sys.maxsize


def _cell(row: dict[str, object]) -> str:
    """A share in percent, and how far its band reaches to either side on average."""
    share, low, high = (None if row[name] is None else float(str(row[name])) for name in ("estimate", "low", "high"))
    return f"{100 * (share or 0):.0f}" + ("" if low is None or high is None else f" ±{max(50 * (high - low), 1):.0f}")


def _gap() -> pl.Expr:
    return pl.col("highest_share") - pl.col("lowest_share")


def _judged(rows: pl.DataFrame, heading: str) -> None:
    if rows.is_empty():
        return
    say(f"\n{heading}")
    for row in rows.to_dicts():
        named = f" ({', '.join(row['reasons'])})" if row["reasons"] else ""
        say_prose(_why(row), indent=2, head=f"{row['channel']}{named}:")


def _why(row: dict[str, object]) -> str:
    """In full where models disagree; where they do not, how far they are apart, for the heading says the rest."""
    if row["verdict"] not in {AGREE, UNSURE} or row["reasons"]:
        return str(row["why"])
    return ", ".join(f"{row[f'{end}_model']} {float(str(row[f'{end}_share'])):.1%}" for end in ("lowest", "highest"))


def _suggested(found: Comparison) -> None:
    models = found.advice.models
    chosen = models.filter(pl.col("suggested")).to_dicts()
    say("\nSuggested model")
    if chosen:
        say_prose(f"{chosen[0]['model']}: {str(chosen[0]['reason']).removeprefix('suggested: ')}", indent=2)
        return
    why = models.filter(pl.col("model").is_in(found.shares["model"].unique().implode()))["reason"]  # the same for all that were compared
    say_prose(f"None: {why[0].removeprefix('not suggested: ') if len(why) else 'no model can be compared'}.", indent=2)


def _experiment(channels: pl.DataFrame) -> None:
    most, settled = largest(channels)
    say("\nCheapest experiment that would settle the largest disagreement")
    if most is None:
        say_prose("None: on no channel do the models surely disagree.", indent=2)
        return
    if settled is None or settled["channel"] != most["channel"]:
        say_prose(f"The largest disagreement is about {most['channel']}, for which there is none: {most['no_experiment']}.", indent=2)
    if settled is None:
        others = channels.filter(verdict=DISAGREE).filter(pl.col("channel") != most["channel"]).sort(_gap(), descending=True)
        for row in others.to_dicts():
            say_prose(f"{row['channel']}: none, {row['no_experiment']}.", indent=2)
        return
    low, high = (f"{float(str(settled[f'{end}_share'])):.1%}" for end in ("lowest", "highest"))
    say_prose(
        f"{settled['channel']}: leave {settled['held_out']:.0%} of users without it, drawn by lot, for {settled['experiment_days']} days, and count all "
        f"conversions. If {settled['highest_model']} is right, these users have {high} fewer conversions than the others; if {settled['lowest_model']} is "
        f"right, {low} fewer. It tells the two apart {settled['power']:.0%} of the time (when they do not differ, {settled['alpha']:.0%}), and costs up to "
        f"{settled['foregone']:,.0f} conversions. If fewer are missing than either says, both credit the channel with too much.",
        indent=2,
    )


def _unavailable(found: Comparison) -> None:
    if found.unavailable:
        say("\nUnavailable")
        for model, reason in found.unavailable.items():
            say_prose(f"{model}: {reason}", indent=2)
