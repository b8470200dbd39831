"""The circuit of each remote account: how often it failed in a row, how long it rests, and who may probe it.

It stands in the rows of all connections of the account, which are changed together and always in the same order.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from hub.db.session import Tx

# All connections of the account, locked.
_ACCOUNT = """
    with account as (
        select c.id, c.down_since, c.rest_until from connection c, connection me
        where me.id = %(me)s and c.state <> 'retired' and c.system = me.system
            and coalesce(c.account_id, c.name) = coalesce(me.account_id, me.name)
        order by c.id for update of c)
"""


_OPEN = "failures > 0 or down_since is not null or probe_until is not null"


@dataclass(frozen=True, slots=True)
class Failed:
    """`failures` in a row, this one included; `is_first`: the account answered until now."""

    failures: int
    is_first: bool


async def failed(tx: Tx, *, connection_id: int) -> Failed:
    """Note that the account did not answer; whoever probed it has had the answer."""
    rows = await tx.all(
        _ACCOUNT
        + """
        update connection c set failures = c.failures + 1, probe_until = null,
            down_since = coalesce(c.down_since, clock_timestamp())
        from account where c.id = account.id
        returning c.failures, account.down_since is null as answered
        """,
        me=connection_id,
    )
    return Failed(max(row["failures"] for row in rows), all(row["answered"] for row in rows))


async def rest(tx: Tx, *, connection_id: int, delay: timedelta, reason: str) -> bool:
    """Leave the account alone for a while; a longer rest that is on already stays. False when it rested already."""
    rows = await tx.all(
        _ACCOUNT
        + """
        update connection c set rest_until = greatest(c.rest_until, clock_timestamp() + %(delay)s),
            rest_reason = %(reason)s
        from account where c.id = account.id
        returning coalesce(account.rest_until <= clock_timestamp(), true) as is_new
        """,
        me=connection_id,
        delay=delay,
        reason=reason,
    )
    return any(row["is_new"] for row in rows)


async def answered(tx: Tx, *, connection_id: int) -> timedelta | None:
    """Close the circuit: the account answers. Returns how long it did not, once."""
    open_ = await tx.one(f"select from connection where id = %s and ({_OPEN})", connection_id)
    if open_ is None:
        return None
    rows = await tx.all(
        _ACCOUNT
        + """
        update connection c set failures = 0, down_since = null, rest_until = null, rest_reason = null,
            probe_until = null
        from account where c.id = account.id
        returning clock_timestamp() - account.down_since as was_down
        """,
        me=connection_id,
    )
    return max((row["was_down"] for row in rows if row["was_down"] is not None), default=None)


async def resting_for(tx: Tx, *, connection_id: int) -> timedelta | None:
    """How long the account is still to be left alone, also because somebody probes it; None when it may be used."""
    row = await tx.one(
        "select greatest(rest_until, probe_until) - clock_timestamp() as left from connection"
        " where id = %s and greatest(rest_until, probe_until) > clock_timestamp()",
        connection_id,
    )
    return row["left"] if row else None


async def take_probe(tx: Tx, *, connection_id: int, breaks_after: int, within: timedelta) -> bool | None:
    """Whether this caller is the one to probe the account, which nobody else may use `within` that time.

    None: there is nothing to probe, the circuit is closed. False: it rests, or somebody else probes it.
    """
    row = await tx.one("select failures from connection where id = %s", connection_id)
    if row is None or row["failures"] < breaks_after:
        return None
    taken = await tx.all(
        _ACCOUNT
        + """
        update connection c set probe_until = clock_timestamp() + %(within)s
        from account where c.id = account.id and c.failures >= %(breaks_after)s
            and coalesce(c.rest_until <= clock_timestamp(), true)
            and coalesce(c.probe_until <= clock_timestamp(), true)
        returning c.id
        """,
        me=connection_id,
        within=within,
        breaks_after=breaks_after,
    )
    return bool(taken)
