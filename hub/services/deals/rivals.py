"""Other registrations that may be about the same customer: those stored before, and those judged a moment earlier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
import structlog

from hub.db import deal_rivals, record_lists, records
from hub.db.questions import Question, ask
from hub.db.session import Tx
from hub.domain.deals.calendar import BusinessCalendar
from hub.domain.deals.facts import Match, Party, Rival
from hub.domain.deals.states import IN_REVIEW, PROTECTED, Status
from hub.domain.matching import Verdict, Weights
from hub.record.deals import DEAL_REGISTRATION
from hub.record.onboard import PARTNER
from hub.record.values import Value
from hub.services.deals.candidates import Customer, customers_of, matched
from hub.services.deals.parts import party, protection_until, text_of

log = structlog.get_logger()
MOST = 200
CLAIMING = frozenset({*IN_REVIEW, *PROTECTED, Status.EXPIRED})


@dataclass(frozen=True, slots=True)
class Claimed:
    """A registration as others meet it."""

    id: UUID
    values: Mapping[str, Value]
    customer: Customer
    parties: tuple[Party, ...]
    place: int | None
    partner_name: str

    def claims(self) -> bool:
        """Whether it can stand against another one."""
        return self.values["review_status"] in CLAIMING

    def shares(self, keys: Iterable[str]) -> bool:
        return not set(self.customer.keys).isdisjoint(keys)


def sharing(customers: Mapping[UUID, Customer]) -> Question[dict[UUID, list[UUID]]]:
    """For each registration by id what is stored and shares a key of its customer.

    To be asked while the scopes are held: nothing that it should find is under way then.
    """
    keys = {i: customer.keys for i, customer in customers.items()}
    return deal_rivals.sharing(keys=keys, statuses=CLAIMING, most=MOST)


async def claimed(tx: Tx, found: Mapping[UUID, list[UUID]]) -> dict[UUID, list[Claimed]]:
    """What was found to share a key, the oldest first."""
    for registration_id, others in found.items():
        if len(others) > MOST:
            log.warning("candidates_truncated", registration=str(registration_id), most=MOST)
            others.pop()
    known = await _claimed(tx, {other for others in found.values() for other in others}) if found else {}
    return {i: [known[other] for other in sorted(others) if other in known] for i, others in found.items()}


def rivals(
    ours: Customer, others: Iterable[Claimed], *, calendar: BusinessCalendar, weights: Weights
) -> tuple[Rival, ...]:
    """Those of the others that may have the same customer."""
    compared = ((other, matched(ours, other.customer, weights)) for other in others)
    return tuple(_rival(o, match, calendar) for o, match in compared if match.verdict is not Verdict.DIFFERENT)


def _rival(other: Claimed, match: Match, calendar: BusinessCalendar) -> Rival:
    values: Mapping[str, Any] = other.values
    until = protection_until(calendar, values["protection_ends"])
    status = Status(values["review_status"])
    return Rival(
        id=str(other.id),
        match=match,
        partner=str(values["partner"]),
        partner_name=other.partner_name,
        on_behalf_of=text_of(values["on_behalf_of"]),
        parties=other.parties,
        status=status,
        deal_type=values["deal_type"] or "resale",
        customer_name=values["customer_name"] or "",
        product_lines=values["product_lines"] or (),
        amount=values["amount"],
        close_date=values["close_date"],
        contact_name=values["contact_name"],
        contact_email=values["contact_email"],
        submitted_at=values["submitted_at"],
        eligible_at=values["eligible_at"],
        ended_at=until if status is Status.EXPIRED else None,
        priority=other.place,
        protection_until=until,
    )


async def _claimed(tx: Tx, ids: set[UUID]) -> dict[UUID, Claimed]:
    stored = {i: r for i, r in (await records.load(tx, DEAL_REGISTRATION, ids)).items() if r.values["partner"]}
    customers = await customers_of(tx, [record.values for record in stored.values()])
    [beside] = await ask(tx, deal_rivals.beside(stored))
    return {
        i: Claimed(
            id=i,
            values=record.values,
            customer=customer,
            parties=tuple(party(msgspec.structs.asdict(row)) for row in beside[i].parties),
            place=beside[i].place,
            partner_name=beside[i].partner_name,
        )
        for (i, record), customer in zip(stored.items(), customers, strict=True)
    }


async def partner_names(tx: Tx, registrations: Sequence[Mapping[str, Value]]) -> Mapping[Value, str]:
    """By the partner of each registration."""
    partners = {partner for values in registrations if isinstance(partner := values["partner"], UUID)}
    return dict((await record_lists.titles(tx, PARTNER, partners)).items())
