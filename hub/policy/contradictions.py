"""Settings of different rules that cannot both be meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

from hub.domain.deals.outcomes import Kind
from hub.domain.deals.policy import Policy, RuleSetting, Scope
from hub.domain.deals.registry import Params
from hub.domain.deals.rules.gates import MinimumParams
from hub.domain.deals.rules.process import AutoParams, ExtensionParams, FourEyesParams, WindowParams
from hub.files.issues import Issue
from hub.files.source import Source
from hub.policy.schema import PolicyDoc

Settings = Mapping[str, RuleSetting]
P = TypeVar("P", bound=Params)


def contradictions(policy: Policy, doc: PolicyDoc, scopes: list[Scope], source: Source) -> Iterator[Issue]:
    """Each once with the line of one of the rules, however many scopes it shows in."""
    found: dict[str, Issue] = {}
    for scope in scopes:
        settings = policy.settings(scope)
        for rule, find in _PAIRS:
            if rule not in found and (message := find(settings)):
                found[rule] = source.issue(("rules", rule), rule, message)
    yield from found.values()
    yield from _custom(policy, source)
    for name, said in doc.rules.items():
        if said.enabled is False and (said.params or said.when or said.outcome) and not said.variants:
            message = "It is switched off, so the rest of what is said of it has no effect."
            yield replace(source.issue(("rules", name), name, message), level="warning")


def _custom(policy: Policy, source: Source) -> Iterator[Issue]:
    """Two rules with one condition and different outcomes: only the graver one would ever count."""
    first: dict[str, tuple[str, Kind]] = {}
    for index, rule in enumerate(policy.custom):
        text = " ".join(rule.when.text.split())
        name, outcome = first.setdefault(text, (rule.name, rule.outcome))
        if outcome is not rule.outcome:
            message = f"It has the same condition as {name}, which gives {outcome}: one of the two must go."
            yield source.issue(("custom", index), rule.name, message)


def _params(settings: Settings, rule: str, kind: type[P]) -> P | None:
    setting = settings[rule]
    return setting.params if setting.enabled and isinstance(setting.params, kind) else None


def _auto_above_four_eyes(settings: Settings) -> str | None:
    auto, eyes = _params(settings, "auto_approve", AutoParams), _params(settings, "four_eyes", FourEyesParams)
    return _above(auto.most, eyes.least, "two people must approve") if auto and eyes and auto.tiers else None


def _above(most: Mapping[str, Decimal], least: Mapping[str, Decimal], what: str) -> str | None:
    for currency, amount in most.items():
        if currency in least and amount >= least[currency]:
            return f"A machine could approve {amount} {currency}, but from {least[currency]} {currency} {what}."
    return None


def _auto_below_minimum(settings: Settings) -> str | None:
    auto, minimum = _params(settings, "auto_approve", AutoParams), _params(settings, "minimum_size", MinimumParams)
    if not auto or not minimum or not auto.tiers:
        return None
    for currency, amount in auto.most.items():
        if currency in minimum.least and amount < minimum.least[currency]:
            return (
                f"Up to {amount} {currency} a machine may approve, but less than {minimum.least[currency]} is refused."
            )
    return None


def _late_extension(settings: Settings) -> str | None:
    extension, window = _params(settings, "extension", ExtensionParams), _params(settings, "window", WindowParams)
    if extension and window and extension.earliest_days > window.protection_days:
        return f"It may be asked for {extension.earliest_days} days before the end of {window.protection_days} days."
    return None


def _teaming_switched_off(settings: Settings) -> str | None:
    if settings["value_add_teaming"].enabled:
        return None
    offers = [n for n in ("direct_open_opportunity", "direct_recent_contact", "named_account") if _teams(settings[n])]
    return f"It is switched off, but {', '.join(offers)} gives teaming." if offers else None


def _teams(setting: RuleSetting) -> bool:
    return setting.enabled and setting.outcome is Kind.TEAMING


def _escalation_without_deadline(settings: Settings) -> str | None:
    if settings["escalation"].enabled and not settings["approval_sla"].enabled:
        return "It goes by the deadline of approval_sla, which is switched off."
    return None


_PAIRS: tuple[tuple[str, Callable[[Settings], str | None]], ...] = (
    ("auto_approve", _auto_above_four_eyes),
    ("minimum_size", _auto_below_minimum),
    ("extension", _late_extension),
    ("value_add_teaming", _teaming_switched_off),
    ("escalation", _escalation_without_deadline),
)
