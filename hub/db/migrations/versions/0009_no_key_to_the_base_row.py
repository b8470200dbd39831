"""No foreign key from an extending table's row to its base row (docs/decisions/0008)."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_EXTENDING = {"partner": "organization", "contact": "person"}


def upgrade() -> None:
    for table in _EXTENDING:
        op.drop_constraint(f"fk_{table}_id", table, type_="foreignkey")


def downgrade() -> None:
    for table, base in _EXTENDING.items():
        op.create_foreign_key(f"fk_{table}_id", table, base, ["id"], ["id"], ondelete="CASCADE")
