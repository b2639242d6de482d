"""landing/ -> staged/*: one unpartitioned step that takes every file the lake has not read yet, and accounts for each row."""

from collections.abc import Sequence
from typing import get_args

import dagster as dg
import polars as pl

from mta_assets.config import Kind
from mta_assets.contracts.columns import Table
from mta_assets.contracts.tables import FILES, QUARANTINE, STAGED
from mta_assets.defs.assets.sources import deliveries, sources_of
from mta_assets.defs.assets.steps import Events
from mta_assets.defs.checks import results
from mta_assets.defs.day_checks import spec_of_check
from mta_assets.defs.landing import unread
from mta_assets.defs.observed import observed
from mta_assets.defs.reports import ROW_COUNT, Metadata, as_table
from mta_assets.defs.resources import LakeResource
from mta_assets.defs.retries import step
from mta_assets.defs.specs import key_of, spec_of
from mta_assets.defs.told import tell_findings
from mta_assets.defs.versions import core_version
from mta_assets.pipeline.ingest import FileReport, ingest, landed_files
from mta_assets.pipeline.judging import judge_intake
from mta_assets.quality.registry import INTAKE_CHECKS

TABLES: tuple[Table, ...] = (FILES, QUARANTINE, *STAGED.values())
SHOWN = 20
# An event log has rows of both kinds.
MIXED = {"touchpoints": ("event_log",), "conversions": ("event_log",)}
WHOLE_FILE = 0  # the row in quarantine of a file that cannot be read; its reason may quote the file
COUNTS = ("rows_read", "accepted", "quarantined", "duplicates")


def staged_assets(lake: LakeResource) -> dg.AssetsDefinition:
    """The ingest step."""
    version = core_version(lake.config)

    specs = [spec_of(table, uri=lake.uri(table.name), code_version=version, deps=_deps(lake, table)) for table in TABLES]
    checks = [spec_of_check(check) for check in INTAKE_CHECKS]

    @step(name="landed_files", specs=specs, check_specs=checks, pool="ingest")
    @observed
    def ingest_step(context: dg.AssetExecutionContext, lake: LakeResource) -> Events:
        """Stage each landed file that is new or changed."""
        files = unread(lake.lake, landed_files(lake.landing_folder, lake.config))
        reports = ingest(lake.lake, lake.config, files, lake.now(), lambda file: context.log.info(f"reading {file}"))
        for delivery in deliveries(reports):
            context.log_event(delivery)
        for table in TABLES:
            yield dg.MaterializeResult(asset_key=key_of(table), metadata=_metadata(lake, table, reports))
        findings = judge_intake(lake.lake, lake.config, [report.file for report in reports])
        tell_findings(context, lake, None, findings)
        yield from results(findings)

    return ingest_step


def _deps(lake: LakeResource, table: Table) -> list[dg.AssetKey]:
    """The sources whose rows a table has: of one kind, or, where it lists files and rejected rows, all of them."""
    kinds = next(({kind, *MIXED.get(kind, ())} for kind, staged in STAGED.items() if staged is table), set(get_args(Kind)))
    return sources_of(lake.config, kinds)


def _metadata(lake: LakeResource, table: Table, reports: Sequence[FileReport]) -> Metadata:
    rows: Metadata = {ROW_COUNT: lake.lake.rows(table)}
    more = _accounts(reports) if table is FILES else _first_rejected(lake, reports) if table is QUARANTINE else {}
    return {**rows, **more}


def _accounts(reports: Sequence[FileReport]) -> Metadata:
    """Rows read = accepted + quarantined + duplicates, in all and per file. Why one is unreadable, `mta status` says: the words may be the file's own."""
    totals = {name: sum(getattr(report, name) for report in reports) for name in COUNTS}
    columns = ("file", "status", *COUNTS)
    rows = [[getattr(report, name) for name in columns] for report in reports[:SHOWN]]
    more = f"\n\nand {len(reports) - SHOWN} more files" if len(reports) > SHOWN else ""
    return totals | {"files": len(reports), "per file": dg.MetadataValue.md(as_table(columns, rows) + more)}


def _first_rejected(lake: LakeResource, reports: Sequence[FileReport]) -> Metadata:
    """The first rows in quarantine of the files just read. Not what they say: everybody who sees the UI would see it, and it may be somebody's id."""
    files = [report.file for report in reports]
    columns = ("file", "row", "column", "reason", "remedy")
    rejected = lake.lake.collect(
        lake.lake.scan(QUARANTINE)
        .filter(pl.col("file").is_in(files), pl.col("row") > WHOLE_FILE)
        .sort("file", "row")
        .select(columns)
        .head(SHOWN)
    )
    if rejected.is_empty():
        return {}
    return {"first rejected rows": dg.MetadataValue.md(as_table(columns, rejected.rows()))}
