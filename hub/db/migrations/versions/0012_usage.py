"""Calls to remote systems, counted by what they were for."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create table usage (
            connection_id integer not null,
            day date not null,
            object text not null,
            purpose text not null,
            calls bigint not null,
            constraint pk_usage primary key (connection_id, day, object, purpose)
        )
        """
    )


def downgrade() -> None:
    op.execute("drop table usage")
