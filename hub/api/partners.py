"""The single partner profile."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from hub.api.door import V1, DoorOf, Viewer
from hub.api.records import AsOf, shown_record
from hub.record.definition import RecordType
from hub.services.custom_fields import record_types
from hub.services.past_profile import partner_profile_as_of
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

    as_of: datetime | None = Field(description="The time that it shows; null for now.")
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


@router.get("/{partner_id}/profile", summary="The single partner profile, as it is or as it was")
async def profile(_: Viewer, door: DoorOf, partner_id: UUID, as_of: AsOf = None) -> ProfileOut:
    """With `as_of`: every record as it was then, dated ones that were in force that day, and no `systems`."""
    async with door.app.db.transaction() as tx:
        types = await record_types(tx)
        if as_of is None:
            found = await partner_profile(tx, types, partner_id=partner_id)
        else:
            found = await partner_profile_as_of(tx, types, partner_id=partner_id, moment=as_of)
    return _shown(types, found, as_of)


def _shown(types: dict[str, RecordType], found: Profile, as_of: datetime | None) -> ProfileOut:
    return ProfileOut(
        as_of=as_of,
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
