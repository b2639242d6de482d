"""Every rule, in the order of the runbook. From here follow what is looked for, what messages advise, and docs/operations.md."""

from collections.abc import Mapping
from types import MappingProxyType

from mta_assets.alerts import rules_of_load, rules_of_parts, rules_of_pipeline
from mta_assets.alerts.rule import Rule

_ALL = (
    rules_of_pipeline.RUN_FAILED,
    rules_of_pipeline.CHECK_FAILED,
    rules_of_pipeline.DATA_LATE,
    rules_of_pipeline.SOURCE_SILENT,
    rules_of_pipeline.QUARANTINE_GROWING,
    rules_of_load.API_ERRORS,
    rules_of_load.RATE_LIMITED,
    rules_of_load.FAILED_AUTHENTICATION,
    rules_of_load.CPU_HIGH,
    rules_of_load.MEMORY_HIGH,
    rules_of_load.DISK_FILLING,
    rules_of_parts.STATE_UNREACHABLE,
    rules_of_parts.DAGSTER_STORAGE_UNREACHABLE,
    rules_of_parts.REDIS_UNREACHABLE,
    rules_of_parts.LAKE_UNREACHABLE,
    rules_of_parts.DAEMON_SILENT,
    rules_of_parts.WATCH_SILENT,
    rules_of_parts.TARGET_UNREACHABLE,
)
RULES: Mapping[str, Rule] = MappingProxyType({rule.name: rule for rule in _ALL})
