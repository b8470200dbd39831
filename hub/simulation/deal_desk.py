"""Partners and reviewers at the hub: registrations are submitted, sent again, decided, ended and run out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import cast
from uuid import UUID

from hub.db import match_keys, records
from hub.db.session import Database, Tx
from hub.domain.deals.states import Action, actions_in
from hub.domain.matching import match_keys as keys_of
from hub.domain.matching import organization_features
from hub.record.identity import ORGANIZATION
from hub.record.onboard import PARTNER
from hub.record.sell import OPPORTUNITY
from hub.record.values import Money, Value
from hub.services.deals import changing, deciding, submitting
from hub.services.deals.escalating import escalate
from hub.services.deals.expiring import end_protections
from hub.services.deals.receiving import Answer, submit_each_once
from hub.services.deals.reviewing import look_again, review
from hub.services.deals.submitting import Submission
from hub.services.matching import new_ids
from hub.services.refusals import Refusal
from hub.simulation import deal_facts, facts
from hub.simulation.deal_book import CUSTOMERS, Book, Customer, Entry
from hub.simulation.deal_policy import world_desk

ACCOUNT_OWNER, SELLER = "account.owner@hub.example", "seller@hub.example"
_ENDS = {"reject": Action.REJECT, "win": Action.WIN, "lose": Action.LOSE, "revoke": Action.REVOKE}
_DECISIONS = {"approve": Action.APPROVE, "extend": Action.EXTEND, "answer": Action.ANSWER_INFO, **_ENDS}


@dataclass
class DealDesk:
    """What partners do is written into the book; the registrations are partners' of the world, as they come and go."""

    db: Database
    book: Book = field(default_factory=Book)

    def deeds(self) -> dict[str, Callable[[Random], Awaitable[str]]]:
        return {
            "register": self.register, "register_many": self.register_many, "register_again": self.register_again,
            "decide_deal": self.decide, "end_deal": self.end, "keep_deadlines": self.keep_deadlines,
        }  # fmt: skip

    async def open(self) -> None:
        """Store the customers that the hub knows; no system of the world has them."""
        known = [(next(new_ids(1)), customer) for customer in CUSTOMERS if customer.known]
        rows = [(i, _organization(customer)) for i, customer in known]
        opportunities = [(next(new_ids(1)), _opportunity(customer, i)) for i, customer in known if customer.sold]
        async with self.db.transaction() as tx:
            await records.insert(tx, ORGANIZATION, rows)
            keys = [(i, list(keys_of(organization_features(values)))) for i, values in rows]
            await match_keys.add(tx, record_type=ORGANIZATION.name, rows=keys)
            await records.insert(tx, OPPORTUNITY, opportunities)

    # Partners

    async def register(self, chance: Random) -> str:
        entries = await self._write(1, chance)
        return await self._submit(entries) if entries else "no partner yet"

    async def register_many(self, chance: Random) -> str:
        """Several at once, as an API process judges together what comes together; one may have come before."""
        entries = await self._write(chance.choice((2, 2, 3)), chance)
        earlier = [entry for entry in self.book.entries if entry not in entries]
        if earlier and chance.random() < 0.3:
            entries.append(chance.choice(earlier))
        return await self._submit(entries) if entries else "no partner yet"

    async def register_again(self, chance: Random) -> str:
        """Mostly what nobody has answered, because its answer was lost or because it is being worked on."""
        open_ones = [entry for entry in self.book.entries if not entry.answers]
        chosen = open_ones if open_ones and chance.random() < 0.8 else self.book.entries
        return await self._submit([chance.choice(chosen)]) if chosen else "nothing was sent yet"

    async def _write(self, number: int, chance: Random) -> list[Entry]:
        async with self.db.transaction() as tx:
            partners = await facts.living(tx, PARTNER)
        return [self.book.write(partners, chance) for _ in range(number)] if partners else []

    async def _submit(self, entries: Sequence[Entry]) -> str:
        async with self.db.transaction() as tx:
            results = await submit_each_once(tx, world_desk(), [entry.handed for entry in entries])
            told = list(zip(entries, results, strict=True))

            async def committed() -> None:
                self.book.commit(told)

            tx.after_commit(committed)
        for entry, result in told:
            if isinstance(result, Answer):
                entry.answers.append(result.registration_id)
        return "; ".join(f"{_said(entry)} {_heard(result)}" for entry, result in told)

    # Reviewers

    async def decide(self, chance: Random) -> str:
        """Somebody does something with a registration of some customer, whatever its status allows."""
        return await self._change("review", _DECISIONS, chance)

    async def end(self, chance: Random) -> str:
        return await self._change("withdraw", _ENDS, chance)

    async def _change(self, always: str, actions: Mapping[str, Action], chance: Random) -> str:
        """What waited for the registration is judged again."""
        names = self.book.names_of(chance.choice(CUSTOMERS))
        async with self.db.transaction() as tx:
            stored = await deal_facts.standing(tx, names)
        if not stored:
            return "nothing to decide"
        chosen, status = chance.choice(stored)
        what = chance.choice([always, *(name for name, action in actions.items() if action in actions_in(status))])
        reviewer = f"reviewer {chance.choice((1, 2))}"
        try:
            async with self.db.transaction() as tx:
                await self._decide(tx, what, chosen, reviewer)
        except Refusal as exc:
            return f"{what} {status} {chosen}: refused: {exc}"
        if chance.random() < 0.5:
            await look_again(self.db, world_desk())
        return f"{what} {status} {chosen}"

    async def _decide(self, tx: Tx, what: str, registration: UUID, actor: str) -> None:
        desk = world_desk()
        match what:
            case "approve":
                await deciding.approve(tx, desk, registration_id=registration, actor=actor)
            case "reject":
                await deciding.reject(
                    tx, desk, registration_id=registration, reason_code="below_minimum", text="Too small.", actor=actor
                )
            case "revoke":
                await deciding.revoke(
                    tx, desk, registration_id=registration, reason_code="renewal", text="A renewal.", actor=actor
                )
            case "extend":
                await changing.extend(tx, desk, registration_id=registration, actor=actor)
            case "review":
                await review(tx, desk, registration_id=registration, actor=actor)
            case "answer":
                sent = Submission({"amount": Money(Decimal(30_000), "EUR")})
                await submitting.answer_info(tx, desk, registration_id=registration, sent=sent, actor="partner")
            case _:
                how = cast(changing.Ending, what)
                await changing.end(tx, desk, registration_id=registration, how=how, actor="partner")

    async def keep_deadlines(self, _: Random) -> str:
        """What the worker does from time to time."""
        ended, late = await end_protections(self.db, world_desk()), await escalate(self.db, world_desk())
        looked = await look_again(self.db, world_desk())
        return f"{ended}, {late}, {looked} judged again"


def _organization(customer: Customer) -> dict[str, Value]:
    return {
        "legal_name": customer.spelt(0),
        "website_domain": customer.domain,
        "country": "DE",
        "owner_name": "Account Owner",
        "owner_email": ACCOUNT_OWNER,
    }


def _opportunity(customer: Customer, account: UUID) -> dict[str, Value]:
    name = f"Direct business with {customer.name}"
    return {"name": name, "account": account, "is_direct": True, "owner_name": "Seller", "owner_email": SELLER}


def _said(entry: Entry) -> str:
    return f"{entry.handed.key} ({entry.handed.sent.fields['customer_name']}: {', '.join(entry.lines) or 'any line'})"


def _heard(result: object) -> str:
    if isinstance(result, Answer):
        return f"is {'' if result.new else 'again '}{result.registration_id}"
    return f"is refused: {result}"
