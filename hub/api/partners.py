"""The single partner profile."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from hub.api.door import V1, DoorOf, Viewer
from hub.api.records import shown_record
from hub.record.definition import RecordType
from hub.services.custom_fields import record_types
from hub.services.profile import Profile, Section, partner_profile
from hub.services.standing import SystemStanding

router = APIRouter(prefix=f"{V1}/partners", tags=["partners"])


class RelativeOut(BaseModel):
    """An organization above or below; `next_to` is who it hangs on, `depth` counts the steps."""

    id: UUID
    legal_name: str
    tier: str | None
    is_partner: bool
    depth: int
    next_to: UUID
    kind: str


class SectionOut(BaseModel):
    """The newest hundred; `total` says how many there are."""

    record_type: str
    total: int
    records: list[dict[str, Any]]


class Hierarchy(BaseModel):
    above: list[RelativeOut]
    below: list[RelativeOut]


class ProfileOut(BaseModel):
    """One partner with all that belongs to it. `names` gives the title of every record that is referred to."""

    partner: dict[str, Any] = Field(description="The organization with its partner fields.")
    hierarchy: Hierarchy
    roles: SectionOut
    authorizations: SectionOut
    people: SectionOut
    affiliations: SectionOut
    memberships: SectionOut
    contracts: SectionOut
    deals: SectionOut
    opportunities: SectionOut
    names: dict[UUID, str]
    systems: list[SystemStanding]


@router.get("/{partner_id}/profile", summary="The single partner profile")
async def profile(_: Viewer, door: DoorOf, partner_id: UUID) -> ProfileOut:
    async with door.app.db.transaction() as tx:
        types = await record_types(tx)
        found = await partner_profile(tx, types, partner_id=partner_id)
    return _shown(types, found)


def _shown(types: dict[str, RecordType], found: Profile) -> ProfileOut:
    return ProfileOut(
        partner=shown_record(types["partner"], found.partner),
        hierarchy=Hierarchy.model_validate({"above": found.above, "below": found.below}, from_attributes=True),
        names=found.names,
        systems=list(found.systems),
        **{name: _section(types, section) for name, section in found.sections.items()},
    )


def _section(types: dict[str, RecordType], section: Section) -> SectionOut:
    kind = types[section.record_type]
    return SectionOut(
        record_type=section.record_type,
        total=section.total,
        records=[shown_record(kind, record) for record in section.records],
    )
