"""Merges made in the hub, with what they moved."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP, UUID

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_AT = TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "record_merge",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True)),
        sa.Column("record_type", sa.Text, nullable=False),
        sa.Column("loser", UUID, nullable=False),
        sa.Column("survivor", UUID, nullable=False),
        sa.Column("survivor_version", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("review_id", sa.BigInteger),
        sa.Column("moves", JSONB, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("made_at", _AT, nullable=False, server_default=sa.text("now()")),
        sa.Column("undone_by", sa.Text),
        sa.Column("undone_at", _AT),
        sa.PrimaryKeyConstraint("id", name="pk_record_merge"),
        sa.CheckConstraint("kind in ('merge', 'link')", name="ck_record_merge_kind"),
    )
    op.create_index("ix_record_merge_loser", "record_merge", ["loser"])
    op.create_index("ix_record_merge_survivor", "record_merge", ["survivor"])


def downgrade() -> None:
    op.drop_table("record_merge")
