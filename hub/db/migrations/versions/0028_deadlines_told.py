"""Of which deadlines somebody was told, and alerts that are past their time."""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        alter table deal_review add column warned_for timestamptz, add column escalated_for timestamptz;
        create index ix_seller_alert_unseen on seller_alert (due_at) where status = 'open' and escalated_at is null;
        """
    )


def downgrade() -> None:
    op.execute("drop index ix_seller_alert_unseen")
    op.execute("alter table deal_review drop column warned_for, drop column escalated_for")
