"""Registrations at the doors for plain records: the stage hands one in, and nothing leads past its review."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from hub.db import deal_arrivals, deal_reviews, records
from hub.db.deal_arrivals import NewArrival
from hub.db.records import StoredRecord
from hub.db.session import Tx
from hub.record.deals import DEAL_REGISTRATION
from hub.record.definition import RecordType
from hub.record.values import Value
from hub.services.deals.fields import LIFECYCLE, OPEN_STAGES, closed_fields
from hub.services.refusals import NotNow, invalid


def refuse_decided(values: Mapping[str, Value]) -> None:
    """Raises Invalid for what only a review can say; a draft, and one that is handed in, is what anybody can make."""
    for name in sorted(LIFECYCLE):
        value = values.get(name)
        if value is not None and not (name == "stage" and value in OPEN_STAGES):
            raise invalid(name, "follows from the review: hand the registration in with the stage submitted")


async def refuse_beside_review(tx: Tx, *, registration_id: UUID, values: Mapping[str, Value]) -> None:
    """What was judged, and what follows from it, is not written past the review. Raises NotNow, Invalid."""
    stored = (await records.load(tx, DEAL_REGISTRATION, [registration_id], lock=True)).get(registration_id)
    if stored is None:
        return  # whoever writes it finds out
    if not await deal_reviews.handed_in(tx, [registration_id]):
        refuse_decided(values)
        return
    closed = closed_fields(stored.values["review_status"])
    if told := sorted(name for name, value in values.items() if name in closed and value != stored.values[name]):
        raise NotNow(
            f"{', '.join(told)} of a submitted registration: use /api/v1/deal-registrations/{registration_id} to"
            " answer, amend or decide."
        )


async def closed_of(tx: Tx, record_type: RecordType, stored: Mapping[UUID, StoredRecord]) -> dict[UUID, frozenset[str]]:
    """The fields of each that nobody writes beside its review; of other types there are none."""
    if record_type.name != DEAL_REGISTRATION.name:
        return {}
    return {i: closed_fields(stored[i].values["review_status"]) for i in await deal_reviews.handed_in(tx, stored)}


async def announce_record(tx: Tx, *, registration_id: UUID, actor: str) -> None:
    """Have it judged when its stage says that it is handed in."""
    now = await tx.now()
    await deal_arrivals.announce(tx, [NewArrival(registration_id=registration_id, actor=actor, since=now)])
