"""Cases beside a policy: facts in, expected outcomes out, each with the reason why it must be so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from hub.domain.deals.engine import evaluate, follow_up
from hub.domain.deals.facts import Facts
from hub.domain.deals.outcomes import Decision, Kind
from hub.domain.deals.policy import Policy
from hub.domain.deals.states import Action
from hub.files.source import Path_, Source, read_source
from hub.files.validation import validated
from hub.policy.errors import CASES, PolicyError
from hub.policy.secrecy import revealed


class ExpectDoc(BaseModel):
    """What must come out: `outcomes` names every rule that does not pass; other keys may be left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    verdict: Kind
    next: Action
    outcomes: dict[str, Kind]
    auto_approve: bool | None = None
    approvals: int | None = None
    reason_code: str | None = None
    fields: list[str] | None = None
    counterparts: list[str] | None = None
    eligible: bool | None = None


class CaseDoc(BaseModel):
    """One case; its facts are laid over those that all cases of the file begin with."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    explain: str = Field(min_length=1)
    facts: dict[str, Any] = {}
    expect: ExpectDoc


class CasesDoc(BaseModel):
    """A file of cases."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: int = Field(ge=1, le=1)
    facts: dict[str, Any]
    cases: list[CaseDoc] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Case:
    """A case ready to be tried."""

    file: str
    line: int
    name: str
    explain: str
    facts: Facts
    expect: ExpectDoc


@dataclass(frozen=True, slots=True)
class Tried:
    """A case with what came out; no `differences`: it is as expected."""

    file: str
    line: int
    name: str
    explain: str
    verdict: Kind
    differences: tuple[str, ...]


def cases_beside(policy: Path) -> Path:
    return policy.with_name(f"{policy.stem}.cases.yaml")


def load_cases(path_or_text: Path | str) -> tuple[Case, ...]:
    """Raises PolicyError with every fault."""
    source = read_source(path_or_text, kind=CASES)
    doc = validated(CasesDoc, source, kind=CASES, name_of=lambda path: _name_at(source, path))
    issues = []
    cases = []
    for index, case in enumerate(doc.cases):
        path: Path_ = ("cases", index)
        try:
            facts = facts_of(laid_over(doc.facts, case.facts))
        except msgspec.ValidationError as exc:
            issues.append(source.issue((*path, "facts"), case.name, f"{exc}."))
            continue
        cases.append(Case(source.file, source.line(path), case.name, case.explain, facts, case.expect))
    if issues:
        raise PolicyError(tuple(issues))
    return tuple(cases)


def try_case(policy: Policy, case: Case) -> Tried:
    """Judge the case and compare; that no text for the partner tells of a rival is part of every case."""
    decision = evaluate(policy, case.facts)
    differences = (*_differences(policy, case.expect, decision), *_leaks(case.facts, decision))
    return Tried(case.file, case.line, case.name, case.explain, decision.verdict, differences)


def facts_of(data: Mapping[str, Any]) -> Facts:
    """Facts from plain data; raises msgspec.ValidationError, which names the path."""
    return msgspec.convert(data, Facts, strict=False)


def laid_over(under: Any, over: Any) -> Any:
    """Mappings are joined key by key, whatever else is replaced."""
    if not isinstance(under, Mapping) or not isinstance(over, Mapping):
        return over
    return {**under, **{key: laid_over(under.get(key), value) for key, value in over.items()}}


def _name_at(source: Source, path: Path_) -> str:
    match path:
        case ("cases", int(index), *_):
            return str(source.data["cases"][index].get("name", f"case {index + 1}"))
        case (first, *_):
            return str(first)
    return ""


def _differences(policy: Policy, expect: ExpectDoc, decision: Decision) -> Iterator[str]:
    found: dict[str, object] = {
        "verdict": decision.verdict,
        "next": follow_up(policy, decision),
        "auto_approve": decision.auto_approve,
        "approvals": decision.approvals,
        "reason_code": decision.reason_code,
        "fields": list(decision.fields),
        "counterparts": list(decision.counterparts),
        "eligible": decision.eligible,
    }
    for name, value in found.items():
        wanted = getattr(expect, name)
        if wanted is not None and wanted != value:
            yield f"{name} is {_word(value)}, expected {_word(wanted)}"
    fired = {o.rule: o for o in decision.fired()}
    for rule, kind in expect.outcomes.items():
        if rule not in fired:
            yield f"{rule} passes, expected {kind}"
        elif fired[rule].outcome is not kind:
            yield f"{rule} gives {fired[rule].outcome}, expected {kind}: {fired[rule].message_internal}"
    for rule, outcome in fired.items():
        if rule not in expect.outcomes:
            yield f"{rule} gives {outcome.outcome}, not expected: {outcome.message_internal}"


def _leaks(facts: Facts, decision: Decision) -> Iterator[str]:
    for rule, value in revealed(facts, decision):
        yield f"{rule} tells the partner of {value!r}"


def _word(value: object) -> str:
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value).lower()
