"""Judges a registration: every rule is asked, whatever the others said, and all of them make one decision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec

from hub.domain.cel import Expression, ExpressionError
from hub.domain.deals.case import Case
from hub.domain.deals.facts import Facts, Registration
from hub.domain.deals.outcomes import Decision, Group, Kind, Outcome, combine
from hub.domain.deals.policy import CustomRule, Policy, RuleSetting
from hub.domain.deals.registry import Finding, Rule
from hub.domain.deals.rules import RULES
from hub.domain.deals.states import Action


def evaluate(policy: Policy, facts: Facts) -> Decision:
    """Every rule of the catalogue and of the policy, in the catalogue's order, and the decision they make together.

    The same facts and the same policy always give the same decision.
    """
    scope = policy.scope_of(facts)
    settings, version = policy.settings(scope), policy.version
    case = Case(facts, settings, policy.calendar)
    variables = _Variables(facts, scope.region)
    outcomes = [_outcome(version, rule, settings[name], case, variables) for name, rule in RULES.items()]
    return combine(version, [*outcomes, *_custom(policy, facts, variables)])


def follow_up(policy: Policy, decision: Decision) -> Action:
    """The step that a decision leads to from screening."""
    match decision.verdict:
        case Kind.BLOCK:
            blocking = {o.group for o in decision.outcomes if o.outcome is Kind.BLOCK}
            rejects = any(policy.on_block.get(group, "hold") == "reject" for group in blocking)
            return Action.REJECT if rejects and decision.reason_code else Action.HOLD
        case Kind.REVIEW:
            disputed = any(o.outcome is Kind.REVIEW and o.group == "conflict" for o in decision.outcomes)
            return Action.HOLD if disputed else Action.QUEUE
        case Kind.NEEDS_INFO:
            return Action.ASK_INFO
    return Action.APPROVE if decision.auto_approve else Action.QUEUE


class _Variables:
    """What conditions see, made only when there is one."""

    def __init__(self, facts: Facts, region: str | None) -> None:
        self._facts, self._region = facts, region
        self._made: Mapping[str, object] | None = None

    def made(self) -> Mapping[str, object]:
        if self._made is None:
            facts = self._facts
            self._made = {
                "registration": _plain(facts.registration),
                "standing": _plain(facts.standing),
                "relation": facts.relation,
                "request": facts.review.request,
                "region": self._region,
                "now": facts.now,
            }
        return self._made


def _plain(fact: msgspec.Struct) -> Any:
    return msgspec.to_builtins(fact, builtin_types=(Decimal, date, datetime))


def _outcome(version: str, rule: Rule, setting: RuleSetting, case: Case, variables: _Variables) -> Outcome:
    finding = rule.evaluate(case, setting.params) if _applies(setting, variables) else None
    if finding is None:
        return _passed(rule.name, version, rule.group)
    kind = _kind(finding, setting.outcome)
    told = partner_text(finding.text or setting.text, case.registration, finding)
    return Outcome(
        rule=rule.name,
        version=version,
        outcome=kind,
        group=rule.group,
        subjects=(case.registration.id,),
        counterparts=finding.counterparts,
        evidence=finding.evidence,
        score=finding.match.score if finding.match else None,
        features=finding.match.features if finding.match else (),
        message_internal=finding.internal,
        message_partner="" if kind is Kind.PASS else told,
        next_actions=finding.next_actions,
        deadline=finding.deadline,
        reason_code=setting.reason_code if kind is not Kind.PASS else None,
        fields=finding.fields if kind is Kind.NEEDS_INFO else (),
        auto=finding.auto,
        approvals=finding.approvals,
    )


@lru_cache(maxsize=1_024)
def _passed(rule: str, version: str, group: Group) -> Outcome:
    return Outcome(rule=rule, version=version, outcome=Kind.PASS, group=group)


def _applies(setting: RuleSetting, variables: _Variables) -> bool:
    """A condition that has no result for these facts does not switch its rule off."""
    if not setting.enabled or setting.when is None:
        return setting.enabled
    return _holds(setting.when, variables) is not False


def _kind(finding: Finding, configured: Kind) -> Kind:
    kind = finding.kind or configured
    if finding.unsure and kind.gravity > Kind.NOTICE.gravity:
        kind = Kind.REVIEW
    cap = finding.at_most
    return cap if cap is not None and kind.gravity > cap.gravity else kind


def partner_text(template: str, mine: Registration, finding: Finding) -> str:
    """The text with values of the partner's own registration; nothing of a rival can get into it."""
    amount = f"{mine.amount.amount} {mine.amount.currency}" if mine.amount else "the amount"
    return template.format_map(
        {
            "customer": mine.customer_name or "the customer",
            "lines": ", ".join(mine.product_lines) or "these products",
            "country": mine.country or "the country",
            "amount": amount,
            "fields": ", ".join(finding.fields),
            "name": mine.contact_name or "the contact",
            "limit": finding.limit,
        }
    )


def _custom(policy: Policy, facts: Facts, variables: _Variables) -> Iterator[Outcome]:
    for rule in policy.custom:
        held = _holds(rule.when, variables)
        if held is False:
            yield _passed(rule.name, policy.version, rule.group)
        else:
            yield _custom_outcome(policy, rule, facts, sure=held is True)


def _custom_outcome(policy: Policy, rule: CustomRule, facts: Facts, *, sure: bool) -> Outcome:
    """Where a condition has no result, a person looks, whatever the rule would have given."""
    kind = rule.outcome if sure else Kind.REVIEW
    finding = Finding(internal=rule.internal if sure else f"The condition of {rule.name} has no result here.")
    return Outcome(
        rule=rule.name,
        version=policy.version,
        outcome=kind,
        group=rule.group,
        subjects=(facts.registration.id,),
        message_internal=finding.internal,
        message_partner=partner_text(rule.text, facts.registration, finding),
        next_actions=rule.next_actions,
        reason_code=rule.reason_code if sure else None,
        auto=kind in (Kind.PASS, Kind.NOTICE),
    )


def _holds(condition: Expression, variables: _Variables) -> bool | None:
    """Yes, no, or None where it has no result."""
    try:
        result = condition.evaluate(variables.made())
    except ExpressionError:
        return None
    return result if isinstance(result, bool) else None
