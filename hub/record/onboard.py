"""Onboard zone: partners, their roles, their place in the hierarchy, their programme and their contracts."""

from hub.record.definition import Field, RecordType
from hub.record.identity import ORGANIZATION, PERSON

PARTNER_ROLES = (
    "reseller",
    "distributor",
    "technology",
    "cosell",
    "referral",
    "msp",
    "mssp",
    "isv",
    "si",
    "agent",
    "dealer",
)
TIERS = ("registered", "silver", "gold", "platinum")

PARTNER = RecordType(
    name="partner",
    zone="onboard",
    doc="An organization that sells, delivers or builds with us, in one or several roles.",
    title="legal_name",
    extends=ORGANIZATION,
    own_fields=(
        Field(
            "status",
            "choice",
            "Where the partnership stands.",
            choices=("prospect", "active", "suspended", "terminated"),
        ),
        Field("tier", "choice", "Current tier of the main programme.", choices=TIERS),
        Field("roles", "choices", "Every role that the partner holds today.", choices=PARTNER_ROLES),
        Field("program_number", "text", "Membership number in the partner programme.", max_length=64),
        Field("contract_end", "date", "Last day of the running contract."),
        Field("commission_rate", "decimal", "Agreed commission, from 0 to 1."),
        Field("onboarded_on", "date", "Day on which the partner became active."),
        Field("partner_manager", "text", "Name of our person who looks after the partner.", max_length=255),
    ),
    natural_keys=(("program_number",),),
)

CONTACT = RecordType(
    name="contact",
    zone="onboard",
    doc="A person as a partner's contact: seen in one affiliation, as CRMs keep people.",
    title="last_name",
    extends=PERSON,
    own_fields=(
        Field("partner", "link", "The partner that the person works for.", link="partner"),
        Field("job_title", "text", "Title as the partner writes it.", personal=True),
        Field("department", "text", "Part of the partner's organization.", max_length=120),
        Field("email_opt_out", "bool", "Whether the person refused marketing mail.", personal=True),
    ),
    natural_keys=(("email", "partner"),),
)

PARTNER_ROLE = RecordType(
    name="partner_role",
    zone="onboard",
    doc="A role that a partner holds over a time; several at once are normal.",
    title="role",
    own_fields=(
        Field("partner", "link", "Who holds the role.", required=True, link="partner"),
        Field("role", "choice", "The role.", required=True, choices=PARTNER_ROLES),
    ),
    natural_keys=(("partner", "role"),),
    effective_dated=True,
)

PARTNER_RELATIONSHIP = RecordType(
    name="partner_relationship",
    zone="onboard",
    doc="An edge of the partner hierarchy, which may have any depth but no circle.",
    title="kind",
    own_fields=(
        Field("upstream", "link", "The partner nearer to us, such as the distributor.", required=True, link="partner"),
        Field("downstream", "link", "The partner behind it, such as the reseller.", required=True, link="partner"),
        Field(
            "kind", "choice", "What the edge says.", required=True, choices=("distributes_to", "sub_agent", "franchise")
        ),
    ),
    natural_keys=(("upstream", "downstream", "kind"),),
    effective_dated=True,
)

TERRITORY = RecordType(
    name="territory",
    zone="onboard",
    doc="A part of the market that a partner may work in.",
    title="name",
    own_fields=(
        Field("code", "text", "Short unique name.", required=True, max_length=64),
        Field("name", "text", "Name for people.", required=True),
        Field("countries", "texts", "ISO 3166-1 alpha-2 codes that it covers.", max_length=2),
        Field("regions", "texts", "ISO 3166-2 codes, where it covers only parts of a country.", max_length=6),
        Field("industries", "texts", "Lines of business that it is limited to; empty means all."),
        Field("parent", "link", "The territory that contains it.", link="territory"),
    ),
    natural_keys=(("code",),),
    effective_dated=True,
)

PRODUCT_LINE = RecordType(
    name="product_line",
    zone="onboard",
    doc="A family of products; the scope that registrations and authorisations are compared by.",
    title="name",
    own_fields=(
        Field("code", "text", "Short unique name.", required=True, max_length=64),
        Field("name", "text", "Name for people.", required=True),
        Field("parent", "link", "The wider line that contains it.", link="product_line"),
        Field("is_active", "bool", "Whether it is still sold."),
    ),
    natural_keys=(("code",),),
)

PARTNER_AUTHORIZATION = RecordType(
    name="partner_authorization",
    zone="onboard",
    doc="A partner's right to sell a product line in a territory.",
    title="partner",
    own_fields=(
        Field("partner", "link", "Who may sell.", required=True, link="partner"),
        Field("product_line", "link", "What may be sold.", required=True, link="product_line"),
        Field("territory", "link", "Where; empty means everywhere.", link="territory"),
        Field("contract", "link", "The contract that grants it.", link="contract"),
        Field("status", "choice", "Whether the right can be used.", choices=("granted", "suspended", "revoked")),
        Field("exclusive", "bool", "Whether nobody else may sell the line there."),
    ),
    natural_keys=(("partner", "product_line", "territory"),),
    effective_dated=True,
)

ONBOARD = (
    PARTNER,
    CONTACT,
    PARTNER_ROLE,
    PARTNER_RELATIONSHIP,
    TERRITORY,
    PRODUCT_LINE,
    PARTNER_AUTHORIZATION,
)
