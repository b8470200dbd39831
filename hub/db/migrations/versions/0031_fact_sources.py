"""Where facts of the rules come from: certifications, holds, sole rights, ends of terms, what mirrors direct sales."""

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("organization", "compliance_hold", "boolean", "Whether a check, as of sanctions lists, forbids business with it."),
    ("organization", "compliance_reason", "text", "What the check found, and who says so."),
    ("partner_authorization", "exclusive", "boolean", "Whether nobody else may sell the line there."),
    ("order_line", "term_ends", "date", "Last day of the term that was ordered, such as a subscription''s."),
)
_RECORD = """
    id uuid not null constraint pk_{0} primary key,
    version integer default 1 not null,
    created_at timestamptz default now() not null,
    updated_at timestamptz default now() not null,
    deleted_at timestamptz,
    merged_into uuid,
    custom jsonb default '{{}}' not null
"""
_COMMENTS = {
    "certification": {
        "": "A proof of knowledge that people of partners can earn.",
        "code": "Short unique name.",
        "name": "Name for people.",
        "product_line": "The line that it is about.",
        "valid_months": "Months for which an award holds; empty means for good.",
        "is_active": "Whether it can still be earned.",
    },
    "certification_award": {
        "": "A certification that somebody earned, and the partner for whom it counts.",
        "certification": "What was earned.",
        "partner": "The partner for whom it counts.",
        "person": "Who earned it; empty where it is the partner''s as a firm.",
        "lms": "The learning system that granted it.",
        "granted_on": "Day on which it was granted.",
        "expires_on": "Last day on which it holds; empty means for good.",
        "revoked_on": "Day on which it was taken away.",
    },
}


def upgrade() -> None:
    for table, name, kind, meaning in _COLUMNS:
        op.execute(f"alter table {table} add column {name} {kind}")
        op.execute(f"comment on column {table}.{name} is '{meaning}'")
    op.execute("alter table connection add column sales_objects text[]")
    op.execute(
        "create index ix_partner_authorization_exclusive on partner_authorization (product_line) where exclusive"
    )
    op.execute(
        f"""
        create table certification ({_RECORD.format("certification")},
            code text not null,
            name text not null,
            product_line uuid constraint fk_certification_product_line references product_line (id) on delete set null,
            valid_months bigint,
            is_active boolean
        );
        create index certification_code_idx on certification (code);
        create index certification_product_line_idx on certification (product_line) where product_line is not null;
        create table certification_award ({_RECORD.format("certification_award")},
            certification uuid not null
                constraint fk_certification_award_certification references certification (id),
            partner uuid constraint fk_certification_award_partner references partner (id) on delete set null,
            person uuid constraint fk_certification_award_person references person (id) on delete set null,
            lms text,
            granted_on date not null,
            expires_on date,
            revoked_on date
        );
        create index certification_award_certification_idx on certification_award (certification);
        create index certification_award_partner_idx on certification_award (partner) where partner is not null;
        create index certification_award_person_idx on certification_award (person) where person is not null;
        create index certification_award_lms_person_certification_granted_on_idx
            on certification_award (lms, person, certification, granted_on)
            where lms is not null and person is not null;
        """
    )
    for table, meanings in _COMMENTS.items():
        for name, meaning in meanings.items():
            what = f"column {table}.{name}" if name else f"table {table}"
            op.execute(f"comment on {what} is '{meaning}'")


def downgrade() -> None:
    op.execute("drop table certification_award, certification")
    op.execute("alter table connection drop column sales_objects")
    for table, name, _, _ in _COLUMNS:
        op.execute(f"alter table {table} drop column {name}")
