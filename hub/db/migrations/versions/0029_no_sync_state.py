"""The state of a registration's copies is asked for, not kept."""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table deal_review drop column sync_state")


def downgrade() -> None:
    op.execute(
        "alter table deal_review add column sync_state text default 'not_sent' not null, add constraint"
        " ck_deal_review_sync_state check (sync_state in ('not_sent', 'waiting', 'in_step', 'refused'))"
    )
