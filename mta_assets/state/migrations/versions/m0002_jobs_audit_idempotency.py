"""Jobs, heartbeats, the audit log, idempotent requests."""

import sqlalchemy as sa
from alembic import op

from mta_assets.state.tables import UtcTime

revision, down_revision, branch_labels, depends_on = "0002", "0001", None, None


def upgrade() -> None:
    """Make their tables."""
    _jobs()
    op.create_table(
        "heartbeats", _number(), sa.Column("name", sa.String(), nullable=False, unique=True), sa.Column("at", UtcTime(), nullable=False)
    )
    _audit()
    _idempotency()


def downgrade() -> None:
    """Drop the tables."""
    for table in ("idempotency", "audit", "heartbeats", "jobs"):
        op.drop_table(table)


def _jobs() -> None:
    op.create_table(
        "jobs",
        _number(),
        sa.Column("id", sa.String(), nullable=False, unique=True),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("stage", sa.String()),
        sa.Column("percent", sa.Float(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String()),
        sa.Column("reason", sa.String()),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("started_at", UtcTime()),
        sa.Column("finished_at", UtcTime()),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sqlite_autoincrement=True,
    )
    for column in ("owner", "state", "run_id"):
        op.create_index(f"ix_jobs_{column}", "jobs", [column])


def _audit() -> None:
    op.create_table(
        "audit",
        _number(),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("request_id", sa.String()),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("owner", sa.String()),
        sa.Column("key_id", sa.String()),
        sa.Column("address", sa.String()),
        sa.Column("subject", sa.String()),
        sa.Column("details", sa.JSON(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_at", "audit", ["at"])


def _idempotency() -> None:
    op.create_table(
        "idempotency",
        _number(),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("headers", sa.JSON()),
        sa.Column("body", sa.LargeBinary()),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.UniqueConstraint("owner", "key"),
        sqlite_autoincrement=True,  # a number is a ticket: SQLite would give that of a deleted row again
    )
    op.create_index("ix_idempotency_expires_at", "idempotency", ["expires_at"])


def _number() -> sa.Column[int]:
    return sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True)
