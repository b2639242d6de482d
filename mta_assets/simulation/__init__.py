"""Realistic raw files of any size, seeded. Pure numpy and polars; only `write` touches files."""
