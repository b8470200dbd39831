"""How partners stand today: membership, contract, authorisations, and how much they have open."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from hub.db import deal_facts, records
from hub.db.session import Tx
from hub.domain.deals.facts import Authorisation, Standing
from hub.domain.deals.states import IN_REVIEW, PROTECTED
from hub.record.onboard import PARTNER

OPEN = IN_REVIEW | PROTECTED
"""What counts as open."""


async def standings(tx: Tx, partners: Collection[UUID], *, today: date, but: Collection[UUID]) -> dict[UUID, Standing]:
    """Of every one of the partners; the registrations `but` are not counted as open."""
    stored = await records.load(tx, PARTNER, partners)
    members = await deal_facts.memberships(tx, partners=partners, today=today)
    signed = await deal_facts.signed_until(tx, partners=partners)
    rights = await deal_facts.authorisations(tx, partners=partners, today=today)
    certified = await deal_facts.certified(tx, partners=partners, today=today)
    opened = await deal_facts.open_registrations(tx, partners=partners, statuses=OPEN, but=but)
    found: dict[UUID, Standing] = {}
    for partner in partners:
        held: Mapping[str, Any] = stored[partner].values if partner in stored else {}
        member = members.get(partner, {})
        found[partner] = Standing(
            name=held.get("legal_name") or "",
            status=held.get("status") or "unknown",
            program=member.get("program"),
            tier=member.get("tier") or held.get("tier"),
            contract_signed=partner in signed or held.get("contract_end") is not None,
            contract_until=signed[partner] if partner in signed else held.get("contract_end"),
            certified=tuple(certified[partner]) if partner in certified else None,
            sanctioned=held.get("compliance_hold") is True,
            authorised=_authorised(rights[partner]) if partner in rights else None,
            open_registrations=opened.get(partner, 0),
        )
    return found


def _authorised(rights: Collection[Mapping[str, Any]]) -> tuple[Authorisation, ...]:
    return tuple(
        Authorisation(product_line=right["code"], countries=tuple(right["countries"]))
        for right in rights
        if right["holds"]
    )
