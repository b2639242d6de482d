"""What a materialisation shows: rows, credit total, the top channels as a table and a small picture. Pure: frames in, metadata out."""

from collections.abc import Mapping, Sequence

import dagster as dg
import polars as pl

from mta_assets.contracts.tables import DAY
from mta_assets.defs.pictures import as_markdown, bars

ROW_COUNT = "dagster/row_count"
TOP = 8
Metadata = Mapping[str, dg.MetadataValue | int | float | str]


def per_day(frame: pl.DataFrame) -> dict[str, int]:
    """Day -> its row count."""
    return {str(day): count for day, count in frame.group_by(pl.col("day").cast(DAY)).len().iter_rows()}


def credit_per_day(frame: pl.DataFrame, credit: str) -> dict[str, float]:
    """Day -> the sum of the column `credit`."""
    return {str(day): total for day, total in frame.group_by(pl.col("day").cast(DAY)).agg(pl.col(credit).sum()).iter_rows()}


def top_channels(frame: pl.DataFrame, credit: str) -> Metadata:
    """The channels with most credit as a table and as a picture. frame: rows with channel and `credit`, and value where they have it."""
    measures = [name for name in (credit, "value") if name in frame.columns]
    top = frame.group_by("channel").agg(pl.col(measures).sum()).sort([credit, "channel"], descending=[True, False]).head(TOP)
    if top.is_empty():
        return {}
    picture = bars([(channel, number) for channel, number in top.select("channel", credit).iter_rows()])
    return {
        "top channels": dg.MetadataValue.md(as_table(top.columns, top.rows())),
        "picture": dg.MetadataValue.md(as_markdown(picture, f"{credit} per channel")),
    }


def as_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; numbers rounded to be read, text made safe."""
    lines = [columns, ["---"] * len(columns), *([_cell(value) for value in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}"
    text = "" if value is None else str(value)
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")[:200]
