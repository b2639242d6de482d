"""The history of the state store's tables, for Alembic. One file per change; a file that was released is never edited."""
