"""How a table becomes an asset's specification: key, group, kinds, owners, columns with their meaning, where it is, code version. No steps."""

from collections.abc import Iterable, Mapping

import dagster as dg

from mta_assets.contracts.columns import Column, Table
from mta_assets.contracts.profiles import JOURNEY_PROFILE
from mta_assets.contracts.tables import JOURNEYS, STATISTICS

OWNERS = {
    "staged": "team:data-engineering",
    "core": "team:data-engineering",
    "journeys": "team:data-engineering",
    "learned": "team:marketing-science",
    "credits": "team:marketing-science",
    "marts": "team:marketing-analytics",
    "scorecard": "team:marketing-science",
}
ENGINE = {
    "staged": "polars",
    "core": "polars",
    "journeys": "numpy",
    "learned": "numpy",
    "credits": "numpy",
    "marts": "polars",
    "scorecard": "numpy",
}
_CLOSED = {JOURNEYS.name, JOURNEY_PROFILE.name, *(table.name for table in STATISTICS)}


def key_of(table: Table) -> dg.AssetKey:
    """`layer/name` as an asset key."""
    return dg.AssetKey(table.name.split("/"))


def group_of(table: Table) -> str:
    """The group that a table's asset is shown in: its layer; journeys and their statistics are a group of their own."""
    return "journeys" if table.name in _CLOSED else table.name.split("/", maxsplit=1)[0]


def spec_of(
    table: Table,
    *,
    uri: str,
    code_version: str,
    deps: Iterable[dg.AssetDep | dg.AssetKey] = (),
    description: str = "",
    tags: Mapping[str, str] | None = None,
) -> dg.AssetSpec:
    """A table's specification. Where it is stored is stated here: there is no I/O manager."""
    group = group_of(table)
    return dg.AssetSpec(
        key=key_of(table),
        deps=list(deps),
        group_name=group,
        kinds={ENGINE[group], "deltalake"},
        owners=[OWNERS[group]],
        code_version=code_version,
        description="\n\n".join(part for part in (f"Grain: {table.grain}.", description) if part),
        metadata={"dagster/column_schema": column_schema(table), "dagster/uri": uri, "key": ", ".join(table.key)},
        tags={"layer": table.name.split("/", maxsplit=1)[0], **(tags or {})},
    )


def column_schema(table: Table) -> dg.TableSchema:
    """A table's columns with their meaning and their rules."""
    return dg.TableSchema(columns=[_column(column) for column in table.columns])


def _column(column: Column) -> dg.TableColumn:
    rules = [f"a value that {rule.reason} is refused" for rule in column.rules]
    constraints = dg.TableColumnConstraints(nullable=column.nullable, other=rules)
    return dg.TableColumn(name=column.name, type=str(column.dtype), description=column.meaning, constraints=constraints)
