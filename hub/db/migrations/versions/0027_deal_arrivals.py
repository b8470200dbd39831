"""Registrations that came in by a system wait here until they are judged; those that are there begin as arrivals."""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create table deal_arrival (
            registration_id uuid not null constraint pk_deal_arrival primary key,
            connection_id integer,
            object text,
            actor text not null,
            since timestamptz not null,
            undecided boolean not null,
            takes_over boolean not null,
            asked_stage text,
            at timestamptz default clock_timestamp() not null,
            next_at timestamptz default clock_timestamp() not null,
            problem text
        );
        create index ix_deal_arrival_order on deal_arrival (undecided, since, registration_id);
        insert into deal_arrival (registration_id, connection_id, object, actor, since, undecided, takes_over)
        select distinct on (d.id) d.id, l.connection_id, l.object, c.name,
            least(coalesce(d.submitted_at, d.created_at), now()),
            d.stage not in ('approved', 'rejected', 'won', 'lost', 'expired', 'withdrawn'), true
        from deal_registration d join link l on l.record_id = d.id and l.state = 'live'
            join connection c on c.id = l.connection_id
        where d.stage <> 'draft' and d.deleted_at is null and d.merged_into is null
            and not exists (select from deal_review r where r.registration_id = d.id)
        order by d.id, l.as_of
        """
    )


def downgrade() -> None:
    op.execute("drop table deal_arrival")
