"""Answers to submissions are kept as the text that was sent, and found by age when they are pruned."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("delete from deal_submission where answer is null")
    op.execute("alter table deal_submission alter column answer type json, alter column answer set not null")
    op.execute("create index ix_deal_submission_at on deal_submission (at)")


def downgrade() -> None:
    op.execute("drop index ix_deal_submission_at")
    op.execute("alter table deal_submission alter column answer drop not null, alter column answer type jsonb")
