"""Admission: whoever claims the same customer and product line waits for each other, and takes a place in order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from uuid import UUID

import msgspec

from hub.db.arrays import Texts, Uuids
from hub.db.copying import insert_rows
from hub.db.questions import Question, ask
from hub.db.session import Tx

_places = msgspec.json.Decoder(list[int])

WHATEVER = "*"
"""The line of a claim that names none: it meets only others that name none."""


def scopes(*, keys: Collection[str], product_lines: Collection[str]) -> Iterator[str]:
    """What a claim has to hold. Two claims that can find each other share a key, so they share one of these names."""
    return (f"{key}|{line}" for key, line in product(keys, product_lines or (WHATEVER,)))


async def hold(tx: Tx, names: Iterable[str]) -> datetime:
    """Hold every name until the transaction ends; whoever holds one of them is waited for. Returns the time after it.

    All of them are taken in one order, so two calls never wait for each other. A transaction that calls twice must
    call for the same kinds of names in the same order as all others do: callers' keys, references, scopes.
    """
    # hashtextextended: a lock for 64 bits; the order by number is the order of all transactions.
    row = await tx.one(
        "select count(pg_advisory_xact_lock(n)), clock_timestamp() as now from ("
        " select distinct hashtextextended(name, 4711) as n from unnest(%s::text[]) as name order by 1) as locks",
        Texts(names),
    )
    assert row is not None
    now: datetime = row["now"]
    return now


def places(count: int) -> Question[list[int]]:
    """To be asked for while the scopes are held: the lower place was first. Places that nobody takes are left out."""
    sql = "select coalesce(json_agg(nextval('deal_place')), '[]') from generate_series(1, %(places)s)"
    return Question(sql, {"places": count}, _places.decode)


async def next_place(tx: Tx) -> int:
    """One of them."""
    [[place]] = await ask(tx, places(1))
    return place


@dataclass(frozen=True, slots=True)
class Claim:
    """The keys of a registration's customer, by which others find it, and its product lines."""

    registration_id: UUID
    keys: Sequence[str]
    product_lines: Sequence[str]


async def store_claims(tx: Tx, claims: Sequence[Claim]) -> None:
    """Each in the place of the registration's earlier one."""
    await insert_rows(
        tx,
        "deal_claim",
        ("registration_id", "keys", "product_lines"),
        [(claim.registration_id, Texts(claim.keys), Texts(claim.product_lines)) for claim in claims],
        conflict=" on conflict (registration_id) do update"
        " set keys = excluded.keys, product_lines = excluded.product_lines",
    )


async def claims_of(tx: Tx, ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """The keys that each registration claims."""
    return dict(
        await tx.tuples("select registration_id, keys from deal_claim where registration_id = any(%s)", Uuids(ids))
    )


@dataclass(frozen=True, slots=True)
class Answered:
    """A submission under a caller's own key: the digest of its body, and the JSON text that answered it."""

    actor: str
    key: str
    digest: bytes
    answer: str


async def answers(tx: Tx, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Answered]:
    """What was answered before under these (actor, key)."""
    rows = await tx.tuples(
        "select s.actor, s.key, s.digest, s.answer::text from deal_submission s"
        " join unnest(%s::text[], %s::text[]) as k(actor, key) on (k.actor, k.key) = (s.actor, s.key)",
        Texts(actor for actor, _ in keys),
        Texts(key for _, key in keys),
    )
    return {(row[0], row[1]): Answered(*row) for row in rows}


async def store_answers(tx: Tx, answered: Sequence[Answered]) -> None:
    """To be stored while the keys are held."""
    if answered:
        rows = [(a.actor, a.key, a.digest, a.answer) for a in answered]
        await insert_rows(tx, "deal_submission", ("actor", "key", "digest", "answer"), rows)
