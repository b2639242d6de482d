"""Alerts, what is told of them, and what the API's servers say of themselves."""

import sqlalchemy as sa
from alembic import op

from mta_assets.state.tables import UtcTime

revision, down_revision, branch_labels, depends_on = "0006", "0004", None, None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "alerts",
        _number(),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("numbers", sa.JSON(), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.Column("seen_at", UtcTime(), nullable=False),
        sa.Column("told_severity", sa.String()),
        sa.Column("told_at", UtcTime()),
        sa.Column("absent_since", UtcTime()),
        sa.Column("resolved_at", UtcTime()),
        sa.UniqueConstraint("rule", "subject"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "alert_messages",
        _number(),
        sa.Column("id", sa.String(), nullable=False, unique=True),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=False),
        sa.Column("uncertain", sa.Boolean(), nullable=False),
        sa.Column("error", sa.String()),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime()),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alert_messages_state", "alert_messages", ["state"])
    op.create_table(
        "alert_notices",
        _number(),
        sa.Column("message_id", sa.String(), sa.ForeignKey("alert_messages.id", ondelete="CASCADE")),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("numbers", sa.JSON(), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alert_notices_message_id", "alert_notices", ["message_id"])
    op.create_table(
        "vitals",
        _number(),
        sa.Column("server", sa.String(), nullable=False),
        sa.Column("began_at", UtcTime(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("rate_limited", sa.Integer(), nullable=False),
        sa.Column("cpu_percent", sa.Float(), nullable=False),
        sa.Column("memory_percent", sa.Float(), nullable=False),
        sa.UniqueConstraint("server", "at"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_vitals_at", "vitals", ["at"])


def downgrade() -> None:
    """Remove them, with what they hold."""
    for table in ("vitals", "alert_notices", "alert_messages", "alerts"):
        op.drop_table(table)


def _number() -> sa.Column[int]:
    return sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True)
