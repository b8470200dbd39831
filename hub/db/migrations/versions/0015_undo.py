"""What one run changed is found in the change log."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_change_run", "change", ["run_id"], postgresql_using="brin")


def downgrade() -> None:
    op.drop_index("ix_change_run", "change")
