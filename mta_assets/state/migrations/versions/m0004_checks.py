"""What checks found."""

import sqlalchemy as sa
from alembic import op

from mta_assets.state.tables import UtcTime

revision, down_revision, branch_labels, depends_on = "0004", "0003", None, None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "checks",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("asset", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("recommendation", sa.String(), nullable=False),
        sa.Column("numbers", sa.JSON(), nullable=False),
        sa.Column("first_day", sa.Date()),
        sa.Column("last_day", sa.Date()),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_checks_asset_name", "checks", ["asset", "name"])
    op.create_index("ix_checks_at", "checks", ["at"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("checks")
