"""Departures: how links ended, and deletions that wait for their grace."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP, UUID

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "departure",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("connection_id", sa.Integer, nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("remote_id", sa.Text, nullable=False),
        sa.Column("record_id", UUID, nullable=False),
        sa.Column("record_type", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("into_object", sa.Text),
        sa.Column("into_id", sa.Text),
        sa.Column("policy", sa.Text, nullable=False),
        sa.Column("version", sa.Integer),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("replaced", JSONB),
        sa.Column("remote_at", TIMESTAMP(timezone=True)),
        sa.Column("due_at", TIMESTAMP(timezone=True)),
        sa.Column("settled_at", TIMESTAMP(timezone=True)),
        sa.Column("run_id", sa.BigInteger),
        sa.Column("at", TIMESTAMP(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.CheckConstraint("kind in ('deleted', 'purged', 'merged')", name="kind"),
        sa.CheckConstraint("source in ('tombstone', 'webhook', 'probe', 'scan', 'hub')", name="source"),
        sa.CheckConstraint("policy in ('mirror', 'deactivate', 'unlink', 'ask')", name="policy"),
        sa.CheckConstraint("state in ('waiting', 'done', 'cancelled')", name="state"),
    )
    op.create_index("ix_departure_link", "departure", ["connection_id", "object", "remote_id"])
    waiting = sa.text("state = 'waiting'")
    op.create_index("ix_departure_due", "departure", ["connection_id", "due_at"], postgresql_where=waiting)


def downgrade() -> None:
    op.drop_table("departure")
