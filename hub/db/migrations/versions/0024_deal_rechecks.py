"""Registrations to be judged again because one that stood in their way was decided or ended."""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create table deal_recheck (
            id bigint generated always as identity not null constraint pk_deal_recheck primary key,
            registration_id uuid not null,
            because_of uuid not null,
            asked_at timestamptz default now() not null
        )
        """
    )


def downgrade() -> None:
    op.execute("drop table deal_recheck")
