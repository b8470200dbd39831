"""Plans with their items, and what undoing needs to know of links."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, TIMESTAMP, UUID

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_AT = TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.add_column("connection", sa.Column("begun_at", _AT))
    # Whoever has read a connection to its end once was never asked for a plan, and is not asked now.
    op.execute(
        "update connection c set begun_at = now() where exists"
        " (select from run where run.connection_id = c.id and run.kind = 'pull' and run.state = 'done')"
    )
    op.add_column("link", sa.Column("run_id", sa.BigInteger))
    op.drop_constraint("ck_link_state", "link")
    op.create_check_constraint("state", "link", "state in ('live', 'deleted', 'redirected', 'parted')")
    _plan()
    _plan_item()


def downgrade() -> None:
    raise RuntimeError("An older program would sync connections that wait for their first plan: restore a backup.")


def _plan() -> None:
    op.create_table(
        "plan",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("connection_id", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False, server_default="building"),
        sa.Column("digest", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("options", JSONB, nullable=False, server_default="{}"),
        sa.Column("counts", JSONB, nullable=False, server_default="{}"),
        sa.Column("cost", JSONB, nullable=False, server_default="{}"),
        sa.Column("cursors", JSONB, nullable=False, server_default="{}"),
        sa.Column("needs_second", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("run_id", sa.BigInteger),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", _AT, nullable=False, server_default=sa.text("now()")),
        sa.Column("approved_by", sa.Text),
        sa.Column("approved_at", _AT),
        sa.Column("decided_by", sa.Text),
        sa.Column("decided_at", _AT),
        sa.Column("applied_at", _AT),
        sa.CheckConstraint("kind in ('sync', 'guard', 'undo', 'repair')", name="kind"),
        sa.CheckConstraint(
            "state in ('building', 'proposed', 'approved', 'applying', 'applied', 'rejected', 'superseded', 'failed')",
            name="state",
        ),
    )
    op.create_index("ix_plan_connection", "plan", ["connection_id", "id"])
    op.create_index("ix_plan_run", "plan", ["run_id"], postgresql_where=sa.text("run_id is not null"))


def _plan_item() -> None:
    op.create_table(
        "plan_item",
        sa.Column("plan_id", sa.BigInteger, nullable=False),
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("direction", sa.Text, nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("record_type", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("remote_id", sa.Text),
        sa.Column("record_id", UUID),
        sa.Column("fields", JSONB, nullable=False, server_default="{}"),
        sa.Column("basis_remote", BYTEA),
        sa.Column("basis_version", sa.Integer),
        sa.Column("detail", JSONB, nullable=False, server_default="{}"),
        sa.Column("state", sa.Text, nullable=False, server_default="planned"),
        sa.Column("reason", sa.Text),
        sa.PrimaryKeyConstraint("plan_id", "id"),
        sa.CheckConstraint("direction in ('in', 'out')", name="direction"),
        sa.CheckConstraint("state in ('planned', 'applied', 'skipped')", name="state"),
    )
    op.create_index("ix_plan_item_record", "plan_item", ["record_id"])
    op.create_index(
        "ix_plan_item_planned", "plan_item", ["plan_id", "id"], postgresql_where=sa.text("state = 'planned'")
    )
