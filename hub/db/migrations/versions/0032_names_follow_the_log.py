"""Names are indexed from the first change of the log on; how fresh a connection is, is found by index."""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        insert into log_reader (name, position) values ('name_index', '0\\:0');
        create index ix_run_read on run (connection_id, finished_at) where state = 'done' and kind = 'pull';
        """
    )


def downgrade() -> None:
    op.execute("drop index ix_run_read; delete from log_reader where name = 'name_index'")
