"""The account's object types, properties, pipelines and owners, as a fresh sandbox has them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from hub.sdk.sandbox import FieldChanges

TYPE_IDS = {
    "contacts": "0-1",
    "companies": "0-2",
    "deals": "0-3",
    "notes": "0-46",
    "tasks": "0-27",
}
SINGULAR = {"contacts": "contact", "companies": "company", "deals": "deal", "notes": "note", "tasks": "task"}
_BY_ALIAS = {
    **{name: name for name in TYPE_IDS},
    **{type_id: name for name, type_id in TYPE_IDS.items()},
    **{singular: name for name, singular in SINGULAR.items()},
}

DEAL_PIPELINE = "default"
PARTNER_PIPELINE = "74920115"
# Stage ids of pipelines that a customer made are numeric strings.
PARTNER_STAGES = {
    "draft": "147520301",
    "submitted": "147520302",
    "in_review": "147520303",
    "approved": "147520304",
    "rejected": "147520305",
    "won": "147520306",
    "lost": "147520307",
    "expired": "147520308",
    "withdrawn": "147520309",
}
REGISTRATION_STATUSES = (
    "draft", "submitted", "in_review", "approved", "rejected", "won", "lost", "expired", "withdrawn",
)  # fmt: skip
CURRENCIES = ("EUR", "USD", "GBP", "CHF", "JPY", "SEK", "NOK", "DKK", "PLN", "KWD", "CAD", "AUD")


@dataclass(slots=True)
class Property:
    """One property; `type` is HubSpot's: bool, date, datetime, enumeration, number, phone_number or string."""

    name: str
    type: str = "string"
    field_type: str = "text"
    options: list[str] = field(default_factory=list)
    unique: bool = False
    read_only: bool = False
    custom: bool = False
    # Allows any option list the account holds elsewhere (owners, pipelines).
    referenced: str = ""
    title: str = ""

    @property
    def label(self) -> str:
        return self.title or self.name.replace("hs_", "").replace("_", " ").capitalize()

    @property
    def multiple(self) -> bool:
        return self.field_type == "checkbox"


# Type and fieldType of a property by what it is to the hub.
_KINDS = {
    "text": ("string", "text"),
    "number": ("number", "number"),
    "bool": ("bool", "booleancheckbox"),
    "date": ("date", "date"),
    "datetime": ("datetime", "date"),
    "picklist": ("enumeration", "select"),
    "multipicklist": ("enumeration", "checkbox"),
}


def changed_property(property: Property, changes: FieldChanges) -> Property:
    """The property as an administrator left it; HubSpot knows no required and no shorter properties."""
    if unknown := changes.keys() - {"type", "label", "writable", "values"}:
        raise ValueError(f"HubSpot's properties have no {', '.join(sorted(unknown))}.")
    kind, field_type = _KINDS[changes["type"]] if "type" in changes else (property.type, property.field_type)
    return replace(
        property,
        type=kind,
        field_type=field_type,
        options=changes.get("values", property.options),
        read_only=not changes.get("writable", not property.read_only),
        title=changes.get("label", property.title),
    )


@dataclass(frozen=True, slots=True)
class Stage:
    id: str
    label: str
    probability: str
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Pipeline:
    id: str
    label: str
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class Owner:
    """`id` is what `hubspot_owner_id` holds; it is not the `user_id`."""

    id: str
    user_id: int
    email: str
    first_name: str
    last_name: str


OWNERS = (
    Owner("41629779", 9586504, "dana.field@direct.example", "Dana", "Field"),
    Owner("41629780", 9586505, "omar.reyes@direct.example", "Omar", "Reyes"),
    Owner("41629781", 9586506, "partner.desk@direct.example", "Partner", "Desk"),
)

# Properties that a record carries although nobody set them; contacts name their stamps differently.
DEFAULT_PROPERTIES = {
    "companies": ("name", "domain"),
    "contacts": ("firstname", "lastname", "email"),
    "deals": ("dealname", "amount", "closedate", "pipeline", "dealstage"),
    "notes": (),
    "tasks": (),
}


def type_of(alias: str) -> str | None:
    """The plural name of an object type given by name, singular or type id."""
    return _BY_ALIAS.get(alias.lower())


def modified_property(object_type: str) -> str:
    return "lastmodifieddate" if object_type == "contacts" else "hs_lastmodifieddate"


def created_property(object_type: str) -> str:
    return "hs_createdate" if object_type in ("notes", "tasks") else "createdate"


def fresh_pipelines() -> dict[str, list[Pipeline]]:
    sales = ("appointmentscheduled", "qualifiedtobuy", "presentationscheduled", "decisionmakerboughtin", "contractsent")
    default = [Stage(name, name, f"0.{2 * n}") for n, name in enumerate(sales, start=0)]
    default += [Stage("closedwon", "Closed won", "1.0", True), Stage("closedlost", "Closed lost", "0.0", True)]
    partner = [
        Stage(id, label.replace("_", " ").capitalize(), _PROBABILITY.get(label, "0.2"), label in _CLOSED)
        for label, id in PARTNER_STAGES.items()
    ]
    return {
        "deals": [
            Pipeline(DEAL_PIPELINE, "Sales Pipeline", tuple(default)),
            Pipeline(PARTNER_PIPELINE, "Partner deals", tuple(partner)),
        ]
    }


PARTNER_ROLES = (
    "reseller", "distributor", "msp", "si", "isv", "referral", "technology", "cosell", "mssp", "agent", "dealer",
)  # fmt: skip
_PROBABILITY = {"approved": "0.5", "won": "1.0", "lost": "0.0", "rejected": "0.0"}
_CLOSED = ("won", "lost", "rejected", "expired", "withdrawn")


def fresh_properties() -> dict[str, dict[str, Property]]:
    return {
        object_type: {each.name: each for each in (*_system(object_type), *own)}
        for object_type, own in (
            ("companies", _companies()),
            ("contacts", _contacts()),
            ("deals", _deals()),
            ("notes", _notes()),
            ("tasks", _tasks()),
        )
    }


def _system(object_type: str) -> Iterable[Property]:
    yield Property("hs_object_id", "number", "number", read_only=True, unique=True)
    yield Property(created_property(object_type), "datetime", "date", read_only=True)
    yield Property(modified_property(object_type), "datetime", "date", read_only=True)
    yield Property("hs_updated_by_user_id", "number", "number", read_only=True, title="Updated by user ID")
    yield Property("hs_merged_object_ids", "enumeration", "checkbox", read_only=True)
    yield Property("hubspot_owner_id", "enumeration", "select", referenced="owners")


def _text(*names: str, custom: bool = False) -> list[Property]:
    return [Property(name, custom=custom) for name in names]


def _select(name: str, *options: str, many: bool = False, custom: bool = True) -> Property:
    return Property(name, "enumeration", "checkbox" if many else "select", list(options), custom=custom)


def _key(name: str) -> Property:
    return Property(name, unique=True, custom=True)


def _companies() -> list[Property]:
    return [
        *_text("name", "domain", "website", "phone", "address", "city", "state", "zip", "country", "description"),
        *_text("country_code", "vat_number", "duns", custom=True),
        Property("annualrevenue", "number", "number"),
        Property("numberofemployees", "number", "number"),
        _select("type", "PARTNER", "PROSPECT", "RESELLER", "VENDOR", "OTHER", custom=False),
        _select("partner_tier", "registered", "silver", "gold", "platinum"),
        _select("partner_status", "prospect", "active", "suspended", "terminated"),
        _select("partner_roles", *PARTNER_ROLES, many=True),
        _select("revenue_currency", *CURRENCIES),
        Property("contract_end", "date", "date", custom=True),
        _key("program_number"),
        _key("hub_id"),
    ]


def _contacts() -> list[Property]:
    return [
        *_text("firstname", "lastname", "phone", "mobilephone", "jobtitle", "department"),
        Property("email", unique=True),
        Property("email_opt_out", "bool", "booleancheckbox", ["true", "false"], custom=True),
        _select("lifecyclestage", "subscriber", "lead", "opportunity", "customer", "other", custom=False),
        _key("hub_id"),
    ]


def _deals() -> list[Property]:
    return [
        *_text("dealname", "description"),
        Property("amount", "number", "number"),
        _select("deal_currency_code", *CURRENCIES, custom=False),
        Property("closedate", "datetime", "date"),
        Property("pipeline", "enumeration", "select", referenced="pipelines"),
        Property("dealstage", "enumeration", "radio", referenced="stages"),
        *_text("partner_name", "customer_name", "customer_domain", "customer_country", custom=True),
        *_text("partner_reference", "rejection_reason", custom=True),
        _select("registration_status", *REGISTRATION_STATUSES),
        _select("product_lines", "core", "cloud", "security", "services", many=True),
        Property("submitted_at", "datetime", "date", custom=True),
        Property("partner_amount", "number", "number", custom=True),
        _select("partner_currency", *CURRENCIES),
        Property("partner_close_date", "date", "date", custom=True),
        Property("partner_protection_ends", "date", "date", custom=True),
        Property("notes_last_contacted", "datetime", "date"),
        _key("partner_deal_id"),
    ]


def _notes() -> list[Property]:
    return [Property("hs_timestamp", "datetime", "date"), Property("hs_note_body", field_type="html"), _key("hub_id")]


def _tasks() -> list[Property]:
    return [
        Property("hs_timestamp", "datetime", "date"),
        *_text("hs_task_subject", "hs_task_body"),
        _select("hs_task_status", "NOT_STARTED", "IN_PROGRESS", "WAITING", "COMPLETED", "DEFERRED", custom=False),
        _select("hs_task_priority", "NONE", "LOW", "MEDIUM", "HIGH", custom=False),
        Property("partner_alert_at", "datetime", "date", custom=True),
        _key("hub_id"),
    ]
