"""How Alembic runs the migrations: on the connection and in the transaction that `StateStore.migrate` holds. It has no address of its own."""

from alembic import context

from mta_assets.state.tables import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
