"""One-off analyses that clients ask for: where their files and results lie, how they are done within bounds. No HTTP, no Dagster."""
