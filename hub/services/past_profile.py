"""The profile of a partner as it was at a time: its records, their records and its hierarchy, level by level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from hub.db.hierarchies import Relative
from hub.db.record_lists import ListedRecord
from hub.db.session import Tx
from hub.record.definition import RecordType
from hub.record.values import Value
from hub.services.as_of import pointing_as_of, record_as_of, records_as_of
from hub.services.profile import MOST, SECTIONS, Profile, Section, referred_to

_DEEPEST, _WIDEST = 50, 500


async def partner_profile_as_of(
    tx: Tx, types: Mapping[str, RecordType], *, partner_id: UUID, moment: datetime
) -> Profile:
    """In a number of queries that grows with the depth of the hierarchy only.

    `systems` is empty: where links stood is not kept. Raises NotFound, Gone, Invalid like `record_as_of`.
    """
    partner = await record_as_of(tx, types["partner"], record_id=partner_id, moment=moment)
    sections: dict[str, Section] = {}
    for name, (type_name, field) in SECTIONS.items():
        found = await pointing_as_of(tx, types[type_name], field=field, targets=[partner_id], moment=moment)
        sections[name] = Section(type_name, tuple(found[:MOST]), len(found))
    names: dict[UUID, str] = {}
    for target, ids in referred_to(types, partner, sections).items():
        past = await records_as_of(tx, types[target], ids, moment=moment)
        names |= {record.id: str(record.values[types[target].title] or "") for record in past.values()}
    return Profile(
        partner=partner,
        above=await _relatives(tx, types, partner_id, "above", moment),
        below=await _relatives(tx, types, partner_id, "below", moment),
        sections=sections,
        names=names,
        systems=(),
    )


async def _relatives(
    tx: Tx, types: Mapping[str, RecordType], partner_id: UUID, direction: Literal["above", "below"], moment: datetime
) -> tuple[Relative, ...]:
    """Nearest first, one row for each edge on the way; circles end."""
    seen, level, found = {partner_id}, [partner_id], list[Relative]()
    for depth in range(1, _DEEPEST + 1):
        step = _above if direction == "above" else _below
        edges = [edge for edge in await step(tx, types, level, moment) if edge[0] != partner_id]
        found += await _named(tx, types, edges, depth, moment)
        level = sorted({to for to, _, _ in edges} - seen)
        seen.update(level)
        if not level or len(found) >= _WIDEST:
            break
    return tuple(found[:_WIDEST])


# An edge: who is reached, from whom, and what kind of tie it is.
_Edge = tuple[UUID, UUID, str]


async def _above(tx: Tx, types: Mapping[str, RecordType], level: Sequence[UUID], moment: datetime) -> list[_Edge]:
    firms = await records_as_of(tx, types["organization"], level, moment=moment)
    ties = await _ties(tx, types, "downstream", level, moment)
    owners = [(firm.values["parent"], firm.id, "owns") for firm in firms.values()]
    return _edges([*owners, *((tie["upstream"], tie["downstream"], tie["kind"]) for tie in ties)])


async def _below(tx: Tx, types: Mapping[str, RecordType], level: Sequence[UUID], moment: datetime) -> list[_Edge]:
    owned = await pointing_as_of(tx, types["organization"], field="parent", targets=level, moment=moment)
    ties = await _ties(tx, types, "upstream", level, moment)
    owned_edges = [(firm.id, firm.values["parent"], "owns") for firm in owned]
    return _edges([*owned_edges, *((tie["downstream"], tie["upstream"], tie["kind"]) for tie in ties)])


async def _ties(
    tx: Tx, types: Mapping[str, RecordType], end: str, level: Sequence[UUID], moment: datetime
) -> list[Mapping[str, Value]]:
    found = await pointing_as_of(tx, types["partner_relationship"], field=end, targets=level, moment=moment)
    return [tie.values for tie in found]


def _edges(found: Sequence[tuple[Value, Value, Value]]) -> list[_Edge]:
    edges = [(to, near, str(kind)) for to, near, kind in found if isinstance(to, UUID) and isinstance(near, UUID)]
    return list(dict.fromkeys(edges))


async def _named(
    tx: Tx, types: Mapping[str, RecordType], edges: Sequence[_Edge], depth: int, moment: datetime
) -> list[Relative]:
    """The edges to firms that lived then, in the order of their names."""
    ids = {to for to, _, _ in edges}
    firms: dict[UUID, ListedRecord] = await records_as_of(tx, types["organization"], ids, moment=moment)
    partners = await records_as_of(tx, types["partner"], ids, moment=moment)
    relatives = [
        Relative(
            id=to,
            legal_name=str(firms[to].values["legal_name"]),
            tier=_tier(partners.get(to)),
            is_partner=to in partners,
            depth=depth,
            next_to=near,
            kind=kind,
        )
        for to, near, kind in edges
        if to in firms
    ]
    return sorted(relatives, key=lambda r: (r.legal_name, r.id, r.kind))


def _tier(partner: ListedRecord | None) -> str | None:
    tier = partner.values["tier"] if partner else None
    return None if tier is None else str(tier)
