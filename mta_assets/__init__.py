"""Multi-touch attribution as Dagster assets. Imports nothing: each part is imported by whoever needs it."""
