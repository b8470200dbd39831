"""Deal registrations: what they claim, their review, decisions as they were made, and events that nobody changes."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_FIELDS = {
    "deal_type": (
        "text",
        "resale renewal services influence referral cosell fulfilment",
        "What the partner contributes; resale when empty.",
    ),
    "channel": ("text", "portal api crm csv mail", "How it was handed in."),
    "route": ("text", "partner marketplace", "How the customer buys."),
    "public_sector": ("boolean", "", "Whether the customer is a public buyer."),
    "renewal": ("boolean", "", "Whether it renews what the customer has."),
    "value_add": ("text", "", "What the partner adds of its own."),
    "contact_name": ("text", "", "Who buys at the customer."),
    "contact_email": ("text", "", "Mail address of the buyer."),
    "contact_role": ("text", "", "What the buyer decides on."),
}
_PROOFS = "mail meeting_note quote tender purchase_order other"


def upgrade() -> None:
    for name, (kind, choices, meaning) in _FIELDS.items():
        op.execute(f"alter table deal_registration add column {name} {kind}")
        op.execute(f"comment on column deal_registration.{name} is '{meaning}'")
        if choices:
            _choice("deal_registration", name, choices)
    op.execute("alter table deal_evidence drop constraint ck_deal_evidence_kind_choice")
    _choice("deal_evidence", "kind", f"{_PROOFS} customer_letter")
    op.execute(
        """
        create sequence deal_place;
        create table deal_review (
            registration_id uuid not null constraint pk_deal_review primary key,
            place bigint,
            sync_state text default 'not_sent' not null,
            allowed interval not null,
            spent interval default '0' not null,
            running_since timestamptz,
            stopped boolean default false not null,
            due_at timestamptz,
            approved_by text[] default '{}' not null,
            extensions integer default 0 not null,
            appeals integer default 0 not null,
            asked text[] default '{}' not null,
            submitted_by text not null,
            constraint ck_deal_review_sync_state check (sync_state in ('not_sent', 'waiting', 'in_step', 'refused'))
        );
        create index ix_deal_review_due on deal_review (due_at) where due_at is not null;
        create table deal_claim (
            registration_id uuid not null constraint pk_deal_claim primary key,
            keys text[] not null,
            product_lines text[] not null
        );
        create index ix_deal_claim_keys on deal_claim using gin (keys);
        create table deal_decision (
            id bigint generated always as identity not null constraint pk_deal_decision primary key,
            registration_id uuid not null,
            policy text not null,
            verdict text not null,
            step text not null,
            facts jsonb not null,
            decision jsonb not null,
            actor text not null,
            at timestamptz not null
        );
        create index ix_deal_decision_registration on deal_decision (registration_id, id);
        create table deal_freeze (
            registration_id uuid not null,
            frozen_by uuid not null,
            since timestamptz default now() not null,
            constraint pk_deal_freeze primary key (registration_id, frozen_by)
        );
        create index ix_deal_freeze_by on deal_freeze (frozen_by);
        create table deal_submission (
            actor text not null,
            key text not null,
            digest bytea not null,
            answer jsonb,
            at timestamptz default now() not null,
            constraint pk_deal_submission primary key (actor, key)
        );
        create table deal_reminder (
            registration_id uuid not null,
            protection_ends date not null,
            days integer not null,
            at timestamptz default now() not null,
            constraint pk_deal_reminder primary key (registration_id, protection_ends, days)
        );

        create function refuse_change() returns trigger language plpgsql as $$
        begin
            raise exception '% rows are never changed', tg_table_name
                using errcode = 'check_violation', constraint = tg_table_name || '_is_append_only';
        end $$;
        -- A merge of registrations may move an event to the survivor; what happened stays as it was told.
        create trigger append_only before update of kind, happened_at, actor, from_status, to_status, reason_code, note,
            deleted_at on deal_event for each row
            when ((old.kind, old.happened_at, old.actor, old.from_status, old.to_status, old.reason_code, old.note,
                old.deleted_at) is distinct from (new.kind, new.happened_at, new.actor, new.from_status, new.to_status,
                new.reason_code, new.note, new.deleted_at)) execute function refuse_change();
        create trigger never_gone before delete on deal_event for each row execute function refuse_change();
        create trigger append_only before update or delete on deal_decision for each row
            execute function refuse_change();
        """
    )


def downgrade() -> None:
    op.execute(
        """
        drop trigger append_only on deal_event;
        drop trigger never_gone on deal_event;
        drop table deal_reminder, deal_submission, deal_freeze, deal_decision, deal_claim, deal_review;
        drop sequence deal_place;
        drop function refuse_change
        """
    )
    op.execute("update deal_evidence set kind = 'other' where kind = 'customer_letter'")
    op.execute("alter table deal_evidence drop constraint ck_deal_evidence_kind_choice")
    _choice("deal_evidence", "kind", _PROOFS)
    for name in _FIELDS:
        op.execute(f"alter table deal_registration drop column {name}")


def _choice(table: str, column: str, choices: str) -> None:
    allowed = ", ".join(f"'{choice}'" for choice in choices.split())
    op.execute(
        f'alter table {table} add constraint ck_{table}_{column}_choice check ("{column}" = any (array[{allowed}]))'
    )
