"""Loads a policy from YAML: read, check the form, build, check what it means."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hub.domain.deals.policy import Policy
from hub.files.issues import Issue
from hub.files.source import Path_, read_source
from hub.files.validation import validated
from hub.policy.build import build
from hub.policy.check import check
from hub.policy.errors import POLICY, PolicyError
from hub.policy.schema import PolicyDoc

SHIPPED = Path(__file__).parents[2] / "config" / "policies" / "deal_registration.yaml"


@dataclass(frozen=True)
class Loaded:
    """A policy that can be used, and what was found that does not stop it."""

    policy: Policy
    warnings: tuple[Issue, ...]


def load_policy(path_or_text: Path | str) -> Loaded:
    """The policy in a file, or in YAML text. Raises PolicyError with every fault that was found."""
    source = read_source(path_or_text, kind=POLICY)
    if not isinstance(source.data, dict):
        raise PolicyError((source.issue((), "", "A policy begins with keys like version, policy, edition, rules."),))
    doc = validated(PolicyDoc, source, kind=POLICY, name_of=_rule_at)
    policy = build(doc, source)
    issues = tuple(sorted(check(policy, doc, source), key=lambda issue: (issue.line, issue.field)))
    if any(issue.level == "error" for issue in issues):
        raise PolicyError(issues)
    return Loaded(policy, issues)


def _rule_at(path: Path_) -> str:
    """The rule that stands at a path, or the key at the top."""
    match path:
        case ("rules", name, *_):
            return str(name)
        case (first, *_):
            return str(first)
    return ""
