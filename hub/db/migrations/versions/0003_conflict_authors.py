"""Conflicts keep who wrote theirs, what a person decided, and what was undone."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        alter table conflict add column theirs_by text, add column theirs_at timestamptz,
            add column seen_at timestamptz not null default now(), add column choice text, add column decided jsonb,
            add column decided_version integer, add column undone jsonb,
            add constraint ck_conflict_choice check (choice in ('ours', 'theirs', 'value'))
        """
    )
    op.execute("update conflict set seen_at = created_at")


def downgrade() -> None:
    op.execute(
        "alter table conflict drop column theirs_by, drop column theirs_at, drop column seen_at, drop column choice,"
        " drop column decided, drop column decided_version, drop column undone"
    )
