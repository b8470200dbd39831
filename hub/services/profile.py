"""The single partner profile: everything the hub knows of one partner, and where each system stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from hub.db import hierarchies, record_lists
from hub.db.hierarchies import Relative
from hub.db.record_lists import ListedRecord
from hub.db.session import Tx
from hub.record.definition import RecordType
from hub.services.records import get_record
from hub.services.standing import SystemStanding, load_rows, standing_of

# What belongs to a partner: section → (record type, the field that points to the partner).
SECTIONS: dict[str, tuple[str, str]] = {
    "roles": ("partner_role", "partner"),
    "authorizations": ("partner_authorization", "partner"),
    "people": ("contact", "partner"),
    "affiliations": ("affiliation", "organization"),
    "memberships": ("program_membership", "partner"),
    "contracts": ("contract", "partner"),
    "deals": ("deal_registration", "partner"),
    "opportunities": ("opportunity", "partner"),
}
MOST = 100


@dataclass(frozen=True, slots=True)
class Section:
    """The newest records of one kind, at most a hundred; `total` says how many there are."""

    record_type: str
    records: tuple[ListedRecord, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Profile:
    """`names` gives the title of every record that is referred to anywhere in the profile."""

    partner: ListedRecord
    above: tuple[Relative, ...]
    below: tuple[Relative, ...]
    sections: dict[str, Section]
    names: dict[UUID, str]
    systems: tuple[SystemStanding, ...]


async def partner_profile(tx: Tx, types: Mapping[str, RecordType], *, partner_id: UUID) -> Profile:
    """In a number of queries that does not grow with the partner. Raises NotFound, Gone."""
    partner = await get_record(tx, types["partner"], record_id=partner_id)
    sections: dict[str, Section] = {}
    for name, (type_name, field) in SECTIONS.items():
        found, total = await record_lists.pointing_to(tx, types[type_name], field=field, target=partner_id, limit=MOST)
        sections[name] = Section(type_name, tuple(found), total)
    now = await tx.now()
    return Profile(
        partner=partner,
        above=tuple(await hierarchies.relatives(tx, partner_id, direction="above")),
        below=tuple(await hierarchies.relatives(tx, partner_id, direction="below")),
        sections=sections,
        names=await _names(tx, types, partner, sections),
        systems=tuple(standing_of(rows, now=now) for rows in await load_rows(tx, partner_id)),
    )


async def _names(
    tx: Tx, types: Mapping[str, RecordType], partner: ListedRecord, sections: Mapping[str, Section]
) -> dict[UUID, str]:
    names: dict[UUID, str] = {}
    for target, ids in referred_to(types, partner, sections).items():
        names |= await record_lists.titles(tx, types[target], ids)
    return names


def referred_to(
    types: Mapping[str, RecordType], partner: ListedRecord, sections: Mapping[str, Section]
) -> dict[str, set[UUID]]:
    """The records that links of the profile lead to, by record type, the partner itself left out."""
    wanted: dict[str, set[UUID]] = {}
    everything = [("partner", partner), *((s.record_type, r) for s in sections.values() for r in s.records)]
    for type_name, record in everything:
        for name, target in types[type_name].links.items():
            if isinstance(linked := record.values.get(name), UUID) and linked != partner.id:
                wanted.setdefault(target, set()).add(linked)
    return wanted
