"""What approvers are given with a registration: every fact as the rules were told it, and what has changed since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

Since = Literal["same", "changed", "new", "gone", "unrecorded"]
"""What became of a fact after the decision. `unrecorded`: the decision did not rest on it; it is as it is now."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A value that is another one now than when it was decided."""

    field: str
    then: Any
    now: Any


@dataclass(frozen=True, slots=True)
class FeatureView:
    """One feature's share in a match score, in bits; `theirs` and `ours` are what was compared."""

    feature: str
    level: str
    bits: float
    theirs: str
    ours: str


@dataclass(frozen=True, slots=True)
class MatchView:
    """Why the machine thinks that two are, or are not, the same."""

    verdict: str
    score: float | None
    features: tuple[FeatureView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimView:
    """A registration as it stands beside the others; `values` by field, as of the decision.

    Of a rival: `prior`, it was complete and eligible first; `shared_lines`, the product lines of both; `customer` and
    `opportunity`, why these are held for the same.
    """

    id: str
    partner: str
    on_behalf_of: str | None
    values: dict[str, Any]
    since: Since
    changes: tuple[Changed, ...]
    counterpart: bool = False
    prior: bool | None = None
    same_partner: bool = False
    two_tier: bool = False
    shared_lines: tuple[str, ...] = ()
    customer: MatchView | None = None
    opportunity: MatchView | None = None


@dataclass(frozen=True, slots=True)
class CopyView:
    """Where a record stands in another system, and when that copy was last read."""

    connection: str
    object: str
    remote_id: str
    read_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """A record of ours that is, or may be, the customer, as of the decision; `match` says why."""

    id: UUID
    name: str
    parent: str | None
    values: dict[str, Any]
    match: MatchView
    copies: tuple[CopyView, ...]
    since: Since
    changes: tuple[Changed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowView:
    """One fact of a list, as of the decision: an opportunity, a contact, a supplier, a reservation, a call for bids."""

    id: str
    values: dict[str, Any]
    since: Since
    changes: tuple[Changed, ...] = ()


@dataclass(frozen=True, slots=True)
class ProofView:
    """A document that was handed in; `dated_on` is its own date."""

    name: str
    kind: str | None
    dated_on: date | None
    received_at: datetime
    location: str | None
    sha256: str | None
    since: Since


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleView:
    """What one rule said, for us and for the partner, and the values that it rests on."""

    rule: str
    outcome: str
    group: str
    internal: str
    partner: str
    reason_code: str | None
    next_actions: tuple[str, ...]
    counterparts: tuple[str, ...]
    evidence: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class PastDecision:
    """How another registration of this customer was decided or ended. `customer` says how sure that is."""

    registration_id: UUID
    name: str
    partner: str
    customer: str
    kind: str
    at: datetime
    by: str | None
    reason_code: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class SourceView:
    """A system that facts come from: when it had last been read at the decision, and now. None: never."""

    system: str
    then: datetime | None
    now: datetime | None


@dataclass(frozen=True, slots=True)
class DecisionView:
    """One judging of the registration by the rules."""

    id: int
    at: datetime
    step: str
    verdict: str
    policy: str
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePack:
    """All of it. `left_out` counts what was too much to list, by list.

    `may_not_decide`: who has an interest. `standing` and `relation` are the partner's and the customer's.
    """

    registration_id: UUID
    name: str
    made_at: datetime
    decision: DecisionView
    decisions: tuple[DecisionView, ...]
    due_at: datetime | None
    approvals: int
    approved_by: tuple[str, ...]
    may_not_decide: tuple[str, ...]
    frozen_by: tuple[UUID, ...]
    claims: tuple[ClaimView, ...]
    rules: tuple[RuleView, ...]
    accounts: tuple[AccountView, ...]
    opportunities: tuple[RowView, ...]
    contacts: tuple[RowView, ...]
    reservations: tuple[RowView, ...]
    tenders: tuple[RowView, ...]
    incumbents: tuple[RowView, ...]
    relation: RowView
    standing: RowView
    proofs: tuple[ProofView, ...]
    previous: tuple[PastDecision, ...]
    sources: tuple[SourceView, ...]
    left_out: dict[str, int]
