"""Links that lead to another object: conversions."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("link", sa.Column("redirect_object", sa.Text))
    op.drop_constraint("ck_departure_kind", "departure")
    op.create_check_constraint("kind", "departure", "kind in ('deleted', 'purged', 'merged', 'converted')")


def downgrade() -> None:
    raise RuntimeError("An older program would take converted records for merged ones: restore a backup.")
