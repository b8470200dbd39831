"""Who reads the change log for himself, and an index of the few changes that alerts follow from."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create table log_reader (
            name text not null constraint pk_log_reader primary key,
            position text not null,
            updated_at timestamptz default now() not null
        );
        create index ix_change_noticed on change (xid, id)
            where record_type in ('opportunity', 'deal_registration', 'seller_alert');
        insert into log_reader (name, position)
            values ('alerts', pg_snapshot_xmin(pg_current_snapshot())::text || '\\:0');
        """
    )


def downgrade() -> None:
    op.execute("drop table log_reader; drop index ix_change_noticed")
