"""The policies of `freshness` in mta.yaml as Dagster shows them. `/v1/freshness` and alerts judge by the newest day; Dagster by the last materialisation."""

from collections.abc import Iterable
from datetime import timedelta

import dagster as dg

from mta_assets.config import Config
from mta_assets.config_freshness import FreshnessPolicy


def dagster_policy(policy: FreshnessPolicy) -> dg.FreshnessPolicy:
    """The policy: deadlines as they are; hours as a window that warns when data are late and fails when they are stale."""
    if policy.deadline_cron is not None:
        return dg.FreshnessPolicy.cron(policy.deadline_cron, timedelta(hours=policy.within_hours), policy.timezone)
    late, stale = timedelta(hours=policy.late_after_hours), timedelta(hours=policy.stale_after_hours)
    return dg.FreshnessPolicy.time_window(fail_window=stale, warn_window=late if late < stale else None)


def with_policies(config: Config, assets: Iterable[dg.AssetsDefinition]) -> list[dg.AssetsDefinition]:
    """The assets, of which every mart, and every other table that has a policy of its own in mta.yaml, has that policy."""

    def with_policy(spec: dg.AssetSpec) -> dg.AssetSpec:
        name = "/".join(spec.key.path)
        if not name.startswith("marts/") and name not in config.freshness.tables:
            return spec
        with_one: dg.AssetSpec = dg.apply_freshness_policy(spec, dagster_policy(config.freshness.of_table(name)))
        return with_one

    return list(dg.map_asset_specs(with_policy, assets))
