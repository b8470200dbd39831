"""Links: our record ↔ remote id, with the shadow both sides last agreed on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from hub.db.copying import copy_rows
from hub.db.session import Tx

LinkState = Literal["live", "deleted", "redirected"]


@dataclass(frozen=True, slots=True)
class LinkHead:
    """What decides whether an incoming record needs a second look. `seen_hash` is None when anything must."""

    remote_id: str
    record_id: UUID
    state: LinkState
    seen_hash: bytes | None
    as_of: datetime
    redirect_to: str | None


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A live link as the outbound side needs it. `shadow` is JSON text."""

    record_id: UUID
    remote_id: str
    shadow: str
    remote_version: str | None
    as_of: datetime
    rewrites: int


@dataclass(frozen=True, slots=True)
class LinkWrite:
    """The new state of one link. `shadow` is JSON; `waits_for` are remote ids it refers to that are not linked."""

    remote_id: str
    record_id: UUID
    shadow: bytes
    seen_hash: bytes | None
    remote_version: str | None
    waits_for: Sequence[str] | None = None


async def heads(tx: Tx, *, connection_id: int, object_name: str, remote_ids: Sequence[str]) -> dict[str, LinkHead]:
    rows = await tx.tuples(
        "select remote_id, record_id, state, seen_hash, as_of, redirect_to from link"
        " where connection_id = %s and object = %s and remote_id = any(%s)",
        connection_id,
        object_name,
        list(remote_ids),
    )
    return {row[0]: LinkHead(*row) for row in rows}


async def shadows(tx: Tx, *, connection_id: int, object_name: str, remote_ids: Collection[str]) -> dict[str, str]:
    """The shadows as JSON text by remote id, their rows locked until the transaction ends."""
    rows = await tx.tuples(
        "select remote_id, shadow::text from link where connection_id = %s and object = %s and remote_id = any(%s)"
        " order by remote_id for update",
        connection_id,
        object_name,
        sorted(remote_ids),
    )
    return dict(rows)


async def insert(tx: Tx, *, connection_id: int, object_name: str, as_of: datetime, links: Iterable[LinkWrite]) -> None:
    """Store links of remote records that had none."""
    await copy_rows(
        tx,
        "link",
        (
            "connection_id",
            "object",
            "remote_id",
            "record_id",
            "shadow",
            "seen_hash",
            "remote_version",
            "as_of",
            "waits_for",
        ),
        (
            (
                connection_id,
                object_name,
                w.remote_id,
                w.record_id,
                w.shadow.decode(),
                w.seen_hash,
                w.remote_version,
                as_of,
                w.waits_for,
            )
            for w in links
        ),
    )


async def update(tx: Tx, *, connection_id: int, object_name: str, as_of: datetime, links: Sequence[LinkWrite]) -> None:
    """Store new shadows of linked records; a link that was deleted lives again. `as_of` never goes back."""
    if not links:
        return
    await tx.run(
        """
        update link set shadow = new.shadow::jsonb, seen_hash = new.seen_hash, state = 'live', redirect_to = null,
            remote_version = coalesce(new.remote_version, link.remote_version),
            as_of = greatest(link.as_of, %(as_of)s),
            waits_for = case when new.waits_for = '' then null else string_to_array(new.waits_for, E'\\x1f') end
        from unnest(%(remote_ids)s::text[], %(shadows)s::text[], %(hashes)s::bytea[], %(versions)s::text[],
                    %(waits)s::text[]) as new(remote_id, shadow, seen_hash, remote_version, waits_for)
        where link.connection_id = %(connection_id)s and link.object = %(object)s and link.remote_id = new.remote_id
        """,
        as_of=as_of,
        remote_ids=[w.remote_id for w in links],
        shadows=[w.shadow.decode() for w in links],
        hashes=[w.seen_hash for w in links],
        versions=[w.remote_version for w in links],
        waits=["\x1f".join(w.waits_for or ()) for w in links],
        connection_id=connection_id,
        object=object_name,
    )


async def of_records(
    tx: Tx, *, connection_id: int, object_name: str, record_ids: Collection[UUID]
) -> dict[UUID, LinkRow]:
    """The live links of these records in one object of a connection."""
    rows = await tx.tuples(
        "select record_id, remote_id, shadow::text, remote_version, as_of, rewrites from link"
        " where record_id = any(%s) and connection_id = %s and object = %s and state = 'live'",
        list(record_ids),
        connection_id,
        object_name,
    )
    return {row[0]: LinkRow(*row) for row in rows}


async def records_of(
    tx: Tx, *, connection_id: int, objects: Sequence[str], remote_ids: Collection[str]
) -> dict[str, UUID]:
    """The records that these remote ids stand for, survivors of merges included."""
    rows = await tx.tuples(
        """
        select asked.remote_id, coalesce(survivor.record_id, asked.record_id)
        from link asked
        left join link survivor on asked.state = 'redirected' and survivor.connection_id = asked.connection_id
            and survivor.object = asked.object and survivor.remote_id = asked.redirect_to
        where asked.connection_id = %s and asked.object = any(%s) and asked.remote_id = any(%s)
        """,
        connection_id,
        list(objects),
        list(remote_ids),
    )
    return dict(rows)


async def remote_ids_of(
    tx: Tx, *, connection_id: int, objects: Sequence[str], record_ids: Collection[UUID]
) -> dict[UUID, str]:
    """The remote ids under which these records live in a connection."""
    rows = await tx.tuples(
        "select record_id, remote_id from link"
        " where record_id = any(%s) and connection_id = %s and object = any(%s) and state = 'live'",
        list(record_ids),
        connection_id,
        list(objects),
    )
    return dict(rows)


async def waiting_for(tx: Tx, *, connection_id: int, remote_ids: Sequence[str]) -> list[tuple[str, str]]:
    """(object, remote id) of records that refer to one of these remote ids and could not be resolved before."""
    return [
        (row[0], row[1])
        for row in await tx.tuples(
            "select object, remote_id from link"
            " where connection_id = %s and waits_for is not null and waits_for && %s::text[]",
            connection_id,
            list(remote_ids),
        )
    ]


async def forget_hashes(tx: Tx, *, connection_id: int, keys: Sequence[tuple[str, str]]) -> None:
    """Make the next read of these (object, remote id) look again, whatever it brings."""
    await tx.run(
        "update link set seen_hash = null from unnest(%s::text[], %s::text[]) as k(object, remote_id)"
        " where link.connection_id = %s and link.object = k.object and link.remote_id = k.remote_id",
        [key[0] for key in keys],
        [key[1] for key in keys],
        connection_id,
    )


async def mark_deleted(tx: Tx, *, connection_id: int, object_name: str, remote_ids: Sequence[str]) -> list[UUID]:
    """Turn live links into tombstones; returns the records that lost their link."""
    rows = await tx.all(
        "update link set state = 'deleted', seen_hash = null, as_of = clock_timestamp()"
        " where connection_id = %s and object = %s and remote_id = any(%s) and state = 'live' returning record_id",
        connection_id,
        object_name,
        list(remote_ids),
    )
    return [row["record_id"] for row in rows]


async def redirect(tx: Tx, *, connection_id: int, object_name: str, loser: str, survivor: str, as_of: datetime) -> None:
    """Let `loser` point to `survivor` from now on."""
    await tx.run(
        "update link set state = 'redirected', redirect_to = %s, seen_hash = null, as_of = greatest(as_of, %s)"
        " where connection_id = %s and object = %s and remote_id = %s",
        survivor,
        as_of,
        connection_id,
        object_name,
        loser,
    )


async def of_record(tx: Tx, record_id: UUID) -> list[Mapping[str, object]]:
    """Every link of one record, with its connection's name: for profiles and explanations."""
    return [
        dict(row)
        for row in await tx.all(
            """
            select c.name as connection, c.system, link.object, link.remote_id, link.state, link.as_of,
                link.redirect_to, link.shadow, link.waits_for, c.id as connection_id
            from link join connection c on c.id = link.connection_id
            where link.record_id = %s order by c.name, link.object, link.remote_id
            """,
            record_id,
        )
    ]
