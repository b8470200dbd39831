"""Takes the engine's protections away, one at a time: a simulation that notices none of them missing proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from hub.db import changes, deal_admission, deliveries, leases
from hub.db.session import Tx
from hub.domain.merge import FieldMerge, Merged, merge_record
from hub.record.values import Values
from hub.sdk.paging import Keyset
from hub.services import inbound, sending
from hub.services.deals import screening
from hub.simulation.seeded import replaced

if TYPE_CHECKING:
    from hub.simulation.farm import Order
    from hub.simulation.laws import Law


@dataclass(frozen=True, slots=True)
class Mutation:
    """`without` says how the protection is taken away; `patch` does it."""

    protection: str
    without: str
    patch: Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Caught:
    """The first seed whose world breaks a law without the protection; None when none of `worlds` does."""

    protection: str
    without: str
    seed: int | None
    law: Law | None
    worlds: int


def try_mutations(order: Order, *, progress: Callable[[Caught], None] = lambda _: None) -> list[Caught]:
    """Play the order's worlds without each protection until one breaks a law."""
    from hub.simulation.farm import harvest

    caught = []
    for mutation in MUTATIONS:
        found = harvest(replace(order, mutation=mutation.protection, most_broken=1, shrink=False))
        first = found.broken[0] if found.broken else None
        law = first.violations[0].law if first else None
        one = Caught(mutation.protection, mutation.without, first.seed if first else None, law, found.worlds)
        progress(one)
        caught.append(one)
    return caught


def mutation_called(protection: str) -> Mutation:
    return next(m for m in MUTATIONS if m.protection == protection)


def _merge_without_base(
    *, base: Values | None, theirs: Values, ours: Values, rules: Mapping[str, FieldMerge], times: Any = None
) -> Merged:
    del base
    return merge_record(base=None, theirs=theirs, ours=ours, rules=rules, times=times)


def _last_write_wins(
    *, base: Values | None, theirs: Values, ours: Values, rules: Mapping[str, FieldMerge], times: Any = None
) -> Merged:
    del rules, times
    take = {name: value for name, value in theirs.items() if value != ours.get(name)}
    return Merged(take=take, shadow={**(base or {}), **theirs})


async def _always_renewed(_tx: Tx, *, lease: Any, ttl: timedelta) -> None:
    del lease, ttl


async def _by_id_alone(
    tx: Tx, *, after: str, record_types: Sequence[str], limit: int
) -> tuple[list[tuple[UUID, str]], str]:
    last = int(after.partition(":")[2])
    rows = await tx.tuples(
        "select id, record_id, record_type from change where id > %s order by id limit %s", last, limit
    )
    wanted = dict.fromkeys((row[1], row[2]) for row in rows if row[2] in set(record_types))
    return (list(wanted), f"0:{rows[-1][0]}") if rows else ([], after)


async def _unverified(sender: Any, _sync: Any, doubtful: Sequence[deliveries.Delivery]) -> None:
    async with sender.db.transaction() as tx:
        await deliveries.settle_unknown(tx, ids=[d.id for d in doubtful], not_before=timedelta(0))
    sender.counts["verified"] += len(doubtful)


def _never_outdated(*_: Any) -> bool:
    return False


def _unguarded(*_: Any) -> list[Any]:
    return []


def _in(place: Any, name: str, value: object) -> Callable[[], AbstractContextManager[None]]:
    return lambda: replaced(place, name, value)


_finished = Keyset.finished


def _from_the_newest(at: Keyset, *, now: datetime, overlap: timedelta) -> Keyset:
    del overlap
    return _finished(at, now=now, overlap=timedelta(0))


@contextmanager
def _no_fences() -> Iterator[None]:
    """Who lost a lease goes on as if it were still there."""
    with replaced(leases, "renew", _always_renewed), replaced(deliveries, "mark_sending", _taken_back):
        yield


_mark_sending = deliveries.mark_sending


async def _taken_back(tx: Tx, *, owner: str, sends: Sequence[Any], run_id: int, ttl: timedelta) -> set[int]:
    await tx.run(
        "update delivery set lease_owner = %s, lease_until = clock_timestamp() + %s where id = any(%s)",
        owner,
        ttl,
        [send[0] for send in sends],
    )
    return await _mark_sending(tx, owner=owner, sends=sends, run_id=run_id, ttl=ttl)


def _no_scopes(**_: Any) -> list[str]:
    return []


@contextmanager
def _forgetful() -> Iterator[None]:
    """Whoever comes again is taken for somebody new."""
    with replaced(deal_admission, "answers", _no_answers), replaced(deal_admission, "store_answers", _nothing_done):
        yield


async def _no_answers(*_: Any) -> dict[Any, Any]:
    return {}


async def _nothing_done(*_: Any) -> None:
    """No answer is kept."""


MUTATIONS: tuple[Mutation, ...] = (
    Mutation("shadow", "merging without base", _in(inbound, "merge_record", _merge_without_base)),
    Mutation("fencing", "going on with a lease that was lost", _no_fences),
    Mutation("xid8 guard", "reading the change log by id alone", _in(changes, "changed_records", _by_id_alone)),
    Mutation("outcome-unknown check", "a retry that creates blindly", _in(sending._Sender, "_verify", _unverified)),
    Mutation("overlap", "a cursor without re-read window", _in(Keyset, "finished", _from_the_newest)),
    Mutation("three-way merge", "the last write wins", _in(inbound, "merge_record", _last_write_wins)),
    Mutation("as-of guard", "old pages taken for new ones", _in(inbound, "_is_outdated", _never_outdated)),
    Mutation("read before write", "no look where no precondition holds", _in(sending, "_unguarded", _unguarded)),
    Mutation("scope lock", "rivals that do not wait for each other", _in(screening, "scopes", _no_scopes)),
    Mutation("idempotency key", "registrations stored again when they are sent again", _forgetful),
)
