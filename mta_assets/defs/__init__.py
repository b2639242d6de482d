"""The only place for Dagster: partitions, assets, checks, jobs, schedules, sensors."""
