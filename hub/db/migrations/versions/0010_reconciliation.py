"""Reconciliations with what they found."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "disagreement",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=True),
        sa.Column("record_id", sa.UUID(), nullable=True),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("ours", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("theirs", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("repair", sa.Text(), nullable=True),
        sa.Column("reconciliation_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "first_seen_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("last_seen_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "kind in ('value', 'gone', 'unknown', 'unsent', 'deleted')", name=op.f("ck_disagreement_kind")
        ),
        sa.CheckConstraint("repair in ('read', 'send')", name=op.f("ck_disagreement_repair")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disagreement")),
    )
    op.create_index(
        "uq_disagreement_place",
        "disagreement",
        [
            "connection_id",
            "object",
            sa.literal_column("coalesce(remote_id, '')"),
            sa.literal_column("coalesce(CAST(record_id AS TEXT), '')"),
            "field",
        ],
        unique=True,
    )
    op.create_table(
        "reconciliation",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("calls", sa.Integer(), server_default="0", nullable=False),
        sa.Column("records", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("agreement", sa.Float(), server_default="0", nullable=False),
        sa.Column("unread_seconds", sa.Float(), nullable=True),
        sa.Column("undelivered_seconds", sa.Float(), nullable=True),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("causes", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("method in ('stamps', 'scan')", name=op.f("ck_reconciliation_method")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation")),
    )
    op.create_index("ix_reconciliation_connection", "reconciliation", ["connection_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_table("reconciliation")
    op.drop_table("disagreement")
