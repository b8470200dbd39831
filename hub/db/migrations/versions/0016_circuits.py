"""How often in a row the account of a connection did not answer, and until when somebody probes it."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table connection add failures integer default 0 not null, add probe_until timestamptz")


def downgrade() -> None:
    op.execute("alter table connection drop failures, drop probe_until")
