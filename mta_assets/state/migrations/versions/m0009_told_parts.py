"""Which things were told, of alerts that are about several."""

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "0009", "0008", None, None


def upgrade() -> None:
    """Make the column. What fires by then is told once more, where it is about several things: nobody knows which were told."""
    op.add_column("alerts", sa.Column("told_parts", sa.JSON()))


def downgrade() -> None:
    """Remove it."""
    op.drop_column("alerts", "told_parts")
