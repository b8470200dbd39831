"""What a policy means as a whole: names that nobody declared, variants that never win, settings that contradict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from hub.domain.cel import Expression, ExpressionError
from hub.domain.deals.policy import Policy, Scope, Variant
from hub.domain.deals.rules import RULES
from hub.files.issues import Issue
from hub.files.source import Path_, Source
from hub.policy.contradictions import contradictions
from hub.policy.schema import PolicyDoc
from hub.record.deals import DEAL_TYPES

MOST_SCOPES = 20_000


def check(policy: Policy, doc: PolicyDoc, source: Source) -> Iterator[Issue]:
    """Errors stop the policy; warnings do not."""
    yield from _names(doc, source)
    yield from _conditions(policy, source)
    scopes = all_scopes(doc)
    if len(scopes) > MOST_SCOPES:
        message = f"{len(scopes)} combinations of programme, tier, region and deal type are more than {MOST_SCOPES}."
        yield source.issue(("programs",), "programs", message)
        return
    for name in doc.rules:
        yield from _variants(policy, name, scopes, source)
    yield from _left_out(doc, source)
    yield from contradictions(policy, doc, scopes, source)


def all_scopes(doc: PolicyDoc) -> list[Scope]:
    """Every combination that a registration can come in, unknown values included."""
    return [
        Scope(*values)
        for values in product((*doc.programs, None), (*doc.tiers, None), (*doc.regions, None), DEAL_TYPES)
    ]


def _names(doc: PolicyDoc, source: Source) -> Iterator[Issue]:
    known = {
        "program": set(doc.programs),
        "tier": set(doc.tiers),
        "region": set(doc.regions),
        "deal_type": set(DEAL_TYPES),
    }
    for name, rule in doc.rules.items():
        for index, variant in enumerate(rule.variants):
            for dimension, names in known.items():
                for value in getattr(variant.for_, dimension):
                    if value not in names:
                        there = ", ".join(sorted(names)) or "none"
                        message = f"There is no {dimension} {value!r} in this policy; there are: {there}."
                        yield source.issue(("rules", name, "variants", index, "for", dimension), name, message)
    yield from _twice(doc, source)


def _twice(doc: PolicyDoc, source: Source) -> Iterator[Issue]:
    region_of: dict[str, str] = {}
    for region, countries in doc.regions.items():
        for country in countries:
            if region_of.setdefault(country, region) != region:
                message = f"{country} lies in {region_of[country]} already."
                yield source.issue(("regions", region), "regions", message)
    seen: set[str] = set()
    for index, custom in enumerate(doc.custom):
        if custom.name in seen:
            yield source.issue(("custom", index), custom.name, "There is a rule of this name already.")
        seen.add(custom.name)


def _variants(policy: Policy, name: str, scopes: list[Scope], source: Source) -> Iterator[Issue]:
    """Which variant wins is found by trying every scope, so what is said here is exact."""
    variants = policy.rules[name].variants
    wins: set[int] = set()
    ties: dict[tuple[int, int], Scope] = {}
    for scope in scopes:
        covering = [(v.rank, i) for i, v in enumerate(variants) if v.covers(scope)]
        if not covering:
            continue
        best = max(rank for rank, _ in covering)
        top = [i for rank, i in covering if rank == best]
        wins.update(top)
        if len(top) > 1:
            ties.setdefault((top[0], top[1]), scope)
    for index, variant in enumerate(variants):
        path: Path_ = ("rules", name, "variants", index)
        if index not in wins:
            yield source.issue(path, name, _never(variants, variant, scopes))
    for (first, second), scope in ties.items():
        if variants[first].setting != variants[second].setting:
            message = (
                f"It overlaps with variant {first + 1} for {_shown(scope)}, as specific and with another setting:"
                " give one of them an order."
            )
            yield source.issue(("rules", name, "variants", second), name, message)
    if variants and not any(policy.rules[name].setting(scope).enabled for scope in scopes):
        message = "It is switched off everywhere, so its variants are never used."
        yield source.issue(("rules", name), name, message)


def _never(variants: tuple[Variant, ...], variant: Variant, scopes: list[Scope]) -> str:
    if not any(variant.covers(scope) for scope in scopes):
        return "This variant can never be used: no registration comes in its scope."
    shared = [scope for scope in scopes if variant.covers(scope)]
    by = next(i for i, v in enumerate(variants, 1) if v.rank > variant.rank and any(map(v.covers, shared)))
    return f"This variant can never be used: more specific ones, such as variant {by}, always win."


def _conditions(policy: Policy, source: Source) -> Iterator[Issue]:
    """A condition that uses nothing of the registration is always the same."""
    for index, custom in enumerate(policy.custom):
        if (constant := _constant(custom.when)) is not None:
            path: Path_ = ("custom", index, "when")
            yield source.issue(path, custom.name, f"The condition is always {str(constant).lower()}.")
    for name, rule in policy.rules.items():
        if rule.base.when is not None and _constant(rule.base.when) is False:
            yield source.issue(("rules", name, "when"), name, "The condition never holds: the rule is never used.")


def _constant(expression: Expression) -> bool | None:
    if expression.variables:
        return None
    try:
        result = expression.evaluate({})
    except ExpressionError:
        return None
    return result if isinstance(result, bool) else None


def _left_out(doc: PolicyDoc, source: Source) -> Iterator[Issue]:
    """Rules that the file does not speak of hold with what the catalogue gives them; that may be news to somebody."""
    for name in RULES:
        if name not in doc.rules:
            message = f"The rule {name} is not mentioned; it holds as in the catalogue."
            yield replace(source.issue(("rules",), name, message), level="warning")


def _shown(scope: Scope) -> str:
    parts = {"programme": scope.program, "tier": scope.tier, "region": scope.region, "deal type": scope.deal_type}
    return ", ".join(f"{name} {value or 'unknown'}" for name, value in parts.items())
