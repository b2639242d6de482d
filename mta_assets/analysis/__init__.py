"""One-off analysis: files in, every model's credit out, by the same code as the assets and with no lake and no Dagster."""
