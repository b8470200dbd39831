"""Registrations that a page brings are kept in its transaction, to be judged after it.

Judging takes the locks of a claim's scope (ADR 15) while a page holds locks of its own, so the two never meet.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub.db import deal_arrivals, deal_reviews, runs
from hub.db.deal_arrivals import NewArrival
from hub.db.session import Tx
from hub.record.deals import DEAL_REGISTRATION
from hub.record.values import Value
from hub.services.deals.fields import DECIDED_STAGES
from hub.services.objects import ObjectSync


@dataclass(frozen=True, slots=True)
class Came:
    """A registration with what the hub holds of it now, the author as far as the system names one.

    `asked_stage`: what somebody set there against the review.
    """

    record_id: UUID
    values: Mapping[str, Value]
    author: str | None
    asked_stage: str | None = None


def brings_registrations(sync: ObjectSync) -> bool:
    """Whether what this object brings is judged by the hub, or taken over as it was judged before."""
    return sync.record_type.name == DEAL_REGISTRATION.name and sync.connection.registrations != "leave"


async def submitted_ones(tx: Tx, sync: ObjectSync, record_ids: Collection[UUID]) -> frozenset[UUID]:
    """Those that have a review. To be asked for while their rows are held."""
    if not brings_registrations(sync) or not record_ids:
        return frozenset()
    return await deal_reviews.handed_in(tx, record_ids)


async def announce(tx: Tx, sync: ObjectSync, came: Sequence[Came]) -> None:
    """Keep them until they are judged; all that came in before the first read was done may be taken over."""
    if not came or not brings_registrations(sync):
        return
    connection = sync.connection
    known = await runs.any_done(tx, connection_id=connection.id, object_name=sync.name, kind="pull")
    takes_over = connection.registrations == "take_over" or not known
    now = await tx.now()
    arrivals = [
        NewArrival(
            registration_id=c.record_id,
            actor=(c.author or connection.name)[:255],
            since=_since(c.values, now) if takes_over else now,
            undecided=c.values.get("stage") not in DECIDED_STAGES,
            takes_over=takes_over,
            asked_stage=c.asked_stage,
        )
        for c in came
    ]
    await deal_arrivals.announce(tx, arrivals, connection_id=connection.id, object_name=sync.name)


def _since(values: Mapping[str, Value], now: datetime) -> datetime:
    """What is taken over keeps the order in which it was handed in there."""
    there = values.get("submitted_at")
    return min(there, now) if isinstance(there, datetime) else now
