"""Admission: whoever claims the same customer and product line waits for each other, and takes a place in order."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import product
from uuid import UUID

from psycopg.types.json import Jsonb

from hub.db.arrays import Texts, Uuids
from hub.db.session import Tx

WHATEVER = "*"
"""The line of a claim that names none: it meets only others that name none."""


async def lock_scope(tx: Tx, *, keys: Collection[str], product_lines: Collection[str]) -> None:
    """Hold every (key, line) until the transaction ends; whoever holds one of them is waited for.

    Two claims that can find each other share a key, so they share a lock. All locks of a claim are taken in one order,
    so two claims never wait for each other.
    """
    scopes = {f"{key}|{line}" for key, line in product(keys, product_lines or (WHATEVER,))}
    # hashtextextended: a lock for 64 bits; the order by number is the order of all transactions.
    await tx.run(
        "select pg_advisory_xact_lock(n) from ("
        " select distinct hashtextextended(scope, 4711) as n from unnest(%s::text[]) as scope order by 1) as locks",
        Texts(scopes),
    )


async def next_place(tx: Tx) -> int:
    """To be asked for while the scope is held: the lower place was first."""
    row = await tx.one("select nextval('deal_place') as place")
    assert row is not None
    return int(row["place"])


async def store_claim(tx: Tx, *, registration_id: UUID, keys: Sequence[str], product_lines: Sequence[str]) -> None:
    await tx.run(
        "insert into deal_claim (registration_id, keys, product_lines) values (%s, %s, %s)"
        " on conflict (registration_id) do update set keys = excluded.keys, product_lines = excluded.product_lines",
        registration_id,
        Texts(keys),
        Texts(product_lines),
    )


async def sharing(
    tx: Tx, *, keys: Sequence[str], but: UUID, statuses: Collection[str], most: int
) -> tuple[list[UUID], bool]:
    """Registrations in one of the statuses that share a key, newest first, and whether there are more than `most`."""
    rows = await tx.tuples(
        "select c.registration_id from deal_claim c join deal_registration d on d.id = c.registration_id"
        " where c.keys && %s::text[] and c.registration_id <> %s and d.review_status = any(%s)"
        " and d.deleted_at is null and d.merged_into is null order by c.registration_id desc limit %s",
        Texts(keys),
        but,
        Texts(statuses),
        most + 1,
    )
    return [row[0] for row in rows[:most]], len(rows) > most


async def claims_of(tx: Tx, ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """The keys that each registration claims."""
    return dict(
        await tx.tuples("select registration_id, keys from deal_claim where registration_id = any(%s)", Uuids(ids))
    )


@dataclass(frozen=True, slots=True)
class Submitted:
    """An earlier submission under the same key."""

    digest: bytes
    answer: dict[str, object] | None


async def claim_key(tx: Tx, *, actor: str, key: str, digest: bytes) -> Submitted | None:
    """None when the key is new, and is this transaction's from now on; else what was submitted under it.

    One that is being submitted at this moment is waited for.
    """
    fresh = await tx.run(
        "insert into deal_submission (actor, key, digest) values (%s, %s, %s) on conflict do nothing",
        actor,
        key,
        digest,
    )
    if fresh:
        return None
    row = await tx.one("select digest, answer from deal_submission where actor = %s and key = %s", actor, key)
    assert row is not None
    return Submitted(bytes(row["digest"]), row["answer"])


async def store_answer(tx: Tx, *, actor: str, key: str, answer: dict[str, object]) -> None:
    await tx.run("update deal_submission set answer = %s where actor = %s and key = %s", Jsonb(answer), actor, key)
