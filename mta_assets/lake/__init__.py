"""The only place that reads and writes tables (Delta Lake) and holds DuckDB connections."""
