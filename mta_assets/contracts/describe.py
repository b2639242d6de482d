"""Contracts and settings as Markdown, for the generated parts of the docs: the words come from the definitions themselves. Pure; writes no file."""

from collections.abc import Iterable, Mapping, Sequence

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from mta_assets.config import ChannelRule, ChannelsConfig, Config, MilestonesConfig, SourceConfig
from mta_assets.config_advice import AdviceConfig
from mta_assets.config_alerts import AlertsConfig, AlertTarget, AlertThresholds, QuietHours
from mta_assets.config_checks import BotsConfig, CheckConfig, ChecksConfig, KnownChange
from mta_assets.config_experiments import ExperimentConfig, ExperimentsConfig
from mta_assets.config_freshness import FreshnessConfig, FreshnessPolicy
from mta_assets.config_privacy import PrivacyConfig
from mta_assets.contracts.catalogue import FIXED_TABLES
from mta_assets.contracts.columns import Column, Table
from mta_assets.contracts.contributions import contributions_table
from mta_assets.contracts.increments import increments_table
from mta_assets.contracts.tables import credits_table, learned_paths_table, learned_positions_table, learned_table
from mta_assets.settings import Settings

# A heading for each mapping of `mta.yaml`, in the order of the file.
SECTIONS: Mapping[str, type[BaseModel]] = {
    "At the top": Config,
    "`sources.<name>`": SourceConfig,
    "`channels`": ChannelsConfig,
    "`channels.rules`, each": ChannelRule,
    "`milestones`": MilestonesConfig,
    "`freshness`": FreshnessConfig,
    "`freshness`: each policy": FreshnessPolicy,
    "`checks`": ChecksConfig,
    "`checks.known_changes`, each": KnownChange,
    "`checks.bots`": BotsConfig,
    "`checks.rules.<name>`": CheckConfig,
    "`alerts`": AlertsConfig,
    "`alerts.targets.<name>`": AlertTarget,
    "`alerts.targets.<name>.quiet`": QuietHours,
    "`alerts.thresholds`": AlertThresholds,
    "`experiments`": ExperimentsConfig,
    "`experiments.listed`, each": ExperimentConfig,
    "`advice`": AdviceConfig,
    "`privacy`": PrivacyConfig,
}
_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "mapping",
    "array": "list",
}
Shape = Mapping[str, object]


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a bar or a line break in a cell stays within it."""
    lines = [header, ["---"] * len(header), *([_cell(text) for text in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def tables(models: str = "<model>") -> str:
    """A section per table of the lake: grain, key, partition, columns. models: what stands for a model's name."""
    makers = (learned_table, learned_positions_table, learned_paths_table, increments_table, contributions_table, credits_table)
    per_model = (make(models) for make in makers)
    return "\n\n".join(table_section(table) for table in (*FIXED_TABLES, *per_model))


def table_section(table: Table) -> str:
    """One table."""
    key = ", ".join(f"`{name}`" for name in table.key)
    kept = f"Replaced by `{table.partition}`." if table.partition else "One piece, not cut by day."
    head = f"### `{table.name}`\n\nGrain: {table.grain}. Key: {key}. {kept}"
    return f"{head}\n\n{markdown_table(('column', 'type', 'meaning', 'refused'), map(_column_row, table.columns))}"


def configuration() -> str:
    """Every key of `mta.yaml`, a table per section."""
    sections = (f"### {title}\n\n{_doc(section)}\n\n{keys(section)}" for title, section in SECTIONS.items())
    return "\n\n".join(sections)


def keys(section: type[BaseModel]) -> str:
    """The keys of one section with type, default and description."""
    shapes = _shapes(section)
    rows = ((f"`{name}`", _type(shapes[name]), _default(field), field.description or "") for name, field in section.model_fields.items())
    return markdown_table(("key", "type", "default", "meaning"), rows)


def variables(settings: type[BaseSettings] = Settings) -> str:
    """Every environment variable of these settings."""
    shapes = _shapes(settings)
    rows = []
    for name, field in settings.model_fields.items():
        alias = field.validation_alias
        variable = alias if isinstance(alias, str) else f"{settings.model_config['env_prefix']}{name}".upper()
        rows.append((f"`{variable}`", _type(shapes[alias if isinstance(alias, str) else name]), _default(field), field.description or ""))
    return markdown_table(("variable", "type", "default", "meaning"), rows)


def _column_row(column: Column) -> tuple[str, ...]:
    refused = [] if column.nullable else ["is absent"]
    refused += [rule.reason for rule in column.rules]
    return (f"`{column.name}`", f"`{column.dtype}`", column.meaning, "; ".join(refused))


def _shapes(section: type[BaseModel]) -> Mapping[str, Shape]:
    """Key -> what its value must look like, as JSON Schema says it."""
    shapes: Mapping[str, Shape] = section.model_json_schema()["properties"]
    return shapes


def _type(shape: Shape) -> str:
    """A key's type in words, with its range."""
    options = shape.get("anyOf")
    if isinstance(options, list):
        return " or ".join(_type(option) for option in options if option.get("type") != "null")
    if "const" in shape:
        return f"`{shape['const']}`"
    allowed = shape.get("enum")
    if isinstance(allowed, list):
        return ", ".join(f"`{value}`" for value in allowed)
    items = shape.get("items")
    if isinstance(items, dict):
        return f"list of {_type(items)}"
    formats = {"date": "date", "path": "path"}
    word = formats.get(str(shape.get("format")), _TYPES.get(str(shape.get("type")), "mapping"))
    bounds = [f"{sign} {shape[bound]}" for bound, sign in _BOUNDS.items() if bound in shape]
    return " ".join([word, ", ".join(bounds)]) if bounds else word


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    if default is None or default in ({}, (), "") or isinstance(default, BaseModel):
        return "none"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`[{', '.join(default)}]`" if isinstance(default, tuple) else f"`{default}`"


def _doc(section: type[BaseModel]) -> str:
    return (section.__doc__ or "").strip()


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
