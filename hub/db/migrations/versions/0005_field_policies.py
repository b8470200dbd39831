"""Field policies: decisions of people that override the mappings' policies."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_AT = TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "field_policy",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True)),
        sa.Column("connection_id", sa.Integer, nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("record_type", sa.Text, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("policy", sa.Text, nullable=False),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("decided_at", _AT, nullable=False, server_default=sa.text("now()")),
        sa.Column("from_conflict", sa.BigInteger),
        sa.Column("revoked_by", sa.Text),
        sa.Column("revoked_at", _AT),
        sa.PrimaryKeyConstraint("id", name="pk_field_policy"),
        sa.CheckConstraint(
            "policy in ('system_of_record', 'prefer_hub', 'prefer_remote')", name="ck_field_policy_policy"
        ),
    )
    op.create_index(
        "uq_field_policy_in_force",
        "field_policy",
        ["connection_id", "object", "field"],
        unique=True,
        postgresql_where=sa.text("revoked_at is null"),
    )


def downgrade() -> None:
    op.drop_table("field_policy")
