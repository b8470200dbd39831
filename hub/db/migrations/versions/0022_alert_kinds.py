"""Alerts that decisions are overdue or that nobody saw an alert in time, and when one was handed on."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_BEFORE = (
    "registration_on_account registration_on_opportunity registration_approved registration_extended"
    " registration_changed registration_ended protection_ending direct_on_protected decision_due"
)


def upgrade() -> None:
    _kinds(f"{_BEFORE} decision_overdue not_acknowledged")
    op.execute("alter table seller_alert add column escalated_at timestamptz")
    meaning = "When it was handed on because nobody had seen it in time."
    op.execute(f"comment on column seller_alert.escalated_at is '{meaning}'")


def downgrade() -> None:
    op.execute("delete from seller_alert where kind in ('decision_overdue', 'not_acknowledged')")
    _kinds(_BEFORE)
    op.execute("alter table seller_alert drop column escalated_at")


def _kinds(kinds: str) -> None:
    allowed = ", ".join(f"'{kind}'" for kind in kinds.split())
    op.execute("alter table seller_alert drop constraint ck_seller_alert_kind_choice")
    op.execute(
        f"alter table seller_alert add constraint ck_seller_alert_kind_choice check (kind = any (array[{allowed}]))"
    )
