"""Identity zone: who the firms and people are, whatever part they play."""

from hub.record.definition import Field, RecordType

ORGANIZATION = RecordType(
    name="organization",
    zone="identity",
    doc="A firm: partner, distributor or end customer. Its roles decide how it is used.",
    title="legal_name",
    own_fields=(
        Field("legal_name", "text", "Registered name, in its original script.", required=True, max_length=255),
        Field("trade_name", "text", "Name it trades under, where that differs.", max_length=255),
        Field("website_domain", "text", "Registrable domain of its site, lower case, such as example.com."),
        Field("website", "text", "Address of its site.", max_length=1024),
        Field("phone", "text", "Main number in E.164 form.", max_length=40),
        Field("email", "text", "General mailbox, not that of a person.", max_length=320),
        Field("street", "text", "Street and number; several lines are joined by a comma.", max_length=500),
        Field("city", "text", "City or town.", max_length=120),
        Field("region", "text", "State, province or region.", max_length=120),
        Field("postal_code", "text", "Postal code as written in its country.", max_length=20),
        Field("country", "text", "ISO 3166-1 alpha-2 code, upper case.", max_length=2),
        Field("industry", "text", "Line of business in the words of the system that knows it.", max_length=120),
        Field("annual_revenue", "money", "Revenue of the last closed year."),
        Field("employees", "int", "Number of employees."),
        Field("parent", "link", "The organization that directly owns this one.", link="organization"),
        Field("vat_number", "text", "VAT number with its country prefix, without blanks.", max_length=32),
        Field("duns", "text", "D-U-N-S number, nine digits.", max_length=9),
        Field("lei", "text", "Legal Entity Identifier (ISO 17442).", max_length=20),
        Field("registration_number", "text", "Number in the trade register of its country.", max_length=64),
        Field("preferred_language", "text", "BCP 47 tag, such as nl-BE.", max_length=35),
        Field("description", "longtext", "What the organization does."),
        Field("owner_name", "text", "Our seller who looks after it."),
        Field("owner_email", "text", "Mail address under which that seller works in the CRM.", max_length=320),
        Field("compliance_hold", "bool", "Whether a check, as of sanctions lists, forbids business with it."),
        Field("compliance_reason", "text", "What the check found, and who says so.", max_length=500),
    ),
    natural_keys=(
        ("vat_number",),
        ("duns",),
        ("lei",),
        ("registration_number", "country"),
        ("website_domain", "country"),
    ),
)

ORGANIZATION_NAME = RecordType(
    name="organization_name",
    zone="identity",
    doc="A name that an organization has or had.",
    title="value",
    own_fields=(
        Field("organization", "link", "Whose name it is.", required=True, link="organization"),
        Field(
            "kind",
            "choice",
            "What sort of name it is.",
            required=True,
            choices=("legal", "trade", "former", "transliterated"),
        ),
        Field("value", "text", "The name.", required=True),
        Field("language", "text", "BCP 47 tag of the name, with its script where that tells more.", max_length=35),
    ),
    natural_keys=(("organization", "kind", "value"),),
    effective_dated=True,
)

ORGANIZATION_IDENTIFIER = RecordType(
    name="organization_identifier",
    zone="identity",
    doc="A number under which a register knows an organization.",
    title="value",
    own_fields=(
        Field("organization", "link", "Whose number it is.", required=True, link="organization"),
        Field(
            "scheme", "choice", "The register.", required=True, choices=("duns", "vat", "lei", "reg_no", "tax", "other")
        ),
        Field("value", "text", "The number in the register's canonical form.", required=True, max_length=64),
        Field("country", "text", "Country of the register, ISO 3166-1 alpha-2.", max_length=2),
        Field("verified_at", "datetime", "When the number was last confirmed with the register."),
    ),
    natural_keys=(("scheme", "value", "country"), ("scheme", "value", "organization")),
)

ORGANIZATION_DOMAIN = RecordType(
    name="organization_domain",
    zone="identity",
    doc="An internet domain that an organization uses for its site or its mail.",
    title="domain",
    own_fields=(
        Field("organization", "link", "Who uses the domain.", required=True, link="organization"),
        Field("domain", "text", "Registrable domain, lower case.", required=True),
        Field("purpose", "choice", "What the domain is used for.", choices=("web", "mail", "both")),
        Field("verified_at", "datetime", "When control of the domain was last shown."),
    ),
    natural_keys=(("domain", "organization"),),
)

ORGANIZATION_ADDRESS = RecordType(
    name="organization_address",
    zone="identity",
    doc="A place where an organization is registered, works, or receives goods or bills.",
    title="city",
    own_fields=(
        Field("organization", "link", "Whose address it is.", required=True, link="organization"),
        Field(
            "purpose",
            "choice",
            "What the address is for.",
            required=True,
            choices=("registered", "headquarters", "site", "billing", "shipping"),
        ),
        Field("street", "text", "Street and number; several lines are joined by a comma.", max_length=500),
        Field("city", "text", "City or town.", max_length=120),
        Field("region", "text", "State, province or region.", max_length=120),
        Field("postal_code", "text", "Postal code as written in its country.", max_length=20),
        Field("country", "text", "ISO 3166-1 alpha-2 code, upper case.", max_length=2),
    ),
)

ORGANIZATION_LINK = RecordType(
    name="organization_link",
    zone="identity",
    doc="How two organizations belong together.",
    title="kind",
    own_fields=(
        Field("source", "link", "Subject of the sentence: source owns target.", required=True, link="organization"),
        Field(
            "target", "link", "Object of the sentence: source merged_into target.", required=True, link="organization"
        ),
        Field(
            "kind",
            "choice",
            "How they belong together.",
            required=True,
            choices=("owns", "brand", "branch", "merged_into"),
        ),
        Field("share", "decimal", "Part that is owned, from 0 to 1."),
    ),
    natural_keys=(("source", "target", "kind"),),
    effective_dated=True,
)

PERSON = RecordType(
    name="person",
    zone="identity",
    doc="A natural person, wherever she or he works.",
    title="last_name",
    own_fields=(
        Field("first_name", "text", "Given name.", max_length=120, personal=True),
        Field("last_name", "text", "Family name.", required=True, max_length=120, personal=True),
        Field("email", "text", "Mail address, lower case.", max_length=320, personal=True),
        Field("phone", "text", "Number at work, E.164.", max_length=40, personal=True),
        Field("mobile", "text", "Mobile number, E.164.", max_length=40, personal=True),
        Field("language", "text", "BCP 47 tag of the language the person prefers.", max_length=35, personal=True),
    ),
    natural_keys=(("email", "last_name"),),
)

AFFILIATION = RecordType(
    name="affiliation",
    zone="identity",
    doc="A person's place in an organization over a time.",
    title="job_title",
    own_fields=(
        Field("person", "link", "Who works there.", required=True, link="person"),
        Field("organization", "link", "Where the person works.", required=True, link="organization"),
        Field("job_title", "text", "Title as the organization writes it.", personal=True),
        Field("department", "text", "Part of the organization.", max_length=120),
        Field("is_primary", "bool", "Whether this is the person's main affiliation."),
    ),
    natural_keys=(("person", "organization"),),
    effective_dated=True,
)

IDENTITY = (
    ORGANIZATION,
    ORGANIZATION_NAME,
    ORGANIZATION_IDENTIFIER,
    ORGANIZATION_DOMAIN,
    ORGANIZATION_ADDRESS,
    ORGANIZATION_LINK,
    PERSON,
    AFFILIATION,
)
