"""What runs count of themselves, and the span of the request that asked for a job."""

import sqlalchemy as sa
from alembic import op

from mta_assets.state.tables import UtcTime

revision, down_revision, branch_labels, depends_on = "0008", "0007", None, None


def upgrade() -> None:
    """Make the table and the column."""
    op.create_table(
        "figures",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("labels", sa.String(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.UniqueConstraint("name", "labels"),
        sqlite_autoincrement=True,
    )
    op.add_column("jobs", sa.Column("traceparent", sa.String()))


def downgrade() -> None:
    """Remove both."""
    op.drop_column("jobs", "traceparent")
    op.drop_table("figures")
