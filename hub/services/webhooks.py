"""Webhooks: verified, kept in the inbox, answered at once; the records they name are read again."""

from __future__ import annotations

import structlog

from hub.db import inbox, rereads
from hub.db.connections import StoredConnection
from hub.sdk.capabilities import ReceivesWebhooks
from hub.sdk.errors import AuthFailed, RecordRejected
from hub.sdk.records import WebhookEvent, WebhookRequest
from hub.services.connections import ConnectionUnknown, Workshop, connected, find_connection
from hub.services.refusals import NotFound, Refusal
from hub.services.waking import Wakes, wake_after_commit

log = structlog.get_logger()


class Forged(Refusal):
    """The request does not prove that it comes from the system."""

    code = "webhook-not-verified"


class Unreadable(Refusal):
    """The request comes from the system, and its body makes no sense."""

    code = "webhook-unreadable"


async def accept_webhook(shop: Workshop, *, name: str, request: WebhookRequest, queue: Wakes) -> int:
    """Keep the events of a request to the connection `name`; returns how many had not arrived before.

    Events are hints: what they say is not believed, the record is read again, also after a deletion or a merge. A
    paused connection keeps them for later. Raises NotFound, Forged, Unreadable.
    """
    stored = await _receiver(shop, name)
    events = await _verified(shop, stored, request)
    async with shop.db.transaction() as tx:
        fresh = await inbox.store(tx, connection_id=stored.id, events=events)
        keys = [key for event in events if event.event_id in fresh for key in _keys(event)]
        await rereads.ask(tx, connection_id=stored.id, keys=keys, reason=rereads.WEBHOOK)
        if keys and stored.state == "active":
            wake_after_commit(tx, queue, "reread", [stored.id])
    log.info("webhook_stored", connection=name, events=len(events), fresh=len(fresh))
    return len(fresh)


async def _receiver(shop: Workshop, name: str) -> StoredConnection:
    try:
        return await find_connection(shop, name)
    except ConnectionUnknown:
        raise NotFound(f"No connection called {name!r} takes webhooks.") from None


async def _verified(shop: Workshop, stored: StoredConnection, request: WebhookRequest) -> list[WebhookEvent]:
    async with connected(shop, stored) as opened:
        if not isinstance(opened, ReceivesWebhooks):
            raise NotFound(f"No connection called {stored.name!r} takes webhooks.")
        try:
            opened.verify_webhook(request)
        except AuthFailed as exc:
            log.warning("webhook_refused", connection=stored.name, reason=exc.message)
            raise Forged(
                "The signature does not fit. Compare the signing secret and the address set in the system."
            ) from exc
        try:
            return list(opened.parse_webhook(request))
        except RecordRejected as exc:
            log.warning("webhook_unreadable", connection=stored.name, reason=exc.message)
            raise Unreadable(exc.message) from exc


def _keys(event: WebhookEvent) -> list[tuple[str, str]]:
    ids = [event.remote_id] + ([event.merged_into] if event.merged_into else [])
    return [(event.object, remote_id) for remote_id in ids]
