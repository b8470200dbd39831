"""Sell zone, first part: deal registrations and what belongs to them."""

from hub.record.definition import Field, RecordType

REVIEW_STATES = (
    "draft",
    "submitted",
    "screening",
    "needs_info",
    "conflict_review",
    "pending_approval",
    "approved",
    "approved_teaming",
    "rejected",
    "extended",
    "amended",
    "won",
    "lost",
    "expired",
    "withdrawn",
    "revoked",
    "appealed",
    "merged",
)
REASON_CODES = (
    "duplicate_other_partner",
    "duplicate_same_partner",
    "direct_active",
    "existing_customer",
    "former_customer",
    "renewal",
    "named_account",
    "tender_published",
    "below_minimum",
    "outside_territory",
    "product_not_authorised",
    "partner_not_authorised",
    "not_certified",
    "insufficient_information",
    "not_substantiated",
    "not_viable",
    "wrong_channel",
    "expired_before_action",
    "compliance",
    "other",
)

DEAL_TYPES = ("resale", "renewal", "services", "influence", "referral", "cosell", "fulfilment")

DEAL_REGISTRATION = RecordType(
    name="deal_registration",
    zone="sell",
    doc="A partner's claim to an opportunity at an end customer, checked for conflicts when it arrives.",
    title="name",
    own_fields=(
        Field("name", "text", "Short title of the deal.", required=True),
        Field("partner", "link", "Who registered it.", link="partner"),
        Field("partner_reference", "text", "The partner's own reference, unique per partner.", max_length=128),
        Field("on_behalf_of", "link", "The partner that a distributor registered it for.", link="partner"),
        Field("customer", "link", "The end customer, once recognised.", link="organization"),
        Field("customer_name", "text", "The end customer as the partner wrote it."),
        Field("customer_domain", "text", "Registrable domain of the end customer, lower case."),
        Field("customer_country", "text", "ISO 3166-1 alpha-2 code of the end customer.", max_length=2),
        Field("amount", "money", "Expected value of the deal."),
        Field("close_date", "date", "Day on which the deal is expected to close."),
        Field(
            "stage",
            "choice",
            "Stage of the deal as CRMs show it.",
            choices=(
                "draft",
                "submitted",
                "in_review",
                "approved",
                "rejected",
                "won",
                "lost",
                "expired",
                "withdrawn",
            ),
        ),
        Field("review_status", "choice", "Where the review stands; independent of stage.", choices=REVIEW_STATES),
        Field(
            "product_lines",
            "choices",
            "Product lines that the deal is about.",
            choices=("core", "cloud", "security", "services"),
        ),
        Field("deal_type", "choice", "What the partner contributes; resale when empty.", choices=DEAL_TYPES),
        Field("channel", "choice", "How it was handed in.", choices=("portal", "api", "crm", "csv", "mail")),
        Field("route", "choice", "How the customer buys.", choices=("partner", "marketplace")),
        Field("public_sector", "bool", "Whether the customer is a public buyer."),
        Field("renewal", "bool", "Whether it renews what the customer has."),
        Field("value_add", "text", "What the partner adds of its own.", max_length=500),
        Field("contact_name", "text", "Who buys at the customer.", personal=True),
        Field("contact_email", "text", "Mail address of the buyer.", max_length=320, personal=True),
        Field("contact_role", "text", "What the buyer decides on.", max_length=64),
        Field("submitted_at", "datetime", "When it was handed in, by our clock."),
        Field("complete_at", "datetime", "When everything required was there."),
        Field("eligible_at", "datetime", "When it was complete and passed all gates: first to register counts here."),
        Field("decided_at", "datetime", "When it was approved or rejected."),
        Field("rejection_code", "choice", "Why it was rejected.", choices=REASON_CODES),
        Field("rejection_reason", "longtext", "Why it was rejected, in words for the partner.", max_length=2000),
        Field("protection_ends", "date", "Last day on which the deal is protected."),
        Field("opportunity", "link", "The opportunity in our CRM.", link="opportunity"),
        Field("description", "longtext", "The project in the partner's words."),
    ),
    natural_keys=(("partner", "partner_reference"),),
)

DEAL_PARTY = RecordType(
    name="deal_party",
    zone="sell",
    doc="A partner's role on a deal; a distributor and a reseller on one deal are no conflict.",
    title="role",
    own_fields=(
        Field("deal", "link", "The registration.", required=True, link="deal_registration"),
        Field("partner", "link", "Who takes part.", required=True, link="partner"),
        Field(
            "role",
            "choice",
            "What the partner does on the deal.",
            required=True,
            choices=("distributor", "reseller", "referrer", "influencer", "services", "fulfil"),
        ),
        Field("on_behalf_of", "link", "The partner that it acts for.", link="partner"),
        Field("credit", "decimal", "Share of the credit, from 0 to 1."),
    ),
    natural_keys=(("deal", "partner", "role"),),
)

DEAL_LINE = RecordType(
    name="deal_line",
    zone="sell",
    doc="What is to be sold in a deal.",
    title="sku",
    own_fields=(
        Field("deal", "link", "The registration.", required=True, link="deal_registration"),
        Field("line_number", "int", "Number of the line in the deal, from 1.", required=True),
        Field("product_line", "link", "The family the product belongs to.", link="product_line"),
        Field("sku", "text", "Our article number.", max_length=64),
        Field("description", "text", "The product in words.", max_length=500),
        Field("quantity", "decimal", "How many."),
        Field("unit_price", "money", "Price of one."),
        Field("term_months", "int", "Term of a subscription."),
    ),
    natural_keys=(("deal", "line_number"),),
)

DEAL_EVIDENCE = RecordType(
    name="deal_evidence",
    zone="sell",
    doc="Proof that a partner hands in with a deal or an appeal.",
    title="name",
    own_fields=(
        Field("deal", "link", "The registration.", required=True, link="deal_registration"),
        Field("name", "text", "File name or title.", required=True),
        Field(
            "kind",
            "choice",
            "What sort of proof it is.",
            choices=("mail", "meeting_note", "quote", "tender", "purchase_order", "other", "customer_letter"),
        ),
        Field("dated_on", "date", "The proof's own date."),
        Field("received_at", "datetime", "When it reached us."),
        Field("location", "text", "Where the document is kept.", max_length=1024),
        Field("sha256", "text", "Digest of the document, hexadecimal.", max_length=64),
    ),
    natural_keys=(("deal", "sha256"),),
)

DEAL_EVENT = RecordType(
    name="deal_event",
    zone="sell",
    doc="Something that happened to a deal; rows are added, never changed.",
    title="kind",
    own_fields=(
        Field("deal", "link", "The registration.", required=True, link="deal_registration"),
        Field("kind", "text", "What happened, such as submitted or approved.", required=True, max_length=64),
        Field("happened_at", "datetime", "When, by our clock.", required=True),
        Field("actor", "text", "Who or what did it."),
        Field("from_status", "choice", "Review status before.", choices=REVIEW_STATES),
        Field("to_status", "choice", "Review status after.", choices=REVIEW_STATES),
        Field("reason_code", "choice", "Reason of a decision.", choices=REASON_CODES),
        Field("note", "longtext", "What people have to know about it."),
    ),
)

DEALS = (DEAL_REGISTRATION, DEAL_PARTY, DEAL_LINE, DEAL_EVIDENCE, DEAL_EVENT)
