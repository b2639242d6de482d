"""The audit trail of one conversion, from its credit down to the rows of the files it was made of. No aggregate; no name of a user leaves here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from mta_assets.contracts.columns import Table
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import CONVERSIONS, FILES, IDENTIFIER, JOURNEYS, STAGED, TOUCHPOINTS, credits_table
from mta_assets.errors import MtaError
from mta_assets.results.methods import unavailable
from mta_assets.results.questions import Marts, QuestionError
from mta_assets.results.small_cells import seen_by_all

_TOUCH_LISTS = ("touch_ts", "channel", "campaign", "kind", "touch_source", "event_id")
_PLACE = ("file", "row", "file_version")
_CREDIT = ("model", "channel", "campaign", "kind", "credit", "value")


class UnknownConversionError(MtaError):
    """There is no such conversion in the core tables; the message says where it may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """What is known of one conversion.

    user: the stable hash of its user, for whoever decides what may be shown. conversion: one row: what was reached, with file, row and file
    version. closing_day: None while no journey was made of it. milestone: the stage that its goal marks, when it marks one: then it is not credited.
    touches: of the journey, the oldest first, each with its row and how many other staged rows claim its identity. credit: what each model gave to
    each channel x campaign x kind of touch. unavailable: why models gave none. other_rows: staged rows that claim the conversion's identity and did
    not count, each with why. file_versions: every version of its file that was read.
    """

    user: int
    conversion: pl.DataFrame
    closing_day: date | None
    milestone: str | None
    touches: pl.DataFrame
    credit: pl.DataFrame
    unavailable: Mapping[str, str]
    other_rows: pl.DataFrame
    file_versions: pl.DataFrame


def trail_tables(marts: Marts) -> tuple[Table, ...]:
    """Every table that a trail is made of."""
    return (FILES, STAGED["touchpoints"], STAGED["conversions"], TOUCHPOINTS, CONVERSIONS, JOURNEYS, *map(credits_table, marts.models))


def trail(marts: Marts, conversion_id: str, source: str | None = None) -> Trail:
    """The trail of the conversion. source: which, where several sources have one of this identity.

    Raises UnknownConversionError, and QuestionError when source is needed. Of large tables only the days and the bucket of the journey are read,
    but for the conversions themselves, among which this one is looked for.
    """
    seen_by_all(marts.config, "Single conversions")
    found = _found(marts, conversion_id, source)
    files = marts.snapshots.lake.read(FILES)
    about = found.row(0, named=True)
    journey = _journey(marts, found)
    claims = _claims(marts, "conversions", found.select("source_name", "conversion_id"), files, None)
    itself = (pl.col("file") == about["file"]) & (pl.col("row") == about["row"]) & (pl.col("status") == "current")
    versions = files.filter(pl.col("source_name") == about["source_name"], pl.col("file") == about["file"]).sort("ingested_at")
    stage_of = {goal: stage for stage, goal in marts.config.milestones.stages.items()}
    return Trail(
        user=about["user"],
        conversion=found.join(claims.filter(itself).select(_PLACE), on=["file", "row"], how="left").drop("day", "bucket", "user"),
        closing_day=journey["day"].item() if journey.height else None,
        milestone=stage_of.get(about["goal"]),
        touches=_touches(marts, journey, files),
        credit=_credit(marts, journey),
        unavailable={name: reason for name, model in marts.models.items() if (reason := unavailable(model, marts.config))},
        other_rows=_not_counted(claims.filter(~itself), claims.filter(itself)),
        file_versions=versions.select("file_version", "status", "ingested_at"),
    )


def _found(marts: Marts, conversion_id: str, source: str | None) -> pl.DataFrame:
    """The conversion's one row of `core/conversions`, without what the source carried beside it: that may name the user."""
    lake = marts.snapshots.lake
    rows = lake.collect(lake.scan(CONVERSIONS).filter(pl.col("conversion_id") == conversion_id).drop("extra"), CONVERSIONS.name)
    sources = sorted(rows["source_name"])
    if source is not None:
        rows = rows.filter(pl.col("source_name") == source)
    if rows.height > 1:
        raise QuestionError(
            "source", f"source: {len(sources)} sources have a conversion {conversion_id!r}; name one: {', '.join(sources)}."
        )
    if rows.is_empty():
        raise UnknownConversionError(_where_it_may_be(marts, conversion_id, source, sources))
    return rows


def _where_it_may_be(marts: Marts, conversion_id: str, source: str | None, sources: list[str]) -> str:
    if sources:
        return f"The source {source!r} has no conversion {conversion_id!r}; one of this identity comes from {', '.join(sources)}."
    lake, staged = marts.snapshots.lake, STAGED["conversions"]
    waiting = lake.collect(lake.scan(staged).filter(pl.col("conversion_id") == conversion_id).select("file", "row").head(1), staged.name)
    if waiting.height:
        file, row = waiting.row(0)
        return f"The conversion {conversion_id!r} was read ({file}, row {row}) and is not in the core tables yet: ask again after the next run."
    return (
        f"There is no conversion {conversion_id!r}. An identity is as its source writes it; one that was made from a row's content changes with the "
        "row; a row that was rejected is in staged/quarantine with its reason (`mta status`)."
    )


def _journey(marts: Marts, found: pl.DataFrame) -> pl.DataFrame:
    """The journey that closed with the conversion: one row, or none when there is none yet or the goal is a milestone."""
    lake, day = marts.snapshots.lake, found["day"].item()
    same = [pl.col(name) == found[name].item() for name in ("bucket", "user", "source_name", "conversion_id")]
    return lake.collect(lake.scan(JOURNEYS, DayRange(day, day)).filter(*same), JOURNEYS.name)


def _touches(marts: Marts, journey: pl.DataFrame, files: pl.DataFrame) -> pl.DataFrame:
    """The journey's touches, the oldest first, each with the row it came from."""
    lake = marts.snapshots.lake
    listed = journey.select(_TOUCH_LISTS).explode(*_TOUCH_LISTS, empty_as_null=False, keep_nulls=False)
    touches = listed.rename({"touch_ts": "ts", "touch_source": "source_name"}).with_row_index("position", offset=1)
    identity = ["source_name", "event_id"]
    if touches.is_empty():
        return touches.with_columns(file=pl.lit(""), row=pl.lit(0), file_version=pl.lit(""), other_rows=pl.lit(0)).clear()
    first, last = touches["ts"].min(), touches["ts"].max()
    days = DayRange(first.date(), last.date()).widened(1)  # type: ignore[union-attr]  # a column of times has times
    rows = lake.scan(TOUCHPOINTS, days).filter(pl.col("bucket") == journey["bucket"].item(), pl.col("user") == journey["user"].item())
    places = lake.collect(rows.select(*identity, "file", "row"), TOUCHPOINTS.name)
    claims = _claims(marts, "touchpoints", touches.select(identity), files, days)
    current = claims.filter(pl.col("status") == "current").select(*identity, *_PLACE)
    counted = claims.group_by(identity).agg((pl.len().cast(pl.Int64) - 1).alias("other_rows"))
    placed = touches.join(places, on=identity, how="left", maintain_order="left")
    return placed.join(current, on=[*identity, "file", "row"], how="left", maintain_order="left").join(
        counted, on=identity, how="left", maintain_order="left"
    )


def _claims(marts: Marts, kind: str, identities: pl.DataFrame, files: pl.DataFrame, days: DayRange | None) -> pl.DataFrame:
    """The staged rows that have one of these identities, with the status of their file's version; `left behind` where it never became current."""
    lake, table, identity = marts.snapshots.lake, STAGED[kind], ["source_name", IDENTIFIER[kind]]
    wanted = pl.col(IDENTIFIER[kind]).is_in(identities[IDENTIFIER[kind]].implode())
    rows = lake.collect(lake.scan(table, days).filter(wanted).select(*identity, *_PLACE, "content"), table.name)
    status = files.select("source_name", "file", "file_version", "status")
    claims = rows.join(identities, on=identity, how="semi").join(status, on=["source_name", "file", "file_version"], how="left")
    return claims.with_columns(pl.col("status").fill_null("left behind")).sort(*identity, *_PLACE)


def _not_counted(others: pl.DataFrame, itself: pl.DataFrame) -> pl.DataFrame:
    """Why each of these rows did not count: its file was replaced, or it says the same as the one that did, or something else."""
    same = pl.col("content").is_in(itself["content"].implode())
    why = (
        pl.when(pl.col("status") != "current").then(pl.lit("superseded")).when(same).then(pl.lit("duplicate")).otherwise(pl.lit("conflict"))
    )
    return others.select(*_PLACE, why.alias("why"))


def _credit(marts: Marts, journey: pl.DataFrame) -> pl.DataFrame:
    """What each model gave to the conversion, in the order of the models."""
    rows = [pl.DataFrame(schema={name: pl.Float64 if name in {"credit", "value"} else pl.String for name in _CREDIT})]
    if journey.height:
        lake, day = marts.snapshots.lake, journey["day"].item()
        same = [pl.col(name) == journey[name].item() for name in ("bucket", "source_name", "conversion_id")]
        for name in marts.models:
            table = credits_table(name)
            own = lake.collect(lake.scan(table, DayRange(day, day)).filter(*same), table.name).sort("channel", "campaign", "kind")
            rows.append(own.select(pl.lit(name).alias("model"), *_CREDIT[1:]))
    return pl.concat(rows)
