"""The only place for the SQL state store: API keys, jobs, audit, webhooks. SQLAlchemy and Alembic; no HTTP, no Dagster, no lake."""
