"""Parts of registrations: parties and proofs, and what one of the same deal can take from another."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from hub.db.arrays import Uuids
from hub.db.living import ALIVE
from hub.db.session import Tx


async def parties(tx: Tx, deals: Collection[UUID]) -> list[dict[str, Any]]:
    return await _rows(
        tx,
        "select deal, partner, role, on_behalf_of, credit from deal_party d"
        f" where deal = any(%s) and {ALIVE.format('d')} order by d.id",
        Uuids(deals),
    )


async def proofs(tx: Tx, deals: Collection[UUID]) -> list[dict[str, Any]]:
    return await _rows(
        tx,
        "select deal, kind, dated_on, received_at from deal_evidence d"
        f" where deal = any(%s) and {ALIVE.format('d')} order by d.id",
        Uuids(deals),
    )


async def to_move(tx: Tx, *, loser: UUID, survivor: UUID) -> dict[str, list[UUID]]:
    """By record type: parties in a role that the survivor lacks, proofs that it lacks, lines where it has none."""
    of_survivor = f"s.deal = %(survivor)s and {ALIVE.format('s')}"
    missing = {
        "deal_party": f"{of_survivor} and s.partner = p.partner and s.role = p.role",
        "deal_evidence": f"{of_survivor} and s.sha256 = p.sha256",
        "deal_line": of_survivor,
    }
    found = {}
    for name, same in missing.items():
        rows = await tx.all(
            f"select p.id from {name} p where p.deal = %(loser)s and {ALIVE.format('p')}"
            f" and not exists (select from {name} s where {same}) order by p.id",
            loser=loser,
            survivor=survivor,
        )
        found[name] = [row["id"] for row in rows]
    return found


async def counts(tx: Tx, deal: UUID) -> dict[str, int]:
    """How many parts of each type a registration has."""
    row = await tx.one(
        "select "
        + ", ".join(
            f"(select count(*) from {name} p where p.deal = %(deal)s and {ALIVE.format('p')}) as {name}"
            for name in ("deal_party", "deal_evidence", "deal_line")
        ),
        deal=deal,
    )
    assert row is not None
    return {name: int(n) for name, n in row.items()}


async def _rows(tx: Tx, sql: str, *params: object) -> list[dict[str, Any]]:
    return [dict(row) for row in await tx.all(sql, *params)]
