"""The change log is found by day: for profiles as they were."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_change_at", "change", ["at"], postgresql_using="brin")


def downgrade() -> None:
    op.drop_index("ix_change_at", "change")
