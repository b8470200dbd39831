"""Leases: at most one holder of a name over all processes, with a fencing token against one who came back late."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from hub.db.session import Tx


class LeaseLost(Exception):
    """Somebody else holds the lease now; whatever was about to be stored must not be."""


@dataclass(frozen=True, slots=True)
class Lease:
    name: str
    owner: str
    token: int


async def acquire(tx: Tx, *, name: str, owner: str, ttl: timedelta) -> Lease | None:
    """The lease, or None while somebody else holds it. Every new holder gets a higher token."""
    row = await tx.one(
        """
        insert into lease as l (name, owner, until) values (%s, %s, clock_timestamp() + %s)
        on conflict (name) do update set owner = excluded.owner, until = excluded.until, token = l.token + 1
            where l.until < clock_timestamp()
        returning token
        """,
        name,
        owner,
        ttl,
    )
    return Lease(name, owner, row["token"]) if row else None


async def renew(tx: Tx, *, lease: Lease, ttl: timedelta) -> None:
    """Heartbeat and fence in one: LeaseLost when the lease has passed on. Holds the row until the commit."""
    touched = await tx.run(
        "update lease set until = clock_timestamp() + %s where name = %s and token = %s and owner = %s",
        ttl,
        lease.name,
        lease.token,
        lease.owner,
    )
    if not touched:
        raise LeaseLost(lease.name)


async def release(tx: Tx, *, lease: Lease) -> None:
    await tx.run(
        "update lease set until = '-infinity' where name = %s and token = %s and owner = %s",
        lease.name,
        lease.token,
        lease.owner,
    )


async def abandoned(tx: Tx, *, prefix: str, since: timedelta) -> list[str]:
    """Names that begin with `prefix` whose holder neither renewed nor gave back: it died, not longer ago than `since`.

    Leases that are meant to run out (clocks) must not share the prefix.
    """
    rows = await tx.all(
        "select name from lease where starts_with(name, %s)"
        " and until < clock_timestamp() and until > clock_timestamp() - %s",
        prefix,
        since,
    )
    return [row["name"] for row in rows]
