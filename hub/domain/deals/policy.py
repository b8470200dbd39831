"""A policy ready for use: what it says of each rule, by programme, tier, region and deal type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from hub.domain.cel import Expression
from hub.domain.deals.calendar import BusinessCalendar
from hub.domain.deals.facts import Facts
from hub.domain.deals.outcomes import Group, Kind
from hub.domain.deals.registry import Params

DIMENSIONS = ("program", "tier", "region", "deal_type")
VARIABLES = frozenset({"registration", "standing", "relation", "request", "region", "now"})
"""What a condition of a policy may use."""

OnBlock = Literal["reject", "hold"]


@dataclass(frozen=True, slots=True)
class Scope:
    """For what a policy is asked; None where it is not known."""

    program: str | None = None
    tier: str | None = None
    region: str | None = None
    deal_type: str | None = None


@dataclass(frozen=True, slots=True)
class RuleSetting:
    """What holds for one rule in one scope. `when` None: always."""

    enabled: bool
    outcome: Kind
    params: Params
    text: str
    reason_code: str | None
    when: Expression | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """A setting for some scopes: those whose value in every named dimension is one of the listed ones."""

    within: Mapping[str, frozenset[str]]
    setting: RuleSetting
    order: int = 0

    def covers(self, scope: Scope) -> bool:
        return all(getattr(scope, name) in values for name, values in self.within.items())

    @property
    def rank(self) -> tuple[int, int]:
        """The more dimensions are named, the more specific; `order` decides among equals."""
        return len(self.within), self.order


@dataclass(frozen=True, slots=True)
class RulePolicy:
    """The setting of a rule, and its variants."""

    base: RuleSetting
    variants: tuple[Variant, ...] = ()

    def setting(self, scope: Scope) -> RuleSetting:
        """The most specific one that covers the scope."""
        winner = max((v for v in self.variants if v.covers(scope)), key=lambda v: v.rank, default=None)
        return winner.setting if winner else self.base


@dataclass(frozen=True, slots=True)
class CustomRule:
    """A rule that a policy makes up: where `when` holds, it gives its outcome."""

    name: str
    group: Group
    when: Expression
    outcome: Kind
    internal: str
    text: str
    reason_code: str | None = None
    next_actions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Policy:
    """All of it. `digest` changes with anything that it says; `edition` is its name for people."""

    edition: str
    digest: str
    regions: Mapping[str, frozenset[str]]
    calendar: BusinessCalendar
    on_block: Mapping[Group, OnBlock]
    rules: Mapping[str, RulePolicy]
    custom: tuple[CustomRule, ...] = ()
    acknowledge_within: Mapping[str, timedelta] = field(default_factory=dict)
    """Business time within which somebody should have seen an alert to sellers, by its kind."""
    _settings: dict[Scope, dict[str, RuleSetting]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def version(self) -> str:
        """Edition and digest, as every outcome carries it."""
        return f"{self.edition}+{self.digest[:8]}"

    def region_of(self, country: str | None) -> str | None:
        return next((name for name, countries in self.regions.items() if country in countries), None)

    def scope_of(self, facts: Facts) -> Scope:
        mine, standing = facts.registration, facts.standing
        return Scope(standing.program, standing.tier, self.region_of(mine.country), mine.deal_type)

    def settings(self, scope: Scope) -> Mapping[str, RuleSetting]:
        """The setting of every rule of the catalogue in a scope."""
        if scope not in self._settings:
            self._settings[scope] = {name: rule.setting(scope) for name, rule in self.rules.items()}
        return self._settings[scope]
