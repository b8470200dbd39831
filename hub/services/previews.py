"""Previews: what an action would do, computed by doing it in a transaction that is rolled back."""

from __future__ import annotations

from hub.db import cursors, runs
from hub.db.session import Database
from hub.sdk.capabilities import Reads
from hub.sdk.records import ReadQuery
from hub.services.counts import Counts
from hub.services.departures import apply_deletions
from hub.services.inbound import apply_records
from hub.services.objects import OpenConnection


class _RolledBack(Exception):
    """Ends the preview's transaction."""


async def preview_pull(db: Database, connection: OpenConnection, *, full: bool = False) -> Counts:
    """What a pull of this connection would do now: records created, linked, changed, quarantined, in conflict, …

    Everything is read and worked out for real, in one transaction, and nothing is kept: no record, link, cursor or
    question to a person. Matching of new records in other processes waits until the preview has ended.
    """
    counts = Counts()
    try:
        async with db.transaction() as tx:
            run_id = await runs.start(tx, connection_id=connection.id, kind="preview")
            for sync in connection.objects:
                connector = connection.connector
                if not isinstance(connector, Reads) or not sync.mapping.inbound:
                    continue
                cursor = None
                if not full:
                    cursor = await cursors.load(
                        tx, connection_id=connection.id, object_name=sync.name, direction="inbound"
                    )
                query = ReadQuery(object=sync.name, fields=sync.mapping.read_fields, where=sync.mapping.where)
                while True:
                    as_of = await tx.now() - sync.capabilities.read_lag
                    page = await connector.read_page(query, cursor)
                    gone = await apply_deletions(tx, sync, deletions=page.deletions, as_of=as_of, run_id=run_id)
                    came = await apply_records(tx, sync, remote=page.records, as_of=as_of, run_id=run_id)
                    counts += gone.counts + came.counts
                    cursor = page.cursor
                    if page.done:
                        break
            raise _RolledBack
    except _RolledBack:
        return counts
