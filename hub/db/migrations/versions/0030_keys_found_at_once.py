"""Keys are found by their indexes alone: without lists of new ones, which every search would read through."""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

# A list may grow to 4 MB before anything empties it; a batch of searches then takes 600 ms instead of 2.
_INDEXES = ("ix_deal_claim_keys", "ix_match_key_keys", "ix_name_index_keys")


def upgrade() -> None:
    for name in _INDEXES:
        op.execute(f"alter index {name} set (fastupdate = off)")
        op.execute(f"select gin_clean_pending_list('{name}')")


def downgrade() -> None:
    for name in _INDEXES:
        op.execute(f"alter index {name} reset (fastupdate)")
