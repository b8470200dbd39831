"""Holds mappings to what the systems have now: looks once in a while, notes what drifted, lets flow what fits again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import msgspec
import structlog
from psycopg.rows import DictRow

from hub.budget import at_priority, calls_for
from hub.db import drift
from hub.db.drift import DriftRow, Snapshot
from hub.db.session import Database, Tx
from hub.mapping.drift import Finding, find_drift
from hub.mapping.model import Mapping
from hub.mapping.proposals import propose
from hub.sdk.capabilities import Describes, RemoteObject
from hub.sdk.errors import RemoteError
from hub.services.objects import OpenConnection

log = structlog.get_logger()

# After a refusal the system is asked at once, but not again and again.
AFTER_REFUSAL = timedelta(minutes=1)


async def fit(db: Database, connection: OpenConnection, *, every: timedelta | None = None) -> OpenConnection:
    """The connection as far as its mappings fit the system now, which is asked where that is due.

    A system that cannot be asked stays held to what was found last. Never raises RemoteErrors.
    """
    every = connection.describe_every if every is None else every
    async with db.transaction() as tx:
        known = await drift.snapshots(tx, connection_id=connection.id, every=every)
        rows = await drift.open_rows(tx, connection_id=connection.id)
    mappings = connection.mappings.values()
    outdated = [m for m in mappings if m.object in known and known[m.object][0] not in (None, m.digest)]
    to_ask = [m for m in mappings if known.get(m.object, (None, True))[1]]
    if not isinstance(connection.connector, Describes):
        to_ask = []
    if to_ask or outdated:
        asked = await _ask(db, connection, connection.connector, to_ask, every) if to_ask else {}
        for mapping in {m.object: m for m in [*outdated, *to_ask]}.values():
            await _compare(db, connection, mapping, asked.get(mapping.object))
        async with db.transaction() as tx:
            rows = await drift.open_rows(tx, connection_id=connection.id)
    return connection.with_drift(_by_object(connection, rows))


async def refit(db: Database, connection: OpenConnection) -> OpenConnection | None:
    """After a refusal, which may come of a field that is gone: ask at once. None when all is as it was."""
    fitted = await fit(db, connection, every=AFTER_REFUSAL)
    return None if fitted is connection else fitted


async def _ask(
    db: Database, connection: OpenConnection, connector: object, mappings: Sequence[Mapping], every: timedelta
) -> dict[str, RemoteObject]:
    assert isinstance(connector, Describes)
    async with db.transaction() as tx:
        mine = await drift.claim(tx, connection_id=connection.id, objects=[m.object for m in mappings], every=every)
    described: dict[str, RemoteObject] = {}
    for name in sorted(mine):
        try:
            with at_priority("incremental"), calls_for("describe", name):
                described[name] = await connector.describe(connection.mappings[name].remote_object)
        except RemoteError as exc:
            # Reading and writing will meet the same error and decide what follows; a look alone stops nothing.
            log.info("schema_not_seen", connection=connection.name, object=name, error=exc.kind, message=exc.message)
            async with db.transaction() as tx:
                unseen = sorted(mine - described.keys())
                await drift.ask_again(
                    tx, connection_id=connection.id, objects=unseen, every=every, within=AFTER_REFUSAL
                )
            break
    return described


async def _compare(db: Database, connection: OpenConnection, mapping: Mapping, now: RemoteObject | None) -> None:
    """Note what does not fit; without `now`, the object as it was last seen against a mapping that was edited."""
    async with db.transaction() as tx:
        last = await drift.lock_snapshot(tx, connection_id=connection.id, object_name=mapping.object)
        before = _described(last)
        seen = now or before
        if last is None or seen is None:
            return
        rows = await drift.open_rows(tx, connection_id=connection.id)
        known = {finding.key: finding for finding in _by_object(connection, rows).get(mapping.object, ())}
        found = find_drift(mapping, now=seen, before=before, known=known)
        new, settled = await _store(tx, connection, mapping, found, seen, before)
        await drift.save_snapshot(
            tx,
            connection_id=connection.id,
            object_name=mapping.object,
            described=msgspec.to_builtins(seen),
            mapping_digest=mapping.digest,
            seen=now is not None,
        )
        paths = [row["remote"] for row in new if row["stops"] in ("push", "both")]
        if paths:
            await drift.revive_refused(
                tx, connection_id=connection.id, object_name=mapping.object, paths=paths, since=last.seen_at
            )
        await _let_flow(tx, connection, mapping, settled)
    for row in new:
        log.warning("schema_drifted", connection=connection.name, object=mapping.object, finding=row["message"])
    for row in settled:
        log.info("schema_fits_again", connection=connection.name, object=mapping.object, finding=row["message"])


async def _store(
    tx: Tx,
    connection: OpenConnection,
    mapping: Mapping,
    found: Sequence[Finding],
    now: RemoteObject,
    before: RemoteObject | None,
) -> tuple[list[DictRow], list[DictRow]]:
    rows = [
        DriftRow(
            kind=f.kind,
            field=f.field,
            remote=f.remote,
            stops=f.stops,
            words=list(f.words),
            longest=f.longest,
            line=f.line,
            message=f.message,
            edit=propose(f, mapping, now=now, before=before),
        )
        for f in found
    ]
    return await drift.replace(
        tx, connection_id=connection.id, object_name=mapping.object, file=mapping.file, found=rows
    )


async def _let_flow(tx: Tx, connection: OpenConnection, mapping: Mapping, settled: Sequence[DictRow]) -> None:
    """What was held back goes on its way: deliveries at once, and records that were read without these fields."""
    if any(row["stops"] != "nothing" for row in settled):
        await drift.let_flow(tx, connection_id=connection.id, object_name=mapping.object)
    unread = [row for row in settled if row["stops"] == "both" or row["kind"] == "values_added"]
    if unread:
        await drift.read_again(
            tx,
            connection_id=connection.id,
            object_name=mapping.object,
            fields=[row["field"] for row in unread],
            since=min((row["found_at"] for row in unread if row["stops"] == "both"), default=None),
        )


def _described(last: Snapshot | None) -> RemoteObject | None:
    if last is None or last.described is None:
        return None
    return msgspec.convert(last.described, RemoteObject)


def _by_object(connection: OpenConnection, rows: Sequence[DictRow]) -> dict[str, tuple[Finding, ...]]:
    found: dict[str, list[Finding]] = {}
    for row in rows:
        if row["object"] in connection.mappings:
            found.setdefault(row["object"], []).append(_finding(row))
    return {name: tuple(findings) for name, findings in found.items()}


def _finding(row: DictRow) -> Finding:
    return Finding(
        kind=row["kind"],
        field=row["field"],
        remote=row["remote"],
        stops=row["stops"],
        line=row["line"],
        message=row["message"],
        words=tuple(row["words"]),
        longest=row["longest"],
    )
