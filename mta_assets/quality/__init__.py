"""Frame in, Finding out: pure checks that the Dagster checks wrap."""
