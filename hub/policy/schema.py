"""The form of a policy file; what its words mean together is for `build` and `check`."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from hub.domain.deals.outcomes import Kind
from hub.record.sell import ALERT_KINDS


def _alert_kind(name: str) -> str:
    if name not in ALERT_KINDS:
        raise ValueError(f"there is no kind of alert {name!r}; there are: {', '.join(ALERT_KINDS)}")
    return name


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Period = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$")]
AlertKind = Annotated[str, AfterValidator(_alert_kind)]
Text = Annotated[str, Field(min_length=1, max_length=500)]


class _Doc(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ForDoc(_Doc):
    """The scopes of a variant: each named dimension must be one of its values."""

    program: list[Name] = Field(default=[], min_length=1)
    tier: list[Name] = Field(default=[], min_length=1)
    region: list[Name] = Field(default=[], min_length=1)
    deal_type: list[Name] = Field(default=[], min_length=1)


class SettingDoc(_Doc):
    """What can be said of a rule; what is left out is as in the catalogue, in a variant as in its rule."""

    enabled: bool | None = None
    outcome: Kind | None = None
    params: dict[str, Any] = {}
    text: Text | None = None
    reason_code: str | None = None
    when: str | None = None


class VariantDoc(SettingDoc):
    """Another setting for some scopes; the one that names most dimensions wins, `order` decides among equals."""

    for_: ForDoc = Field(alias="for")
    order: int = 0


class RuleDoc(SettingDoc):
    """The setting of a rule, and its variants."""

    variants: list[VariantDoc] = []


class CustomDoc(_Doc):
    """A rule of the policy's own."""

    name: Name
    group: Literal["gate", "conflict", "process"] = "process"
    when: str
    outcome: Kind
    internal: Text
    text: Text
    reason_code: str | None = None
    next_actions: list[Text] = []


class CalendarDoc(_Doc):
    """When somebody is there to decide."""

    zone: str
    hours: dict[Weekday, list[Period]]
    holidays: list[date] = []


class AlertsDoc(_Doc):
    """How alerts to sellers are followed up."""

    acknowledge_hours: dict[AlertKind, Annotated[float, Field(gt=0, le=1000)]] = {}


class PolicyDoc(_Doc):
    """A policy of deal registration."""

    version: Literal[1]
    policy: Literal["deal_registration"]
    edition: Annotated[str, Field(min_length=1, max_length=40)]
    programs: list[Name] = Field(min_length=1)
    tiers: list[Name] = Field(min_length=1)
    regions: dict[Name, list[Country]] = {}
    calendar: CalendarDoc
    alerts: AlertsDoc = AlertsDoc()
    on_block: dict[Literal["gate", "conflict", "process"], Literal["reject", "hold"]] = {}
    rules: dict[Name, RuleDoc]
    custom: list[CustomDoc] = []
