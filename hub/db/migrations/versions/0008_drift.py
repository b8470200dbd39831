"""What systems say of their fields, and where that does not fit the mappings any more."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create table schema_snapshot (
            connection_id integer not null,
            object text not null,
            described jsonb,
            mapping_digest text,
            asked_at timestamptz not null,
            seen_at timestamptz,
            constraint pk_schema_snapshot primary key (connection_id, object)
        );
        create table drift (
            id bigint generated always as identity,
            connection_id integer not null,
            object text not null,
            kind text not null,
            field text not null,
            remote text not null,
            stops text not null,
            words text[] not null,
            longest integer,
            file text not null,
            line integer not null,
            message text not null,
            edit text,
            state text default 'open' not null,
            found_at timestamptz default now() not null,
            settled_at timestamptz,
            constraint pk_drift primary key (id),
            constraint ck_drift_stops check (stops in ('both', 'push', 'create', 'nothing')),
            constraint ck_drift_state check (state in ('open', 'settled'))
        );
        create unique index uq_drift_open on drift (connection_id, object, kind, field, remote) where state = 'open';
        """
    )


def downgrade() -> None:
    op.execute("drop table drift; drop table schema_snapshot")
