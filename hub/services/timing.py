"""When the two values of a field came to be: what the policy `latest_wins` decides by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub.db import value_times
from hub.db.session import Tx
from hub.db.value_times import ValueTime
from hub.domain.merge import CLOSE, Times
from hub.mapping.lenses.times import read_instant
from hub.mapping.paths import dig
from hub.sdk.records import RemoteFields
from hub.services.objects import ObjectSync


@dataclass(frozen=True, slots=True)
class Undecided:
    """Fields that both sides changed. `seen`: when both sides still agreed, None if they never did."""

    remote_id: str
    record_id: UUID
    remote: RemoteFields
    fields: tuple[str, ...]
    seen: datetime | None


async def times_of(tx: Tx, sync: ObjectSync, undecided: Sequence[Undecided]) -> dict[str, dict[str, Times]]:
    """The times of both sides by remote id and field, as far as they can be trusted.

    A remote time in the future is no record of a change, and one from before both sides agreed does not speak of
    this change: such times are left out.
    """
    now = await tx.now()
    own = await value_times.of_own_values(
        tx, record_ids=[u.record_id for u in undecided], fields=sorted({f for u in undecided for f in u.fields})
    )
    found: dict[str, dict[str, Times]] = {}
    for u in undecided:
        theirs = remote_times(sync, u.remote, u.fields, now=now)
        for name in u.fields:
            ours, at = own.get((u.record_id, name)), theirs.get(name)
            if at is not None and u.seen is not None and at < u.seen - CLOSE:
                at = None
            times = Times(ours=ours.at if ours else None, theirs=at, ours_exact=bool(ours and ours.exact))
            found.setdefault(u.remote_id, {})[name] = times
    return found


def remote_times(
    sync: ObjectSync, remote: RemoteFields, fields: Iterable[str], *, now: datetime
) -> dict[str, datetime]:
    """When the system says that each of these fields was changed; without those of which it says nothing usable."""
    found: dict[str, datetime] = {}
    for name in fields:
        path = sync.stamps.get(name)
        at = read_instant(dig(remote, path)) if path else None
        if at is not None and at <= now + CLOSE:
            found[name] = at
    return found


async def note_times(tx: Tx, sync: ObjectSync, taken: Iterable[tuple[UUID, int, RemoteFields, Iterable[str]]]) -> None:
    """Keep when the values were set that come in with these (record, version, remote record, fields)."""
    if not sync.stamps:
        return
    now = await tx.now()
    await value_times.note(
        tx,
        [
            ValueTime(record_id, name, version, at)
            for record_id, version, remote, fields in taken
            for name, at in remote_times(sync, remote, fields, now=now).items()
        ],
    )
