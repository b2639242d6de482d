"""The sources of mta.yaml as external assets: they have no step of ours, a freshness policy each, and an event whenever files of one were read."""

from collections.abc import Iterable, Iterator, Sequence

import dagster as dg

from mta_assets.config import Config
from mta_assets.defs.freshness import dagster_policy
from mta_assets.pipeline.ingest import FileReport

GROUP = "sources"
OWNER = "team:data-engineering"
READ = "ingested"  # what becomes of a file that was new or changed, and could be read


def source_key(name: str) -> dg.AssetKey:
    """`sources/<name>`."""
    return dg.AssetKey([GROUP, name])


def source_assets(config: Config) -> list[dg.AssetSpec]:
    """One per source in force."""
    return [
        dg.AssetSpec(
            key=source_key(name),
            group_name=GROUP,
            kinds={"file"},
            owners=[OWNER],
            description=f"Files of the landing folder that match `{source.glob}`: {source.kind}.",
            freshness_policy=dagster_policy(config.freshness.of_source(name)),
        )
        for name, source in config.declared_sources.items()
    ]


def sources_of(config: Config, kinds: Iterable[str]) -> list[dg.AssetKey]:
    """The sources whose rows are of one of these kinds."""
    wanted = set(kinds)
    return [source_key(name) for name, source in config.declared_sources.items() if source.kind in wanted]


def deliveries(reports: Sequence[FileReport]) -> Iterator[dg.AssetMaterialization]:
    """One event per source of which files were read: what its freshness is judged by."""
    for name in dict.fromkeys(report.source_name for report in reports if report.status == READ):
        of_source = [report for report in reports if report.source_name == name and report.status == READ]
        counts = {what: sum(getattr(report, what) for report in of_source) for what in ("rows_read", "accepted", "quarantined")}
        yield dg.AssetMaterialization(source_key(name), metadata={"files": len(of_source), **counts})
