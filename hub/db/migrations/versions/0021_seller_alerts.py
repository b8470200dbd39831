"""Alerts to sellers, who owns an account, and the partner's view of an opportunity."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_KINDS = (
    "registration_on_account registration_on_opportunity registration_approved registration_extended"
    " registration_changed registration_ended protection_ending direct_on_protected decision_due"
)
_MEANING = "What our people have to know or do about a partner''s deal: one a business event, shown to them in the CRM."
_MEANINGS = {
    "event_key": "The event that raised it; no event raises two.",
    "kind": "What happened.",
    "subject": "What it is about, in a line.",
    "body": "What happened and what to do, without anything of other partners.",
    "deal": "The registration.",
    "account": "The customer.",
    "opportunity": "The opportunity.",
    "owner_email": "Whom it is for: the mail address in the CRM; none: the queue.",
    "raised_at": "When it was raised, by our clock.",
    "due_at": "Until when somebody should have seen it.",
    "status": "Whether somebody saw it.",
    "acknowledged_at": "When somebody said that they saw it.",
    "acknowledged_by": "Who said so.",
}
_COLUMNS = (
    ("organization", "owner_name", "text", "Our seller who looks after it."),
    ("organization", "owner_email", "text", "Mail address under which that seller works in the CRM."),
    ("opportunity", "owner_email", "text", "Mail address under which that seller works in the CRM."),
    ("opportunity", "partner_stage", "text", "Stage as the partner sees it."),
    ("opportunity", "partner_amount", "numeric", "Value as the partner sees it."),
    ("opportunity", "partner_amount_currency", "text", None),
    ("opportunity", "partner_close_date", "date", "Day on which the partner expects it to close."),
)


def upgrade() -> None:
    for table, name, kind, meaning in _COLUMNS:
        op.execute(f"alter table {table} add column {name} {kind}")
        if meaning:
            op.execute(f"comment on column {table}.{name} is '{meaning}'")
    op.execute(
        "alter table opportunity add constraint ck_opportunity_partner_amount_has_currency"
        ' check (("partner_amount" is null) = (partner_amount_currency is null))'
    )
    kinds = ", ".join(f"'{kind}'" for kind in _KINDS.split())
    op.execute(
        f"""
        create table seller_alert (
            id uuid not null constraint pk_seller_alert primary key,
            version integer default 1 not null,
            created_at timestamptz default now() not null,
            updated_at timestamptz default now() not null,
            deleted_at timestamptz,
            merged_into uuid,
            event_key text not null,
            kind text not null,
            subject text not null,
            body text,
            deal uuid constraint fk_seller_alert_deal references deal_registration (id) on delete set null,
            account uuid constraint fk_seller_alert_account references organization (id) on delete set null,
            opportunity uuid constraint fk_seller_alert_opportunity references opportunity (id) on delete set null,
            owner_email text,
            raised_at timestamptz not null,
            due_at timestamptz,
            status text not null,
            acknowledged_at timestamptz,
            acknowledged_by text,
            custom jsonb default '{{}}' not null,
            constraint ck_seller_alert_kind_choice check (kind = any (array[{kinds}])),
            constraint ck_seller_alert_status_choice check (status = any (array['open', 'acknowledged']))
        );
        create index seller_alert_event_key_idx on seller_alert (event_key);
        create index seller_alert_deal_idx on seller_alert (deal) where deal is not null;
        create index seller_alert_account_idx on seller_alert (account) where account is not null;
        create index seller_alert_opportunity_idx on seller_alert (opportunity) where opportunity is not null;
        """
    )
    op.execute(f"comment on table seller_alert is '{_MEANING}'")
    for name, meaning in _MEANINGS.items():
        op.execute(f"comment on column seller_alert.{name} is '{meaning}'")


def downgrade() -> None:
    op.execute("drop table seller_alert")
    for table, name, _, _ in _COLUMNS:
        op.execute(f"alter table {table} drop column {name}")
