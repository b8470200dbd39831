"""Sell zone, second part: leads, what the CRM knows, and what was quoted, ordered, sold on and invoiced."""

from hub.record.definition import Field, RecordType

LEAD = RecordType(
    name="lead",
    zone="sell",
    doc="A possible customer that a campaign or a partner brought in.",
    title="company",
    own_fields=(
        Field("company", "text", "Name of the possible customer.", required=True),
        Field("customer", "link", "The customer, once recognised.", link="organization"),
        Field("domain", "text", "Registrable domain, lower case."),
        Field("country", "text", "ISO 3166-1 alpha-2 code.", max_length=2),
        Field("contact_name", "text", "Who showed interest.", personal=True),
        Field("email", "text", "Mail address, lower case.", max_length=320, personal=True),
        Field("phone", "text", "Number in E.164 form.", max_length=40, personal=True),
        Field("kind", "choice", "Who brought it.", choices=("campaign", "referral", "vendor_distributed")),
        Field("status", "choice", "Where it stands.", choices=("new", "assigned", "accepted", "converted", "lost")),
        Field("partner", "link", "Who works on it or referred it.", link="partner"),
        Field("deal", "link", "The registration that it became.", link="deal_registration"),
        Field("received_at", "datetime", "When it arrived."),
        Field("description", "longtext", "What the customer looks for."),
    ),
    natural_keys=(("email", "company"),),
)

OPPORTUNITY = RecordType(
    name="opportunity",
    zone="sell",
    doc="A sales opportunity as our CRM holds it; direct sellers own its amount, stage and close date.",
    title="name",
    own_fields=(
        Field("name", "text", "Title of the opportunity.", required=True),
        Field("account", "link", "The end customer.", link="organization"),
        Field("stage", "text", "Sales stage in the CRM's own words.", max_length=120),
        Field("amount", "money", "Expected value."),
        Field("close_date", "date", "Day on which it is expected to close."),
        Field("probability", "decimal", "Chance of winning, from 0 to 1."),
        Field("is_closed", "bool", "Whether it is decided."),
        Field("is_won", "bool", "Whether it was won."),
        Field("is_direct", "bool", "Whether our own sellers work on it without a partner."),
        Field("owner_name", "text", "Seller who owns it in the CRM."),
        Field("owner_email", "text", "Mail address under which that seller works in the CRM.", max_length=320),
        Field("partner", "link", "The partner on the opportunity.", link="partner"),
        Field("last_activity_on", "date", "Day of the last contact with the customer."),
        Field("partner_stage", "text", "Stage as the partner sees it.", max_length=120),
        Field("partner_amount", "money", "Value as the partner sees it."),
        Field("partner_close_date", "date", "Day on which the partner expects it to close."),
    ),
)

ALERT_KINDS = (
    "registration_on_account",
    "registration_on_opportunity",
    "registration_approved",
    "registration_extended",
    "registration_changed",
    "registration_ended",
    "protection_ending",
    "direct_on_protected",
    "decision_due",
    "decision_overdue",
    "not_acknowledged",
)

SELLER_ALERT = RecordType(
    name="seller_alert",
    zone="sell",
    doc="What our people have to know or do about a partner's deal: one a business event, shown to them in the CRM.",
    title="subject",
    own_fields=(
        Field("event_key", "text", "The event that raised it; no event raises two.", required=True),
        Field("kind", "choice", "What happened.", required=True, choices=ALERT_KINDS),
        Field("subject", "text", "What it is about, in a line.", required=True),
        Field("body", "longtext", "What happened and what to do, without anything of other partners."),
        Field("deal", "link", "The registration.", link="deal_registration"),
        Field("account", "link", "The customer.", link="organization"),
        Field("opportunity", "link", "The opportunity.", link="opportunity"),
        Field("owner_email", "text", "Whom it is for: the mail address in the CRM; none: the queue.", max_length=320),
        Field("raised_at", "datetime", "When it was raised, by our clock.", required=True),
        Field("due_at", "datetime", "Until when somebody should have seen it."),
        Field("status", "choice", "Whether somebody saw it.", required=True, choices=("open", "acknowledged")),
        Field("acknowledged_at", "datetime", "When somebody said that they saw it."),
        Field("acknowledged_by", "text", "Who said so."),
        Field("escalated_at", "datetime", "When it was handed on because nobody had seen it in time."),
    ),
    natural_keys=(("event_key",),),
)

ACTIVITY = RecordType(
    name="activity",
    zone="sell",
    doc="A contact with a customer as our CRM logged it.",
    title="subject",
    own_fields=(
        Field("subject", "text", "What it was about.", required=True),
        Field("kind", "choice", "How it took place.", choices=("call", "mail", "meeting", "task", "note")),
        Field("happened_at", "datetime", "When it took place."),
        Field("account", "link", "The customer.", link="organization"),
        Field("opportunity", "link", "The opportunity.", link="opportunity"),
        Field("person", "link", "With whom.", link="person"),
        Field("owner_name", "text", "Our seller."),
    ),
)

NAMED_ACCOUNT = RecordType(
    name="named_account",
    zone="sell",
    doc="A customer that is reserved for direct sales, or for a partner, over a time.",
    title="organization",
    own_fields=(
        Field("organization", "link", "The customer.", required=True, link="organization"),
        Field("product_line", "link", "The line it is limited to.", link="product_line"),
        Field("reserved_for", "choice", "For whom.", required=True, choices=("direct", "partner")),
        Field("partner", "link", "The partner it is reserved for.", link="partner"),
        Field("owner_name", "text", "Our seller who looks after it."),
    ),
    natural_keys=(("organization", "product_line"),),
    effective_dated=True,
)

TENDER = RecordType(
    name="tender",
    zone="sell",
    doc="A published call for bids; it ends the exclusivity of a registration.",
    title="title",
    own_fields=(
        Field("title", "text", "Title of the call.", required=True, max_length=500),
        Field("reference", "text", "The buyer's number of the call.", max_length=128),
        Field("source", "text", "Where it was published.", max_length=1024),
        Field("buyer", "link", "Who asks for bids.", link="organization"),
        Field("country", "text", "ISO 3166-1 alpha-2 code.", max_length=2),
        Field("published_on", "date", "Day of publication."),
        Field("closes_on", "date", "Last day for bids."),
        Field("product_lines", "texts", "Codes of the product lines asked for.", max_length=64),
    ),
    natural_keys=(("reference", "country"),),
)

COSELL_ENGAGEMENT = RecordType(
    name="cosell_engagement",
    zone="sell",
    doc="Joint work of our sellers and a partner's on one customer.",
    title="name",
    own_fields=(
        Field("name", "text", "Title of the engagement.", required=True),
        Field("partner", "link", "With whom we work.", required=True, link="partner"),
        Field("customer", "link", "The customer.", link="organization"),
        Field("opportunity", "link", "Our opportunity.", link="opportunity"),
        Field("deal", "link", "The partner's registration.", link="deal_registration"),
        Field(
            "status", "choice", "Where it stands.", choices=("proposed", "accepted", "active", "won", "lost", "ended")
        ),
        Field("partner_contact", "link", "Who leads it at the partner.", link="contact"),
        Field("started_on", "date", "First day of the joint work."),
    ),
)

QUOTE = RecordType(
    name="quote",
    zone="sell",
    doc="An offer with its price and term.",
    title="number",
    own_fields=(
        Field("number", "text", "Number of the quote.", required=True, max_length=64),
        Field("partner", "link", "Who quotes or is quoted to.", link="partner"),
        Field("customer", "link", "The end customer.", link="organization"),
        Field("deal", "link", "The registration.", link="deal_registration"),
        Field("opportunity", "link", "The opportunity.", link="opportunity"),
        Field("status", "choice", "Where it stands.", choices=("draft", "sent", "accepted", "declined", "expired")),
        Field("total", "money", "Total without tax."),
        Field("issued_on", "date", "Day of issue."),
        Field("expires_on", "date", "Last day on which it holds."),
    ),
    natural_keys=(("number",),),
)

ORDER_LINE = RecordType(
    name="order_line",
    zone="sell",
    doc="A line of an order that was placed with us.",
    title="order_number",
    own_fields=(
        Field("partner", "link", "Who ordered.", link="partner"),
        Field("customer", "link", "The end customer.", link="organization"),
        Field("order_number", "text", "Number of the order.", required=True, max_length=64),
        Field("line_number", "text", "Number of the line in the order.", required=True, max_length=32),
        Field("deal", "link", "The registration.", link="deal_registration"),
        Field("product_line", "link", "The family the product belongs to.", link="product_line"),
        Field("sku", "text", "Our article number.", max_length=64),
        Field("quantity", "decimal", "How many; negative for a return."),
        Field("unit_price", "money", "Price of one."),
        Field("total", "money", "Price of the line without tax."),
        Field("ordered_on", "date", "Day of the order."),
        Field("status", "choice", "Where it stands.", choices=("booked", "shipped", "cancelled", "returned")),
        Field("term_ends", "date", "Last day of the term that was ordered, such as a subscription's."),
    ),
    natural_keys=(("order_number", "line_number"),),
)

POS_LINE = RecordType(
    name="pos_line",
    zone="sell",
    doc="A line of a distributor's point-of-sale report: what it sold to whom.",
    title="invoice_number",
    own_fields=(
        Field("distributor", "link", "Who reports.", required=True, link="partner"),
        Field("invoice_number", "text", "Number of the distributor's invoice.", required=True, max_length=64),
        Field("line_number", "text", "Number of the line in the invoice.", required=True, max_length=32),
        Field("reseller", "link", "Who bought, once recognised.", link="partner"),
        Field("reseller_name", "text", "Who bought, as reported."),
        Field("customer", "link", "The end customer, once recognised.", link="organization"),
        Field("customer_name", "text", "The end customer, as reported."),
        Field("customer_country", "text", "ISO 3166-1 alpha-2 code.", max_length=2),
        Field("deal", "link", "The registration.", link="deal_registration"),
        Field("sku", "text", "Our article number.", max_length=64),
        Field("serial_numbers", "texts", "Serial numbers, where reported.", max_length=64),
        Field("quantity", "decimal", "How many; negative for a return."),
        Field("unit_price", "money", "Price of one, as reported."),
        Field("sold_on", "date", "Day of the invoice."),
    ),
    natural_keys=(("distributor", "invoice_number", "line_number"),),
)

INVOICE_LINE = RecordType(
    name="invoice_line",
    zone="sell",
    doc="A line of an invoice that we issued.",
    title="invoice_number",
    own_fields=(
        Field("partner", "link", "Who is billed.", link="partner"),
        Field("customer", "link", "The end customer.", link="organization"),
        Field("invoice_number", "text", "Number of the invoice.", required=True, max_length=64),
        Field("line_number", "text", "Number of the line in the invoice.", required=True, max_length=32),
        Field("order_line", "link", "The order line that it bills.", link="order_line"),
        Field("deal", "link", "The registration.", link="deal_registration"),
        Field("sku", "text", "Our article number.", max_length=64),
        Field("quantity", "decimal", "How many; negative for a credit."),
        Field("total", "money", "Price of the line without tax."),
        Field("invoiced_on", "date", "Day of the invoice."),
        Field("paid_on", "date", "Day on which it was paid in full."),
    ),
    natural_keys=(("invoice_number", "line_number"),),
)

SALES = (
    LEAD,
    OPPORTUNITY,
    SELLER_ALERT,
    ACTIVITY,
    NAMED_ACCOUNT,
    TENDER,
    COSELL_ENGAGEMENT,
    QUOTE,
    ORDER_LINE,
    POS_LINE,
    INVOICE_LINE,
)
