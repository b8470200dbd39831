"""What a rule is, and the list of all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from hub.domain.deals.facts import Match
from hub.domain.deals.outcomes import Evidence, Group, Kind

if TYPE_CHECKING:
    from hub.domain.deals.case import Case

PLACEHOLDERS = ("customer", "lines", "country", "amount", "fields", "name", "limit")
"""What a text for the partner may speak of: values of its own registration, and the policy's own limit."""


class Params:
    """Base of the parameters of a rule; a policy that gives one it does not have is refused."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}


@dataclass(frozen=True, slots=True)
class NoParams(Params):
    """A rule that nothing can be set about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule found. `kind` None takes the outcome that the policy gives the rule; `at_most` caps that one.

    `unsure`: it may be another customer or opportunity, so a person looks, unless the policy only wants to be told.
    `limit` is the policy's own figure, for the text to the partner; `text` stands in place of the policy's text, where
    that would say too much.
    """

    internal: str
    kind: Kind | None = None
    at_most: Kind | None = None
    unsure: bool = False
    counterparts: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    match: Match | None = None
    next_actions: tuple[str, ...] = ()
    deadline: datetime | None = None
    fields: tuple[str, ...] = ()
    auto: bool = True
    approvals: int = 1
    limit: str = ""
    text: str = ""

    def capped(self, kind: Kind) -> Finding:
        """The same, but no graver than this."""
        return replace(self, at_most=kind)


P = TypeVar("P", bound=Params)
Evaluate = Callable[["Case", Any], Finding | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the catalogue: what it looks at is code, how it judges is the policy's.

    `gives` are the outcomes that a policy may set for it; `text` is what the partner reads.
    """

    name: str
    group: Group
    doc: str
    params: type[Params]
    gives: tuple[Kind, ...]
    reason_code: str | None
    text: str
    evaluate: Evaluate


RULES: dict[str, Rule] = {}


def rule(
    group: Group, *, gives: tuple[Kind, ...], text: str, reason: str | None = None
) -> Callable[[Callable[[Case, P], Finding | None]], Callable[[Case, P], Finding | None]]:
    """Enter a function into the list; its name is the rule's, its docstring says what it finds.

    Its second parameter is annotated with the type of its parameters.
    """

    def enter(function: Callable[[Case, P], Finding | None]) -> Callable[[Case, P], Finding | None]:
        params = function.__globals__[function.__annotations__["params"]]
        name = function.__name__
        RULES[name] = Rule(name, group, function.__doc__ or "", params, gives, reason, text, function)
        return function

    return enter
