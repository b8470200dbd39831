"""Scans, and what the one under way has seen."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "scan",
        sa.Column("connection_id", sa.Integer, nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("run_id", sa.BigInteger, nullable=False),
        sa.Column("begun_at", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("completed_at", TIMESTAMP(timezone=True)),
        sa.PrimaryKeyConstraint("connection_id", "object"),
    )
    op.create_table(
        "sighting",
        sa.Column("connection_id", sa.Integer, nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("remote_id", sa.Text, nullable=False),
    )
    op.create_index("ix_sighting_remote", "sighting", ["connection_id", "object", "remote_id"])


def downgrade() -> None:
    op.drop_table("sighting")
    op.drop_table("scan")
