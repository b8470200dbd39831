"""What comes with a registration: the parties to the deal and the proofs, as the rules see them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from hub.db import deal_parts
from hub.db.session import Tx
from hub.domain.deals.calendar import BusinessCalendar
from hub.domain.deals.facts import Party, Proof


@dataclass(frozen=True, slots=True)
class Parts:
    """Both, in the order in which they were handed in."""

    parties: tuple[Party, ...] = ()
    proofs: tuple[Proof, ...] = ()


async def stored_parts(tx: Tx, deals: Collection[UUID]) -> dict[UUID, Parts]:
    """Of every one of the deals."""
    parties = await parties_of(tx, deals)
    proofs: dict[UUID, tuple[Proof, ...]] = {}
    for row in await deal_parts.proofs(tx, deals):
        proofs[row["deal"]] = (*proofs.get(row["deal"], ()), proof(row))
    return {deal: Parts(parties.get(deal, ()), proofs.get(deal, ())) for deal in deals}


async def parties_of(tx: Tx, deals: Collection[UUID]) -> dict[UUID, tuple[Party, ...]]:
    """Deals without any are left out."""
    found: dict[UUID, tuple[Party, ...]] = {}
    for row in await deal_parts.parties(tx, deals):
        found[row["deal"]] = (*found.get(row["deal"], ()), party(row))
    return found


def party(values: Mapping[str, Any]) -> Party:
    """From the fields of a deal_party."""
    return Party(
        partner=str(values["partner"]),
        role=values["role"],
        credit=values.get("credit"),
        on_behalf_of=text_of(values.get("on_behalf_of")),
    )


def proof(values: Mapping[str, Any]) -> Proof:
    """From the fields of a deal_evidence."""
    kind = values.get("kind") or "other"
    return Proof(kind=kind, dated_on=values.get("dated_on"), received_at=values.get("received_at"))


def protection_until(calendar: BusinessCalendar, last_day: object) -> datetime | None:
    """The protection holds to the end of its last day."""
    return calendar.midnight(last_day + timedelta(days=1)) if isinstance(last_day, date) else None


def text_of(value: object) -> str | None:
    return None if value is None else str(value)
