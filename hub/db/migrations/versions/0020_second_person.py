"""Conflicts that two people must decide."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        alter table conflict add column needs_second boolean default false not null,
            add column first_by text, add column first_decided jsonb
        """
    )


def downgrade() -> None:
    op.execute("alter table conflict drop column needs_second, drop column first_by, drop column first_decided")
