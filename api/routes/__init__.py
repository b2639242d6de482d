"""The views: one module per resource. A view finds or refuses, calls, and returns; no SQL, no maths, no Dagster."""
