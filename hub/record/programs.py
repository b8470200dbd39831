"""Onboard zone, second part: programmes and tiers, enrolment, contracts and business plans."""

from hub.record.definition import Field, RecordType

PROGRAM = RecordType(
    name="program",
    zone="onboard",
    doc="A partner programme with its tiers.",
    title="name",
    own_fields=(
        Field("code", "text", "Short unique name.", required=True, max_length=64),
        Field("name", "text", "Name for people.", required=True),
        Field("description", "longtext", "What the programme offers and asks."),
        Field("is_active", "bool", "Whether partners can join."),
    ),
    natural_keys=(("code",),),
)

PROGRAM_TIER = RecordType(
    name="program_tier",
    zone="onboard",
    doc="A step of a programme; a higher rank is a better tier.",
    title="name",
    own_fields=(
        Field("program", "link", "The programme.", required=True, link="program"),
        Field("code", "text", "Short name, unique in the programme.", required=True, max_length=64),
        Field("name", "text", "Name for people.", required=True),
        Field("rank", "int", "Order among the tiers, from 1 for the lowest.", required=True),
        Field("protection_days", "int", "Days of protection that an approved registration gets."),
    ),
    natural_keys=(("program", "code"),),
    effective_dated=True,
)

TIER_REQUIREMENT = RecordType(
    name="tier_requirement",
    zone="onboard",
    doc="What a partner must reach to be in a tier; all requirements of a tier count together.",
    title="metric",
    own_fields=(
        Field("tier", "link", "The tier.", required=True, link="program_tier"),
        Field("metric", "text", "Name of the measured figure, such as certified_people.", required=True, max_length=64),
        Field("minimum", "decimal", "The least value that fulfils it.", required=True),
        Field("currency", "text", "ISO 4217 code, where the figure is an amount.", max_length=3),
        Field("window_months", "int", "Months over which the figure is counted; empty means since ever."),
    ),
    natural_keys=(("tier", "metric"),),
    effective_dated=True,
)

BENEFIT = RecordType(
    name="benefit",
    zone="onboard",
    doc="What a tier gives its partners.",
    title="name",
    own_fields=(
        Field("tier", "link", "The tier.", required=True, link="program_tier"),
        Field("code", "text", "Short name, unique in the tier.", required=True, max_length=64),
        Field("name", "text", "Name for people.", required=True),
        Field(
            "kind",
            "choice",
            "What sort of benefit it is.",
            choices=("discount", "mdf", "support", "training", "content", "badge", "other"),
        ),
        Field("rate", "decimal", "Discount or share, from 0 to 1."),
        Field("amount", "money", "Fixed amount."),
    ),
    natural_keys=(("tier", "code"),),
    effective_dated=True,
)

PROGRAM_MEMBERSHIP = RecordType(
    name="program_membership",
    zone="onboard",
    doc="A partner's tier in a programme over a time; a change of tier is a new row.",
    title="member_number",
    own_fields=(
        Field("partner", "link", "The member.", required=True, link="partner"),
        Field("program", "link", "The programme.", required=True, link="program"),
        Field("tier", "link", "The tier held.", link="program_tier"),
        Field("member_number", "text", "Number of the membership.", max_length=64),
        Field("reason", "text", "Why the row began: joined, requirements met, review, downgrade."),
    ),
    natural_keys=(("partner", "program"),),
    effective_dated=True,
)

ENROLLMENT_TASK = RecordType(
    name="enrollment_task",
    zone="onboard",
    doc="A gate on a partner's way into a programme; gates open in their order.",
    title="name",
    own_fields=(
        Field("partner", "link", "Who has to pass it.", required=True, link="partner"),
        Field("program", "link", "The programme.", link="program"),
        Field("code", "text", "Short name, unique per partner and programme.", required=True, max_length=64),
        Field("name", "text", "Name for people.", required=True),
        Field("position", "int", "Place in the order, from 1."),
        Field("status", "choice", "Where it stands.", choices=("open", "waiting", "done", "waived", "failed")),
        Field("completes_on", "text", "Name of the event that completes it by itself.", max_length=64),
        Field("due_on", "date", "Day by which it should be done."),
        Field("completed_at", "datetime", "When it was done."),
    ),
    natural_keys=(("partner", "program", "code"),),
)

CONTRACT = RecordType(
    name="contract",
    zone="onboard",
    doc="An agreement with a partner, as the e-signature system holds it.",
    title="name",
    own_fields=(
        Field("partner", "link", "The other party.", required=True, link="partner"),
        Field("name", "text", "Title of the agreement.", required=True),
        Field("number", "text", "Our number of the contract.", max_length=64),
        Field("envelope_id", "text", "The e-signature system's id of the envelope.", max_length=128),
        Field(
            "status",
            "choice",
            "Where it stands.",
            choices=("draft", "sent", "signed", "declined", "voided", "expired", "ended"),
        ),
        Field("starts_on", "date", "First day of the term."),
        Field("ends_on", "date", "Last day of the term."),
        Field("signed_at", "datetime", "When the last party signed."),
        Field("auto_renews", "bool", "Whether the term renews unless ended."),
        Field("product_lines", "texts", "Codes of the product lines in scope; empty means all.", max_length=64),
        Field("territories", "texts", "Codes of the territories in scope; empty means all.", max_length=64),
        Field("amends", "link", "The contract that this one amends.", link="contract"),
    ),
    natural_keys=(("number",), ("envelope_id",)),
)

BUSINESS_PLAN = RecordType(
    name="business_plan",
    zone="onboard",
    doc="What a partner and we mean to reach together in a period.",
    title="name",
    own_fields=(
        Field("partner", "link", "Whose plan it is.", required=True, link="partner"),
        Field("name", "text", "Title of the plan.", required=True),
        Field("starts_on", "date", "First day of the period.", required=True),
        Field("ends_on", "date", "Last day of the period."),
        Field("status", "choice", "Where it stands.", choices=("draft", "agreed", "closed")),
        Field("summary", "longtext", "Aims and means in words."),
    ),
    natural_keys=(("partner", "starts_on", "name"),),
)

PLAN_TARGET = RecordType(
    name="plan_target",
    zone="onboard",
    doc="A figure that a business plan aims at.",
    title="metric",
    own_fields=(
        Field("plan", "link", "The plan.", required=True, link="business_plan"),
        Field("metric", "text", "Name of the measured figure, such as revenue.", required=True, max_length=64),
        Field("product_line", "link", "The line it is limited to.", link="product_line"),
        Field("quarter", "int", "Quarter of the period, from 1; empty means the whole period."),
        Field("amount", "money", "The target, where it is an amount."),
        Field("quantity", "decimal", "The target, where it is a count."),
        Field("due_on", "date", "Day by which it should be reached."),
    ),
    natural_keys=(("plan", "metric", "product_line", "quarter"),),
)

PROGRAMS = (
    PROGRAM,
    PROGRAM_TIER,
    TIER_REQUIREMENT,
    BENEFIT,
    PROGRAM_MEMBERSHIP,
    ENROLLMENT_TASK,
    CONTRACT,
    BUSINESS_PLAN,
    PLAN_TARGET,
)
