"""Turns the form of a policy into the policy itself; what cannot be built is told with its line and rule."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import time, timedelta
from string import Formatter
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import TypeAdapter, ValidationError

from hub.domain.cel import Expression, ExpressionError
from hub.domain.deals.calendar import BusinessCalendar
from hub.domain.deals.policy import DIMENSIONS, VARIABLES, CustomRule, Policy, RulePolicy, RuleSetting, Variant
from hub.domain.deals.registry import PLACEHOLDERS, Params, Rule
from hub.domain.deals.rules import RULES
from hub.files.issues import Issue
from hub.files.source import Path_, Source
from hub.files.validation import sentence
from hub.policy.errors import POLICY, PolicyError
from hub.policy.schema import CalendarDoc, CustomDoc, PolicyDoc, RuleDoc, SettingDoc, VariantDoc
from hub.record.deals import REASON_CODES

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def build(doc: PolicyDoc, source: Source) -> Policy:
    """Raises PolicyError with every fault."""
    work = _Builder(source)
    calendar = work.calendar(doc.calendar)
    rules = {name: work.rule(rule, doc.rules.get(name, RuleDoc())) for name, rule in RULES.items()}
    custom = tuple(c for i, d in enumerate(doc.custom) if (c := work.custom(i, d)))
    for name in doc.rules:
        if name not in RULES:
            work.fault(("rules", name), name, f"There is no rule of this name; there are: {', '.join(RULES)}.")
    if work.issues or calendar is None:
        raise PolicyError(tuple(sorted(work.issues, key=lambda i: (i.line, i.field))))
    return Policy(
        edition=doc.edition,
        digest=hashlib.sha256(json.dumps(source.data, sort_keys=True, default=str).encode()).hexdigest(),
        regions={name: frozenset(countries) for name, countries in doc.regions.items()},
        calendar=calendar,
        on_block={"gate": "reject", "conflict": "hold", "process": "hold", **doc.on_block},
        rules=rules,
        custom=custom,
        acknowledge_within={kind: timedelta(hours=hours) for kind, hours in doc.alerts.acknowledge_hours.items()},
    )


class _Builder:
    def __init__(self, source: Source) -> None:
        self._source = source
        self.issues: list[Issue] = []

    def fault(self, path: Path_, name: str, message: str) -> None:
        self.issues.append(self._source.issue(path, name, message))

    def calendar(self, doc: CalendarDoc) -> BusinessCalendar | None:
        path = ("calendar",)
        try:
            ZoneInfo(doc.zone)
            hours = {_WEEKDAYS.index(day): tuple(map(_period, periods)) for day, periods in doc.hours.items()}
            return BusinessCalendar(doc.zone, hours, frozenset(doc.holidays))
        except (ZoneInfoNotFoundError, OSError):
            self.fault((*path, "zone"), "calendar", f"{doc.zone!r} is no time zone; one is Europe/Berlin.")
        except ValueError as exc:
            self.fault((*path, "hours"), "calendar", f"{str(exc).capitalize()}.")
        return None

    def rule(self, rule: Rule, doc: RuleDoc) -> RulePolicy:
        path: Path_ = ("rules", rule.name)
        default = RuleSetting(True, rule.gives[0], rule.params(), rule.text, rule.reason_code)
        base = self.setting(rule, doc, default, {}, path)
        variants = tuple(
            self.variant(rule, variant, base, doc.params, (*path, "variants", index))
            for index, variant in enumerate(doc.variants)
        )
        return RulePolicy(base, variants)

    def variant(
        self, rule: Rule, doc: VariantDoc, base: RuleSetting, params: Mapping[str, Any], path: Path_
    ) -> Variant:
        within = {name: frozenset(values) for name in DIMENSIONS if (values := getattr(doc.for_, name))}
        if not within:
            self.fault((*path, "for"), rule.name, f"A variant names at least one of: {', '.join(DIMENSIONS)}.")
        return Variant(within, self.setting(rule, doc, base, params, path), doc.order)

    def setting(
        self, rule: Rule, doc: SettingDoc, base: RuleSetting, params: Mapping[str, Any], path: Path_
    ) -> RuleSetting:
        if doc.outcome is not None and doc.outcome not in rule.gives:
            given = ", ".join(rule.gives)
            self.fault((*path, "outcome"), rule.name, f"It cannot give {doc.outcome}; it can give: {given}.")
        if doc.reason_code is not None:
            self.reason(doc.reason_code, rule.name, path)
        if doc.text is not None:
            self.text(doc.text, rule.name, path)
        return RuleSetting(
            enabled=base.enabled if doc.enabled is None else doc.enabled,
            outcome=doc.outcome or base.outcome,
            params=self.params(rule, {**params, **doc.params}, path) if doc.params else base.params,
            text=doc.text or base.text,
            reason_code=doc.reason_code or base.reason_code,
            when=self.condition(doc.when, rule.name, path) if doc.when else base.when,
        )

    def params(self, rule: Rule, given: Mapping[str, Any], path: Path_) -> Params:
        try:
            return TypeAdapter(rule.params).validate_python(given)
        except ValidationError as exc:
            for error in exc.errors(include_url=False):
                steps = tuple(step for step in error["loc"] if step != "[key]")
                self.fault((*path, "params", *steps), rule.name, sentence(error, POLICY))
        return rule.params()

    def custom(self, index: int, doc: CustomDoc) -> CustomRule | None:
        path: Path_ = ("custom", index)
        if doc.name in RULES:
            self.fault((*path, "name"), doc.name, "A rule of the catalogue has this name; take another one.")
        if doc.reason_code is not None:
            self.reason(doc.reason_code, doc.name, path)
        self.text(doc.text, doc.name, path)
        when = self.condition(doc.when, doc.name, path)
        if when is None:
            return None
        return CustomRule(
            doc.name, doc.group, when, doc.outcome, doc.internal, doc.text, doc.reason_code, tuple(doc.next_actions)
        )

    def condition(self, text: str, name: str, path: Path_) -> Expression | None:
        try:
            return Expression(text, variables=VARIABLES)
        except ExpressionError as exc:
            self.fault((*path, "when"), name, f"{str(exc)[0].upper()}{str(exc)[1:]}.")
        return None

    def reason(self, code: str, name: str, path: Path_) -> None:
        if code not in REASON_CODES:
            message = f"There is no reason code {code!r}; there are: {', '.join(REASON_CODES)}."
            self.fault((*path, "reason_code"), name, message)

    def text(self, text: str, name: str, path: Path_) -> None:
        """What the partner reads may only speak of the partner's own registration."""
        try:
            used = {field for _, field, form, how in Formatter().parse(text) if field is not None or form or how}
        except ValueError:
            used = {None}
        if not used <= set(PLACEHOLDERS):
            known = ", ".join(f"{{{p}}}" for p in PLACEHOLDERS)
            self.fault((*path, "text"), name, f"A text for the partner may use only {known}.")


def _period(text: str) -> tuple[time, time]:
    begin, end = text.split("-")
    return time.fromisoformat(begin), time.min if end == "24:00" else time.fromisoformat(end)
