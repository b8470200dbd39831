"""Who gets how much of the credit."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from hub.domain.deals.case import Case
from hub.domain.deals.outcomes import Evidence, Kind
from hub.domain.deals.registry import Finding, Params, rule


@dataclass(frozen=True, slots=True)
class SplitParams(Params):
    """Kinds of credit and the roles that share each; a role of no kind is a kind of its own."""

    credits: dict[str, tuple[str, ...]] = field(default_factory=dict)


@rule(
    "process",
    gives=(Kind.NEEDS_INFO, Kind.REVIEW),
    reason="insufficient_information",
    text="The shares of the partners on this deal add up to more than the whole: please correct {fields}.",
)
def role_split(case: Case, params: SplitParams) -> Finding | None:
    """The shares of one kind of credit are at most the whole; several shares make the deal a split one."""
    kinds = {role: kind for kind, roles in params.credits.items() for role in roles}
    sums: dict[str, Decimal] = {}
    shared = 0
    for party in case.registration.parties:
        if party.credit is not None and party.credit > 0:
            kind = kinds.get(party.role, party.role)
            shared += kind in sums
            sums[kind] = sums.get(kind, Decimal(0)) + party.credit
    evidence = tuple(Evidence(field=f"credit.{kind}", value=str(total)) for kind, total in sums.items())
    if over := [kind for kind, total in sums.items() if total > 1]:
        internal = f"More than the whole is given of: {', '.join(over)}."
        return Finding(internal=internal, evidence=evidence, fields=("parties",))
    if shared:
        return Finding(internal="Several partners share the credit.", kind=Kind.SPLIT, evidence=evidence)
    return None
