"""Which landed files the lake has not read yet. `staged/files` is the truth; name, size and modification time are how it is asked. No Dagster."""

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from mta_assets.contracts.tables import FILES
from mta_assets.lake.lake import Lake
from mta_assets.pipeline.ingest import LandedFile


def unread(lake: Lake, landed: Iterable[LandedFile]) -> list[LandedFile]:
    """The files that are new or were changed since they were read, in their order.

    A version that a later one replaced does not count as read: putting an older file back is a change.
    """
    rows = lake.collect(lake.scan(FILES).filter(pl.col("status") != "replaced").select("source_name", "file", "size_bytes", "modified"))
    read = {
        (source, LandedFile(source_name=source, file=file, path=Path(), size_bytes=size, modified=modified).mark)
        for source, file, size, modified in rows.iter_rows()
    }
    return [file for file in landed if (file.source_name, file.mark) not in read]
