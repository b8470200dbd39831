"""The opportunity of a registration: linked or made once, when it is approved, and kept to what the partner says.

Amount, stage and close date of an opportunity are the seller's from then on. What the partner says of them goes to
fields of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from hub.db import changes, deal_opportunities, records
from hub.db.changes import Change, Origin
from hub.db.session import Tx
from hub.domain.deals.states import Action
from hub.record.identity import ORGANIZATION
from hub.record.sell import OPPORTUNITY
from hub.record.values import Value, Values, encode_values
from hub.sdk.http import encode_json
from hub.services.matching import new_ids

_APPROVALS = frozenset({Action.APPROVE, Action.APPROVE_TEAMING})
_ORIGIN = Origin(actor="hub")
_RULES = encode_json({"*": "deal registration"})
# What CRMs hold of an opportunity's name.
_NAME_LENGTH = 120


@dataclass(frozen=True, slots=True)
class Moved:
    """A registration with the values that it is stored with, and what has just happened to it."""

    id: UUID
    values: Mapping[str, Value]
    kinds: frozenset[str]

    @property
    def opportunity(self) -> UUID | None:
        found = self.values.get("opportunity")
        return found if isinstance(found, UUID) else None


async def settle_opportunities(tx: Tx, moved: Sequence[Moved]) -> dict[UUID, UUID]:
    """The opportunity of each of these registrations that was approved just now and had none, by registration.

    The caller holds the registrations and stores the links in this transaction: so none ever gets a second one.
    One that a person had chosen stays. Else it is the one that the other tier of the deal has, or the only open one
    of this customer that the decision named; else one is made from the registration.
    """
    wanted = {m.id: m for m in moved if m.opportunity is None and m.kinds & _APPROVALS}
    if not wanted:
        return {}
    found = await deal_opportunities.of_other_tier(tx, wanted.keys())
    found |= await _named(tx, [m for m in wanted.values() if m.id not in found])
    fresh = [m for m in wanted.values() if m.id not in found]
    return found | await _made(tx, fresh)


async def show_partners_view(tx: Tx, moved: Sequence[Moved]) -> None:
    """On the opportunities of these registrations: who the partner is, and what it says of stage, amount and date."""
    views = {m.opportunity: m.values for m in moved if m.opportunity and m.kinds}
    stored = await records.load(tx, OPPORTUNITY, list(views), lock=True) if views else {}
    changed: list[tuple[UUID, Values]] = []
    log: list[Change] = []
    for record in stored.values():
        new = _news(views[record.id], record.values)
        if new and record.alive:
            old = encode_values({name: record.values[name] for name in new})
            changed.append((record.id, {**record.values, **new}))
            log.append(
                Change(record.id, OPPORTUNITY.name, record.version + 1, "update", old, encode_values(new), _RULES)
            )
    if changed:
        await records.update(tx, OPPORTUNITY, changed)
        await changes.append(tx, origin=_ORIGIN, changes=log)


async def _named(tx: Tx, moved: Sequence[Moved]) -> dict[UUID, UUID]:
    """Where the decision named exactly one of the customer's, and nobody took it meanwhile: that one, held."""
    if not moved:
        return {}
    customers = {m.id: m.values.get("customer") for m in moved}
    once: dict[UUID, list[UUID]] = {}
    for registration, opportunity, account in await deal_opportunities.named_open(tx, customers):
        if account is not None and account == customers[registration]:
            once.setdefault(registration, []).append(opportunity)
    chosen = {registration: named[0] for registration, named in once.items() if len(named) == 1}
    if not chosen:
        return {}
    await records.load(tx, OPPORTUNITY, list(chosen.values()), lock=True)
    still = {(r, o) for r, o, _ in await deal_opportunities.named_open(tx, chosen)}
    taken: set[UUID] = set()
    free: dict[UUID, UUID] = {}
    for registration, opportunity in chosen.items():
        if (registration, opportunity) in still and opportunity not in taken:
            taken.add(opportunity)
            free[registration] = opportunity
    return free


async def _made(tx: Tx, moved: Sequence[Moved]) -> dict[UUID, UUID]:
    """New ones, for the sellers of the customers' accounts."""
    if not moved:
        return {}
    customers = {c for m in moved if isinstance(c := m.values.get("customer"), UUID)}
    accounts = await records.load(tx, ORGANIZATION, customers) if customers else {}
    owners = {i: record.values for i, record in accounts.items()}
    made = {m.id: i for m, i in zip(moved, sorted(new_ids(len(moved))), strict=True)}
    rows = [(made[m.id], _opportunity(m.values, owners)) for m in moved]
    await records.insert(tx, OPPORTUNITY, rows)
    log = [Change(i, OPPORTUNITY.name, 1, "create", None, encode_values(values), _RULES) for i, values in rows]
    await changes.append(tx, origin=_ORIGIN, changes=log)
    return made


def _opportunity(values: Mapping[str, Value], owners: Mapping[UUID, Values]) -> Values:
    customer = values.get("customer")
    owner = owners.get(customer, {}) if isinstance(customer, UUID) else {}
    said = {
        "name": str(values["name"])[:_NAME_LENGTH],
        "account": customer,
        "partner": values.get("partner"),
        "amount": values.get("amount"),
        # Every CRM wants one.
        "close_date": values.get("close_date") or values.get("protection_ends"),
        "is_direct": False,
        "is_closed": False,
        "owner_name": owner.get("owner_name"),
        "owner_email": owner.get("owner_email"),
        **_partners_view(values),
    }
    return {name: value for name, value in said.items() if value is not None}


def _news(deal: Mapping[str, Value], opportunity: Values) -> dict[str, Value]:
    """What the registration says that its opportunity does not show yet; a partner that is on it stays."""
    view = {**_partners_view(deal), "partner": opportunity["partner"] or deal.get("partner")}
    return {name: value for name, value in view.items() if value != opportunity[name]}


def _partners_view(values: Mapping[str, Value]) -> dict[str, Value]:
    return {
        "partner_stage": values.get("stage"),
        "partner_amount": values.get("amount"),
        "partner_close_date": values.get("close_date"),
    }
