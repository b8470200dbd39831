"""How partners stand today: membership, contract, authorisations, and how much they have open."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from uuid import UUID

from hub.db import deal_standings
from hub.db.deal_standings import StandingRow
from hub.db.questions import Question
from hub.domain.deals.facts import Authorisation, Standing
from hub.domain.deals.states import IN_REVIEW, PROTECTED

OPEN = IN_REVIEW | PROTECTED
"""What counts as open."""


def standings(partners: Collection[UUID], *, today: date, but: Collection[UUID]) -> Question[dict[UUID, Standing]]:
    """Of every one of the partners; the registrations `but` are not counted as open."""
    rows = deal_standings.standings(partners, today=today, statuses=OPEN, but=but)
    return rows.then(lambda found: {partner: _standing(row) for partner, row in found.items()})


def _standing(row: StandingRow) -> Standing:
    return Standing(
        name=row.name,
        status=row.status,
        program=row.program,
        tier=row.tier,
        contract_signed=row.contract_signed,
        contract_until=row.contract_until,
        certified=None if row.certified is None else tuple(row.certified),
        sanctioned=row.sanctioned,
        authorised=None if row.rights is None else tuple(_authorisation(right) for right in row.rights if right.holds),
        open_registrations=row.open_registrations,
    )


def _authorisation(right: deal_standings.Right) -> Authorisation:
    return Authorisation(product_line=right.product_line, countries=right.countries)
