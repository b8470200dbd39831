"""What our own people are told of a registration, and whom: made from what happened, with nothing of other partners."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from hub.domain.deals.facts import Facts
from hub.domain.matching import Verdict
from hub.record.values import Money, Value

MOST_OPPORTUNITIES = 20
"""Of one customer; whoever has more open ones is told of the first."""

_LOOKED_AT = ("submit", "answer_info", "amend", "appeal")
_KIND_OF = {
    "approve": "registration_approved",
    "approve_teaming": "registration_approved",
    "extend": "registration_extended",
    "amend": "registration_changed",
    **dict.fromkeys(("reject", "expire", "withdraw", "revoke", "win", "lose", "merge"), "registration_ended"),
}
_WHAT = {
    "approve": "was approved",
    "approve_teaming": "was approved as teaming",
    "extend": "was extended",
    "amend": "was changed",
    "reject": "was rejected",
    "expire": "has expired",
    "withdraw": "was withdrawn",
    "revoke": "was revoked",
    "win": "was won",
    "lose": "was lost",
    "merge": "became part of another registration of the same partner",
}
_TO_DO = {
    "approve": "Do not open a direct opportunity on this customer and scope; work through the partner.",
    "approve_teaming": "Agree with the partner who does what before anybody speaks to the customer again.",
    "extend": "The customer stays with the partner until then.",
    "amend": "Compare it with your own opportunity; your amount, stage and close date stay yours.",
    "win": "Nothing is left to do but to wish well.",
    "merge": "Nothing changes for you.",
}
_FREE = "The customer is no longer protected by it; ask partner sales before you go ahead."
_BEFORE_CONTACT = "Talk to partner sales before you contact the customer."


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One thing to tell. `whose` is the record (opportunity or organization) whose owner it is for, `mail` one person.

    Where neither leads to anybody it goes to the queue if `or_queue`, else nowhere. Of the alerts of one `group` each
    owner gets the first one only. `event_key` names the event: no two alerts have the same.
    """

    event_key: str
    kind: str
    subject: str
    body: str
    deal: UUID | None
    account: UUID | None = None
    opportunity: UUID | None = None
    whose: UUID | None = None
    mail: str | None = None
    or_queue: bool = False
    group: str = ""
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Happening:
    """What one step did to a registration: its events (id, kind, when), and its values after and before."""

    deal: UUID
    version: int
    values: Mapping[str, Value]
    before: Mapping[str, Value]
    events: Sequence[tuple[UUID, str, datetime]]


Due = Callable[[str, datetime], datetime | None]
"""Until when an alert of a kind, raised at a moment, should have been seen."""


def alertable(kind: str) -> bool:
    """Whether anybody is told of an event of this kind."""
    return kind in _LOOKED_AT or kind in _KIND_OF or kind.startswith("reminded_")


def alerts_of(step: Happening, facts: Facts, due: Due) -> Iterator[Alert]:
    """Those of one step, the weightiest first."""
    scene = _Scene(step, facts)
    for event_id, kind, at in step.events:
        if kind in _KIND_OF:
            yield from scene.of_event(event_id, kind, due(_KIND_OF[kind], at))
        elif kind.startswith("reminded_"):
            yield from scene.of_reminder(kind, due("protection_ending", at))
    looked_at = [at for _, kind, at in step.events if kind in _LOOKED_AT]
    for at in looked_at[:1]:
        yield from scene.of_opportunities(due("registration_on_opportunity", at))
        yield from scene.of_accounts(due("registration_on_account", at))


class _Scene:
    """One step, with the words that all its alerts use."""

    def __init__(self, step: Happening, facts: Facts) -> None:
        self.step, self.facts = step, facts
        self.group = f"{step.deal}/{step.events[-1][0]}"
        self.about = describe(step.values, facts.standing.name)
        self.customer = text_of(step.values.get("customer_name")) or "a customer"

    @property
    def accounts(self) -> list[UUID]:
        """The customer's records: as recognised, and as the matcher is sure of."""
        linked = self.step.values.get("customer")
        same = [UUID(account.id) for account in self.facts.accounts if account.match.verdict is Verdict.SAME]
        return list(dict.fromkeys([*([linked] if isinstance(linked, UUID) else []), *same]))

    @property
    def opportunities(self) -> list[tuple[UUID, str]]:
        """(id, name) of the customer's open ones, with the registration's own."""
        own = self.step.values.get("opportunity")
        found = {own: text_of(self.step.values.get("name"))} if isinstance(own, UUID) else {}
        open_ = [o for o in self.facts.opportunities if o.is_open and o.match.verdict is Verdict.SAME]
        found |= {UUID(o.id): o.name for o in open_[:MOST_OPPORTUNITIES]}
        return list(found.items())

    def of_event(self, event_id: UUID, kind: str, due_at: datetime | None) -> Iterator[Alert]:
        step = self.step
        unique = f"v{step.version}" if kind == "amend" else str(event_id)
        key = f"{_KIND_OF[kind]}/{step.deal}/{unique}"
        subject = f"Registration {_WHAT[kind]}: {self.customer}"
        body = lines(
            f"A partner's registration {_WHAT[kind]}.", *self.about, *self._news(kind), _TO_DO.get(kind, _FREE)
        )
        yield from self._to_owners(_KIND_OF[kind], key, subject, body, due_at)

    def _news(self, kind: str) -> Iterator[str]:
        values = self.step.values
        if kind in ("approve", "approve_teaming", "extend"):
            yield f"Protected until: {text_of(values.get('protection_ends'))}"
        elif kind in ("reject", "revoke"):
            yield f"Reason: {text_of(values.get('rejection_code'))}"
        elif kind == "amend":
            yield from changes_between(self.step.before, values)

    def of_reminder(self, kind: str, due_at: datetime | None) -> Iterator[Alert]:
        """To the customer's sellers, and to who looks after the partner, or else the queue."""
        step, days = self.step, kind.split("_")[1]
        last_day = text_of(step.values.get("protection_ends"))
        key = f"protection_ending/{step.deal}/{last_day}/{days}"
        subject = f"Protection ends within {days} days: {self.customer}"
        what = f"A partner's registration is protected until {last_day}."
        body = lines(what, *self.about, "Ask the partner whether it closes in time or needs an extension.")
        partner = step.values.get("partner")
        if isinstance(partner, UUID):
            yield Alert(
                event_key=f"{key}/partner", kind="protection_ending", subject=subject, body=body, deal=step.deal,
                account=next(iter(self.accounts), None), whose=partner, or_queue=True, group=self.group, due_at=due_at,
            )  # fmt: skip
        yield from self._to_owners("protection_ending", key, subject, body, due_at)

    def of_opportunities(self, due_at: datetime | None) -> Iterator[Alert]:
        step = self.step
        for opportunity, name in self.opportunities:
            what = f"A partner registered a deal with the customer of your opportunity {name}."
            yield Alert(
                event_key=f"registration_on_opportunity/{step.deal}/{opportunity}",
                kind="registration_on_opportunity",
                subject=f"Partner registration touches your opportunity: {self.customer}",
                body=lines(what, *self.about, self._status(), _BEFORE_CONTACT),
                deal=step.deal,
                account=next(iter(self.accounts), None),
                opportunity=opportunity,
                whose=opportunity,
                group=self.group,
                due_at=due_at,
            )

    def of_accounts(self, due_at: datetime | None) -> Iterator[Alert]:
        step = self.step
        for account in self.accounts:
            yield Alert(
                event_key=f"registration_on_account/{step.deal}/{account}",
                kind="registration_on_account",
                subject=f"New partner registration on your account: {self.customer}",
                body=lines(
                    "A partner registered a deal on your account.", *self.about, self._status(), _BEFORE_CONTACT
                ),
                deal=step.deal,
                account=account,
                whose=account,
                group=self.group,
                due_at=due_at,
            )

    def _status(self) -> str:
        return f"Status: {text_of(self.step.values.get('review_status')).replace('_', ' ')}"

    def _to_owners(self, kind: str, key: str, subject: str, body: str, due_at: datetime | None) -> Iterator[Alert]:
        accounts = self.accounts
        first = next(iter(accounts), None)
        told = [(o, first, o) for o, _ in self.opportunities] + [(None, a, a) for a in accounts]
        for opportunity, account, whose in told:
            yield Alert(
                event_key=f"{key}/{whose}", kind=kind, subject=subject, body=body, deal=self.step.deal, account=account,
                opportunity=opportunity, whose=whose, group=self.group, due_at=due_at,
            )  # fmt: skip


def describe(values: Mapping[str, Value], partner_name: str) -> Iterator[str]:
    """The registration itself, line by line: all of it is its partner's own."""
    scope = values.get("product_lines")
    said = {
        "Partner": partner_name,
        "Registration": text_of(values.get("name")),
        "Customer": text_of(values.get("customer_name")),
        "Scope": ", ".join(map(str, scope)) if isinstance(scope, tuple) else "",
        "Amount": text_of(values.get("amount")),
        "Close date": text_of(values.get("close_date")),
    }
    return (f"{name}: {text}" for name, text in said.items() if text)


WATCHED = ("amount", "close_date", "product_lines", "customer_name")
"""What a partner may change of a registration that sellers are told of."""


def changes_between(before: Mapping[str, Value], after: Mapping[str, Value]) -> Iterator[str]:
    """The watched fields that differ, as lines."""
    for name in WATCHED:
        was, now = before.get(name), after.get(name)
        if was != now:
            yield f"{name.replace('_', ' ').capitalize()}: {text_of(was) or 'nothing'} → {text_of(now) or 'nothing'}"


def direct_on_protected(
    *,
    deal: UUID,
    values: Mapping[str, Value],
    partner_name: str,
    opportunity: UUID,
    opportunity_name: str,
    account: UUID,
    sure: bool,
    due_at: datetime | None,
) -> Iterator[Alert]:
    """For the opportunity's owner, if it surely is the same customer, and for the queue of those who approve."""
    key = f"direct_on_protected/{opportunity}/{deal}"
    what = f"The direct opportunity {opportunity_name} {'is' if sure else 'may be'} on a customer that is protected."
    ends = f"Protected until: {text_of(values.get('protection_ends'))}"
    about = (*describe(values, partner_name), ends)
    subject = f"Direct opportunity on a protected customer: {text_of(values.get('customer_name'))}"
    to_do = {
        "owner": "Do not contact the customer about this scope: put the partner on the opportunity or close it.",
        "queue": "Settle it between the owner of the opportunity and the partner.",
    }
    for side in ("owner", "queue") if sure else ("queue",):
        yield Alert(
            event_key=f"{key}/{side}",
            kind="direct_on_protected",
            subject=subject,
            body=lines(what, *about, to_do[side]),
            deal=deal,
            account=account,
            opportunity=opportunity,
            whose=opportunity if side == "owner" else None,
            or_queue=side == "queue",
            group=f"{key}/{side}",
            due_at=due_at,
        )


def lines(*said: str) -> str:
    """One text; empty lines are left out."""
    return "\n".join(line for line in said if line)


def text_of(value: Value) -> str:
    """A value as people read it; nothing is an empty text."""
    if isinstance(value, Money):
        return f"{value.amount} {value.currency}"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, datetime | date):
        return value.isoformat()
    return "" if value is None else str(value)
