"""Clocks that all processes share: something is due once in a period, whoever looks."""

from __future__ import annotations

from datetime import timedelta

from hub.db.session import Tx


async def strike(tx: Tx, *, name: str, every: timedelta) -> bool:
    """Whether a period has passed since it struck last, or since it was first looked at. Then a new one begins."""
    row = await tx.one(
        """
        insert into lease as l (name, owner, until) values (%s, 'clock', clock_timestamp() + %s)
        on conflict (name) do update set until = excluded.until, token = l.token + 1 where l.until < clock_timestamp()
        returning token
        """,
        f"clock:{name}",
        every,
    )
    return row is not None and row["token"] > 1
