"""What runs did unasked lately, and deliveries that a stopped push holds back."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create table passed (
            connection_id integer not null,
            object text not null,
            direction text not null,
            at timestamptz default clock_timestamp() not null,
            effect text not null,
            ids text[] not null,
            constraint ck_passed_direction check (direction in ('in', 'out')),
            constraint ck_passed_effect check (effect in ('creates', 'changes', 'nulls', 'deletes'))
        );
        create index ix_passed_lately on passed (connection_id, object, direction, at);
        alter table delivery add column plan_id bigint;
        create index ix_delivery_plan on delivery (plan_id) where plan_id is not null;
        """
    )


def downgrade() -> None:
    op.execute("drop table passed; drop index ix_delivery_plan; alter table delivery drop column plan_id")
