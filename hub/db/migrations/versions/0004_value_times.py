"""When values that came in from systems were set there."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP, UUID

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "value_time",
        sa.Column("record_id", UUID, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("at", TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "field", name="pk_value_time"),
    )


def downgrade() -> None:
    op.drop_table("value_time")
