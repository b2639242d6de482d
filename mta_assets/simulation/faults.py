"""What goes wrong with a whole day of a source, put into its raw files on purpose; `dirt` has what is wrong with single rows. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

Day = Mapping[str, pl.DataFrame]  # kind of file -> its rows of one day, all columns text


@dataclass(frozen=True, kw_only=True)
class DayFault:
    """One way in which a day goes wrong. check: the check of quality that must find it; apply: (the day, the day before) -> the broken day."""

    name: str
    check: str
    apply: Callable[[Day, Day], Day]


def _some(share: float) -> pl.Expr:
    """Whether a row is among so many of all, spread evenly."""
    return (pl.int_range(pl.len()) * 7_919) % 1_000 < share * 1_000


def _touches(change: Callable[[pl.DataFrame], pl.DataFrame]) -> Callable[[Day, Day], Day]:
    return lambda day, _: {**day, "touchpoints": change(day["touchpoints"])}


def _orders(change: Callable[[pl.DataFrame], pl.DataFrame]) -> Callable[[Day, Day], Day]:
    return lambda day, _: {**day, "conversions": change(day["conversions"])}


def _spend(change: Callable[[pl.DataFrame], pl.DataFrame]) -> Callable[[Day, Day], Day]:
    return lambda day, _: {**day, "spend": change(day["spend"])}


def _set(column: str, value: str | pl.Expr, share: float = 1.0) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Another value in a column of some rows."""
    new = pl.lit(value) if isinstance(value, str) else value
    return lambda rows: rows.with_columns(pl.when(_some(share)).then(new).otherwise(column).alias(column))


def _later(hours: int, share: float = 1.0) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Times that lie later; what is no time stays as it is."""
    moved = pl.col("ts").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", strict=False) + pl.duration(hours=hours)
    return _set("ts", pl.coalesce(moved.dt.strftime("%Y-%m-%dT%H:%M:%SZ"), "ts"), share)


def _renamed(rows: pl.DataFrame) -> pl.DataFrame:
    """Mails come with a channel of their own making."""
    return rows.with_columns(channel=pl.when(pl.col("medium") == "email").then(pl.lit("newsletter")))


def _direct(rows: pl.DataFrame) -> pl.DataFrame:
    """Nothing says where a visit came from."""
    return rows.with_columns(
        source=pl.lit("(direct)"), medium=pl.lit("(none)"), campaign=pl.lit(None, dtype=pl.String), referrer=pl.lit(None, dtype=pl.String)
    )


def _doubled(rows: pl.DataFrame) -> pl.DataFrame:
    """Each touch of paid search is said twice, under two identities."""
    twin = rows.filter(pl.col("medium") == "cpc").with_columns(event_id="x" + pl.col("event_id"))
    return pl.concat([rows, twin])


def _bot(rows: pl.DataFrame) -> pl.DataFrame:
    """One user with 2,000 touches, one every 40 seconds."""
    midnight = pl.lit(rows["ts"].str.slice(0, 10).mode()[0]).str.to_datetime("%Y-%m-%d")
    times = (midnight + pl.duration(seconds=pl.int_range(pl.len()) * 40)).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    one = rows.filter(pl.col("kind") == "visit").head(1)
    return pl.concat(
        [rows, pl.concat([one] * 2_000).with_columns(event_id=pl.format("bot{}", pl.int_range(pl.len())), ts=times, user_id=pl.lit("bot"))]
    )


def _new_cookies(day: Day, _: Day) -> Day:
    """Everybody is somebody else from this day on."""
    return {kind: rows.with_columns(user_id="r2-" + pl.col("user_id")) if "user_id" in rows.columns else rows for kind, rows in day.items()}


def _sent_again(day: Day, before: Day) -> Day:
    """The file has half of the day before once more."""
    return {**day, "touchpoints": pl.concat([day["touchpoints"], before["touchpoints"].filter(_some(0.5))])}


def _with_control(day: Day, _: Day) -> Day:
    """The shop counts a tenth more conversions than were sent."""
    sent = day["conversions"]["conversion_id"].n_unique()
    date = day["conversions"]["ts"].str.slice(0, 10).mode()[0]
    return {**day, "control": pl.DataFrame({"day": [date], "conversions": [str(round(1.1 * sent))]})}


def _one_huge(rows: pl.DataFrame) -> pl.DataFrame:
    at = pl.int_range(pl.len()) == pl.lit(rows["goal"].to_list().index("purchase"))
    return rows.with_columns(value=pl.when(at).then(pl.lit("9999999.00")).otherwise("value"))


def _on_tv(rows: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([rows, rows.head(1).with_columns(channel=pl.lit("tv"), campaign=pl.lit("spot"), cost=pl.lit("500.00"))])


def _cents(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(value=pl.col("value").str.replace(".", "", literal=True))


FAULTS: tuple[DayFault, ...] = (
    DayFault(name="a source stops: no conversions come", check="volume", apply=_orders(lambda rows: rows.clear())),
    DayFault(name="two thirds of the touches are lost", check="volume", apply=_touches(lambda rows: rows.filter(_some(0.33)))),
    DayFault(name="a tag fires twice in one channel", check="repeated_touches", apply=_touches(_doubled)),
    DayFault(name="a tag fires twice in one channel", check="volume", apply=_touches(_doubled)),
    DayFault(name="a channel vanishes", check="channels", apply=_touches(lambda rows: rows.filter(pl.col("medium") != "email"))),
    DayFault(name="a channel is renamed", check="channels", apply=_touches(_renamed)),
    DayFault(name="a third of the times cannot be read", check="quarantine_share", apply=_touches(_set("ts", "31.02.2026", 0.33))),
    DayFault(name="half of the day before is sent again", check="duplicate_share", apply=_sent_again),
    DayFault(name="a tenth of the touches have an unknown medium", check="unassigned_share", apply=_touches(_set("medium", "xx", 0.1))),
    DayFault(name="touches get other user ids", check="touches_without_user", apply=_touches(_set("user_id", "v2-" + pl.col("user_id")))),
    DayFault(
        name="conversions get other user ids",
        check="conversions_without_touches",
        apply=_orders(_set("user_id", "v2-" + pl.col("user_id"))),
    ),
    DayFault(name="conversions get other user ids", check="unattributed_share", apply=_orders(_set("user_id", "v2-" + pl.col("user_id")))),
    DayFault(name="all users get new ids", check="journey_drift", apply=_new_cookies),
    DayFault(name="a bot touches 2,000 times", check="bots", apply=_touches(_bot)),
    DayFault(name="a clock is four hours ahead", check="clock_skew", apply=_touches(_later(4))),
    DayFault(name="some rows lie in the future", check="future_events", apply=_touches(_later(30, 0.05))),
    DayFault(name="a third of the conversions are in another currency", check="currency_mix", apply=_orders(_set("currency", "EUR", 0.33))),
    DayFault(name="values are sent in cents", check="value_outliers", apply=_orders(_cents)),
    DayFault(name="one value is out of all proportion", check="value_outliers", apply=_orders(_one_huge)),
    DayFault(name="spend names a channel that nobody touches", check="spend_without_touches", apply=_spend(_on_tv)),
    DayFault(
        name="the spend of a channel is missing",
        check="touches_without_spend",
        apply=_spend(lambda rows: rows.filter(pl.col("channel") != "paid search")),
    ),
    DayFault(
        name="the shop counts a tenth more conversions",
        check="control_totals",
        apply=_with_control,
    ),
    DayFault(
        name="campaign parameters are lost: every touch is direct",
        check="share_moves",
        apply=_touches(_direct),
    ),
)
