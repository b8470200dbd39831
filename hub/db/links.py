"""Links: our record ↔ remote id, with the shadow both sides last agreed on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from hub.db.arrays import Texts, Uuids
from hub.db.copying import copy_rows
from hub.db.session import Tx

LinkState = Literal["live", "deleted", "redirected", "parted"]


class LinkHead(Struct, frozen=True):
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


class LinkWrite(Struct, frozen=True):
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
        Texts(remote_ids),
    )
    return {row[0]: LinkHead(*row) for row in rows}


async def shadows(
    tx: Tx, *, connection_id: int, object_name: str, remote_ids: Collection[str]
) -> dict[str, tuple[str, datetime]]:
    """Each shadow as JSON text with its `as_of`, by remote id; the rows are locked until the transaction ends."""
    rows = await tx.tuples(
        "select remote_id, shadow::text, as_of from link"
        " where connection_id = %s and object = %s and remote_id = any(%s) order by remote_id for update",
        connection_id,
        object_name,
        Texts(sorted(remote_ids)),
    )
    return {row[0]: (row[1], row[2]) for row in rows}


async def any_live(tx: Tx, *, connection_id: int, object_name: str) -> bool:
    row = await tx.one(
        "select from link where connection_id = %s and object = %s and state = 'live' limit 1",
        connection_id,
        object_name,
    )
    return row is not None


async def forget(tx: Tx, *, connection_id: int, object_name: str, remote_ids: Sequence[str]) -> None:
    """Take these links away altogether."""
    await tx.run(
        "delete from link where connection_id = %s and object = %s and remote_id = any(%s)",
        connection_id,
        object_name,
        Texts(remote_ids),
    )


async def insert(
    tx: Tx, *, connection_id: int, object_name: str, as_of: datetime, run_id: int | None, links: Iterable[LinkWrite]
) -> None:
    """Store links of remote records that had none, made in a run."""
    moment = as_of.isoformat()  # once; the driver would write it anew for each row
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
            "run_id",
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
                moment,
                w.waits_for,
                run_id,
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
            redirect_object = null, remote_version = coalesce(new.remote_version, link.remote_version),
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
        "select record_id, remote_id, shadow::text, remote_version, as_of from link"
        " where record_id = any(%s) and connection_id = %s and object = %s and state = 'live'",
        Uuids(record_ids),
        connection_id,
        object_name,
    )
    return {row[0]: LinkRow(*row) for row in rows}


async def records_of(
    tx: Tx, *, connection_id: int, objects: Sequence[str], remote_ids: Collection[str]
) -> dict[str, UUID]:
    """The records that these remote ids stand for, survivors of merges included.

    A deleted remote record stands for its record only until that has another one here.
    """
    rows = await tx.tuples(
        """
        select asked.remote_id, coalesce(survivor.record_id, asked.record_id)
        from link asked
        left join link survivor on asked.state = 'redirected' and asked.redirect_object is null
            and survivor.connection_id = asked.connection_id
            and survivor.object = asked.object and survivor.remote_id = asked.redirect_to
        where asked.connection_id = %s and asked.object = any(%s) and asked.remote_id = any(%s)
            and asked.state <> 'parted'
            and not (asked.state = 'deleted' and exists (select from link anew where anew.record_id = asked.record_id
                and anew.connection_id = asked.connection_id and anew.object = asked.object and anew.state = 'live'))
        """,
        connection_id,
        list(objects),
        Texts(remote_ids),
    )
    return dict(rows)


async def remote_ids_of(
    tx: Tx, *, connection_id: int, objects: Sequence[str], record_ids: Collection[UUID]
) -> dict[UUID, str]:
    """The remote ids under which these records live in a connection."""
    rows = await tx.tuples(
        "select record_id, remote_id from link"
        " where record_id = any(%s) and connection_id = %s and object = any(%s) and state = 'live'",
        Uuids(record_ids),
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
            Texts(remote_ids),
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


async def mark_deleted(
    tx: Tx, *, connection_id: int, object_name: str, remote_ids: Sequence[str]
) -> list[tuple[UUID, str]]:
    """Turn live links into tombstones; returns the (record, remote id) pairs that were parted."""
    rows = await tx.all(
        "update link set state = 'deleted', seen_hash = null, as_of = clock_timestamp()"
        " where connection_id = %s and object = %s and remote_id = any(%s) and state = 'live'"
        " returning record_id, remote_id",
        connection_id,
        object_name,
        Texts(remote_ids),
    )
    return [(row["record_id"], row["remote_id"]) for row in rows]


async def redirect(
    tx: Tx,
    *,
    connection_id: int,
    object_name: str,
    loser: str,
    survivor: str,
    as_of: datetime,
    into_object: str | None = None,
) -> None:
    """Let `loser` point to `survivor` from now on, in another object where one is named."""
    await tx.run(
        "update link set state = 'redirected', redirect_to = %s, redirect_object = %s, seen_hash = null,"
        " as_of = greatest(as_of, %s)"
        " where connection_id = %s and object = %s and remote_id = %s",
        survivor,
        into_object,
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


async def tombstones(tx: Tx, *, connection_id: int, object_name: str, record_ids: Collection[UUID]) -> set[UUID]:
    """Those of the records that were in this object and were deleted there: they are not created again."""
    rows = await tx.tuples(
        "select distinct record_id from link"
        " where record_id = any(%s) and connection_id = %s and object = %s and state = 'deleted'",
        Uuids(record_ids),
        connection_id,
        object_name,
    )
    return {row[0] for row in rows}


async def converted(tx: Tx, *, connection_id: int, object_name: str, record_ids: Collection[UUID]) -> set[UUID]:
    """Those of the records that were in this object and live on there as records of other objects."""
    rows = await tx.tuples(
        "select distinct record_id from link where record_id = any(%s) and connection_id = %s and object = %s"
        " and state = 'redirected' and redirect_object is not null",
        Uuids(record_ids),
        connection_id,
        object_name,
    )
    return {row[0] for row in rows}


async def parted(tx: Tx, *, connection_id: int, object_name: str, record_ids: Collection[UUID]) -> set[UUID]:
    """Those of the records that an undo took apart from a remote record of this object: they are not created again."""
    rows = await tx.tuples(
        "select distinct record_id from link"
        " where record_id = any(%s) and connection_id = %s and object = %s and state = 'parted'",
        Uuids(record_ids),
        connection_id,
        object_name,
    )
    return {row[0] for row in rows}


async def ever_linked(tx: Tx, *, connection_id: int, object_name: str, record_ids: Collection[UUID]) -> set[UUID]:
    """Those of the records that have, or had, a remote record in this object."""
    rows = await tx.tuples(
        "select distinct record_id from link where record_id = any(%s) and connection_id = %s and object = %s",
        Uuids(record_ids),
        connection_id,
        object_name,
    )
    return {row[0] for row in rows}


async def agree(
    tx: Tx,
    *,
    connection_id: int,
    object_name: str,
    written: Sequence[tuple[UUID, str, bytes, str | None]],
) -> list[UUID]:
    """After writes: (record, remote id, values written as JSON, version token) become the shadow from now on.

    A link that is not there yet is made; one that is a tombstone meanwhile stays one. What was written is laid over
    the shadow; the next read looks again, so that values which the remote changed on the way in are noticed. Returns
    the records whose remote id already stands for another record, or which have another remote id here meanwhile:
    nothing is stored for them.
    """
    rows = await tx.all(
        """
        insert into link (connection_id, object, record_id, remote_id, shadow, remote_version, as_of)
        select %s, %s, w.record_id, w.remote_id, w.shadow::jsonb, w.version, clock_timestamp()
        from unnest(%s::uuid[], %s::text[], %s::text[], %s::text[]) as w(record_id, remote_id, shadow, version)
        where not exists (select from link other where other.record_id = w.record_id and other.connection_id = %s
            and other.object = %s and other.state = 'live' and other.remote_id <> w.remote_id)
        on conflict (connection_id, object, remote_id) do update set
            shadow = link.shadow || excluded.shadow, remote_version = excluded.remote_version,
            seen_hash = null, as_of = excluded.as_of
            where link.record_id = excluded.record_id
        returning record_id
        """,
        connection_id,
        object_name,
        [w[0] for w in written],
        [w[1] for w in written],
        [w[2].decode() for w in written],
        [w[3] for w in written],
        connection_id,
        object_name,
    )
    stored = {row["record_id"] for row in rows}
    return [w[0] for w in written if w[0] not in stored]


async def gone_among(tx: Tx, *, connection_id: int, object_name: str, remote_ids: Sequence[str]) -> list[str]:
    """Those of the remote ids whose link is not live."""
    rows = await tx.tuples(
        "select remote_id from link"
        " where connection_id = %s and object = %s and remote_id = any(%s) and state <> 'live' order by 1",
        connection_id,
        object_name,
        Texts(remote_ids),
    )
    return [row[0] for row in rows]


async def take_over(
    tx: Tx, *, connection_id: int, object_name: str, loser: str, survivor: str, into_object: str | None = None
) -> None:
    """A survivor that had no link gets the loser's record and shadow; its next read looks again."""
    await tx.run(
        """
        insert into link (connection_id, object, remote_id, record_id, shadow, as_of)
        select connection_id, coalesce(%s, object), %s, record_id, shadow, as_of from link
        where connection_id = %s and object = %s and remote_id = %s
        on conflict do nothing
        """,
        into_object,
        survivor,
        connection_id,
        object_name,
        loser,
    )


async def move_to_survivor(
    tx: Tx, *, loser: UUID, survivor: UUID, open_fields: Sequence[str]
) -> list[tuple[int, str, str]]:
    """Links of a merged record go to its survivor, except where the survivor has a live one in the same object.

    Shadows stay, so that the survivor's own values are delivered; only in `open_fields` what the remote holds is to
    be met anew, and not to be overwritten. Returns the live links that moved: (connection, object, remote id).
    """
    rows = await tx.tuples(
        """
        update link set record_id = %s, seen_hash = null, shadow = shadow - %s::text[]
        where record_id = %s and not (state = 'live' and exists (
            select from link other where other.record_id = %s and other.state = 'live'
                and other.connection_id = link.connection_id and other.object = link.object))
        returning connection_id, object, remote_id, state
        """,
        survivor,
        list(open_fields),
        loser,
        survivor,
    )
    return [(row[0], row[1], row[2]) for row in rows if row[3] == "live"]


async def forget_references(
    tx: Tx, *, connection_id: int, object_name: str, fields: Sequence[str], record_ids: Collection[UUID]
) -> list[UUID]:
    """Take references to these records out of the shadows; returns the records that had one."""
    rows = await tx.tuples(
        """
        update link set shadow = shadow - f.name
        from unnest(%s::text[]) as f(name)
        where connection_id = %s and object = %s and state = 'live' and shadow ->> f.name = any(%s)
        returning record_id
        """,
        list(fields),
        connection_id,
        object_name,
        [str(record_id) for record_id in record_ids],
    )
    return list(dict.fromkeys(row[0] for row in rows))


async def referring(
    tx: Tx, *, connection_id: int, object_name: str, fields: Sequence[str], record_id: UUID
) -> list[tuple[str, str]]:
    """(object, remote id) of live rows that, as last agreed on, refer to a record with one of these fields."""
    rows = await tx.tuples(
        "select distinct object, remote_id from link cross join unnest(%s::text[]) as f(name)"
        " where connection_id = %s and object = %s and state = 'live' and shadow ->> f.name = %s",
        list(fields),
        connection_id,
        object_name,
        str(record_id),
    )
    return [(row[0], row[1]) for row in rows]


async def left_behind(tx: Tx, *, loser: UUID) -> list[tuple[int, str, str]]:
    """Live links that still hang on a merged record: (connection, object, remote id)."""
    rows = await tx.tuples(
        "select connection_id, object, remote_id from link where record_id = %s and state = 'live'", loser
    )
    return [(row[0], row[1], row[2]) for row in rows]


async def last_shadow(tx: Tx, *, connection_id: int, object_name: str, record_id: UUID) -> str | None:
    """The shadow of a record's link in an object, whatever the link's state; the newest first."""
    rows = await tx.tuples(
        "select shadow::text from link where record_id = %s and connection_id = %s and object = %s"
        " order by as_of desc limit 1",
        record_id,
        connection_id,
        object_name,
    )
    return rows[0][0] if rows else None


async def agree_on_reference(
    tx: Tx, *, connection_id: int, record_id: UUID, field: str, loser: UUID, survivor: UUID
) -> None:
    """A reference that the remote itself moved from `loser` to `survivor` is agreed on already."""
    await tx.run(
        "update link set shadow = jsonb_set(shadow, array[%s], to_jsonb(%s::text))"
        " where record_id = %s and connection_id = %s and shadow ->> %s = %s",
        field,
        str(survivor),
        record_id,
        connection_id,
        field,
        str(loser),
    )
