"""Registrations that share a customer's key with others, and what is stored of them beside their records."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from uuid import UUID

import msgspec
from msgspec import Struct

from hub.db.arrays import Texts, Uuids
from hub.db.living import ALIVE
from hub.db.questions import Question, rows_as_json

_pairs = msgspec.json.Decoder(list[tuple[UUID, UUID]])

# OFFSET 0: each one's are found by their keys, then by their ids, whatever the planner takes the tables for: planned
# while they are empty it would go the other way around.
_SHARING = f"""
    select coalesce(json_agg(json_build_array(s.owner, f.id) order by f.id desc), '[]') from (
        select owner, array_agg(key) as keys
        from unnest(%(owners)s::uuid[], %(keys)s::text[]) as a(owner, key) group by owner
    ) s cross join lateral (
        select d.id from (select registration_id from deal_claim where keys && s.keys offset 0) c cross join lateral (
            select d.id from deal_registration d
            where d.id = c.registration_id and d.review_status = any(%(claiming)s) and {ALIVE.format("d")} offset 0
        ) d
        where d.id <> s.owner order by d.id desc limit %(most)s
    ) f
"""


def sharing(
    *, keys: Mapping[UUID, Sequence[str]], statuses: Collection[str], most: int
) -> Question[dict[UUID, list[UUID]]]:
    """For each registration the other ones in one of the statuses that share a key with it, newest first.

    Of more than `most` of them there are `most` + 1. Registrations that nobody shares a key with are left out.
    """
    asked = [(owner, key) for owner, its_keys in keys.items() for key in its_keys]
    given = {
        "owners": Uuids(owner for owner, _ in asked),
        "keys": Texts(key for _, key in asked),
        "claiming": Texts(statuses),
        "most": most + 1,
    }
    return Question(_SHARING, given, _by_owner)


def _by_owner(text: str) -> dict[UUID, list[UUID]]:
    found: dict[UUID, list[UUID]] = {}
    for owner, other in _pairs.decode(text):
        found.setdefault(owner, []).append(other)
    return found


class PartyRow(Struct, frozen=True):
    """A party to a deal, as stored."""

    partner: UUID
    role: str | None
    on_behalf_of: UUID | None
    credit: Decimal | None


class BesideRow(Struct, frozen=True):
    """What is stored of a registration beside its record: its place, its partner's name, its parties in order."""

    id: UUID
    place: int | None
    partner_name: str
    parties: tuple[PartyRow, ...]


_BESIDE = rows_as_json(
    f"""
    select b.id, (select place from deal_review where registration_id = b.id) as place, coalesce((
        select legal_name from organization where id = (select partner from deal_registration where id = b.id)
    ), '') as partner_name, coalesce((
        select json_agg(json_build_object('partner', p.partner, 'role', p.role, 'on_behalf_of', p.on_behalf_of,
            'credit', p.credit::text) order by p.id)
        from deal_party p where p.deal = b.id and {ALIVE.format("p")}
    ), '[]') as parties
    from unnest(%(beside)s::uuid[]) as b(id)
    """
)
_rows_beside = msgspec.json.Decoder(list[BesideRow])


def beside(ids: Collection[UUID]) -> Question[dict[UUID, BesideRow]]:
    """Of every one of these registrations."""
    return Question(_BESIDE, {"beside": Uuids(ids)}, lambda text: {row.id: row for row in _rows_beside.decode(text)})
