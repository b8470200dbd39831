"""What people decided about pairs of records."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP, UUID

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_AT = TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "match_decision",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True)),
        sa.Column("record_type", sa.Text, nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
        *_side("left"),
        *_side("right"),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("decided_at", _AT, nullable=False, server_default=sa.text("now()")),
        sa.Column("review_id", sa.BigInteger),
        sa.Column("merge_id", sa.BigInteger),
        sa.Column("revoked_at", _AT),
        sa.PrimaryKeyConstraint("id", name="pk_match_decision"),
        sa.CheckConstraint("decision in ('same', 'apart')", name="ck_match_decision_decision"),
    )
    for side in ("left", "right"):
        op.create_index(f"ix_match_decision_{side}_keys", "match_decision", [f"{side}_keys"], postgresql_using="gin")
    op.create_index("ix_match_decision_merge", "match_decision", ["merge_id"])


def downgrade() -> None:
    op.drop_table("match_decision")


def _side(name: str) -> list[sa.Column[object]]:
    return [
        sa.Column(f"{name}_record", UUID, nullable=False),
        sa.Column(f"{name}_keys", ARRAY(sa.Text), nullable=False),
        sa.Column(f"{name}_features", JSONB, nullable=False),
    ]
