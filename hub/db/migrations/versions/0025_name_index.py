"""Names of organisations with the keys by which misspelt ones are found."""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create table name_index (
            record_id uuid not null constraint pk_name_index primary key,
            version integer not null,
            names text[] not null,
            keys integer[] not null
        );
        create index ix_name_index_keys on name_index using gin (keys);
        -- So that the statistics name all but the rarest keys: the search goes by the rare ones.
        alter table name_index alter column keys set statistics 1000;
        """
    )


def downgrade() -> None:
    op.execute("drop table name_index")
