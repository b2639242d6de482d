"""One module per step of the flow: reads through the lake, calls pure code, writes through the lake. No Dagster: assets and the CLI both call it."""
