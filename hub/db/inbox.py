"""The inbox: webhook events as they arrived, each once."""

from __future__ import annotations

from collections.abc import Sequence

from hub.db.session import Tx
from hub.sdk.records import WebhookEvent


async def store(tx: Tx, *, connection_id: int, events: Sequence[WebhookEvent]) -> set[str]:
    """Keep the events; returns the ids of those that had not arrived before."""
    unique = list({event.event_id: event for event in events}.values())
    rows = await tx.all(
        """
        insert into inbox (connection_id, event_id, object, remote_id, kind, merged_into, occurred_at)
        select %s, e.* from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[])
            as e(event_id, object, remote_id, kind, merged_into, occurred_at)
        on conflict (connection_id, event_id) do nothing returning event_id
        """,
        connection_id,
        [event.event_id for event in unique],
        [event.object for event in unique],
        [event.remote_id for event in unique],
        [event.kind for event in unique],
        [event.merged_into for event in unique],
        [event.occurred_at for event in unique],
    )
    return {row["event_id"] for row in rows}
