"""The account's webhook sender: batches of events, signed v1 and v3, delivered again until they are taken."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from connectors.hubspot.sandbox.account import PORTAL_ID
from connectors.hubspot.sandbox.answers import Json, millis
from connectors.hubspot.sandbox.oauth import CLIENT_SECRET
from connectors.hubspot.sandbox.schema import SINGULAR, TYPE_IDS
from hub.sdk.http import encode_json
from hub.sdk.records import WebhookRequest
from hub.sdk.sandbox import Faults, SandboxClock

MAX_EVENTS = 100
MAX_ATTEMPTS = 10
# An app that takes nothing loses the oldest events.
MAX_WAITING = 20_000
APP_ID = 3_711_204
RETRY_AFTER = timedelta(seconds=60)
_OWN_PREFIX = ("contacts", "companies", "deals")


@dataclass(slots=True)
class Courier:
    """Events that wait for delivery."""

    clock: SandboxClock
    faults: Faults
    _waiting: deque[tuple[datetime, Json]] = field(default_factory=lambda: deque(maxlen=MAX_WAITING))
    _under_way: dict[bytes, list[Json]] = field(default_factory=dict)
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def happened(self, kind: str, object_type: str, record_id: str, by: str, details: Mapping[str, Any]) -> None:
        """Something the account's app has subscribed to happened."""
        if self.faults.take("webhook_drop", kind):
            return
        event = self._event(kind, object_type, record_id, by, details)
        late = self.faults.take("webhook_late", kind)
        due = self.clock.now() + timedelta(seconds=float(late.options.get("seconds", 60)) if late else 0)
        self._waiting.append((due, event))
        if self.faults.take("webhook_duplicate", kind):
            self._waiting.append((due, event))

    def take(self, url: str) -> list[WebhookRequest]:
        """Signed requests with all events that are due, for the public address `url`."""
        if self.faults.get("webhook_hold"):
            return []
        now = self.clock.now()
        due = [event for moment, event in self._waiting if moment <= now]
        self._waiting = deque([one for one in self._waiting if one[0] > now], maxlen=MAX_WAITING)
        if due and self.faults.take("webhook_reorder"):
            due.reverse()
        return [self._request(url, due[start : start + MAX_EVENTS]) for start in range(0, len(due), MAX_EVENTS)]

    def answered(self, request: WebhookRequest, status: int | None) -> None:
        """Events that were not taken come again, ten times at most."""
        events = self._under_way.pop(request.body, [])
        if status is not None and 200 <= status < 300:
            return
        again = [{**event, "attemptNumber": event["attemptNumber"] + 1} for event in events]
        due = self.clock.now() + RETRY_AFTER
        self._waiting.extend((due, event) for event in again if event["attemptNumber"] < MAX_ATTEMPTS)

    def _event(self, kind: str, object_type: str, record_id: str, by: str, details: Mapping[str, Any]) -> Json:
        prefix = SINGULAR[object_type] if object_type in _OWN_PREFIX else "object"
        event: Json = {
            "eventId": next(self._numbers),
            "subscriptionId": 1_000 + sum(map(ord, kind)),
            "portalId": PORTAL_ID,
            "appId": APP_ID,
            "occurredAt": millis(self.clock.now()),
            "subscriptionType": f"{prefix}.{kind}",
            "attemptNumber": 0,
            "changeSource": "CRM_UI" if by == "human" else "INTEGRATION",
            "sourceId": "userId:9586504" if by == "human" else by,
        }
        if prefix == "object":
            event["objectTypeId"] = TYPE_IDS[object_type]
        return event | _subject(kind, object_type, record_id, details)

    def _request(self, url: str, events: list[Json]) -> WebhookRequest:
        body = encode_json(events)
        self._under_way[body] = events
        signed_url = url
        if self.faults.take("webhook_proxy_mismatch"):
            signed_url = f"https://internal.invalid/{url.split('/', 3)[-1]}"
        secret = "forged" if self.faults.take("webhook_bad_signature") else CLIENT_SECRET
        headers = sign(secret, "POST", signed_url, body, millis(self.clock.now()))
        return WebhookRequest("POST", url, headers, body)


def sign(secret: str, method: str, url: str, body: bytes, stamp: int) -> dict[str, str]:
    """The headers of a delivery: v3 over method, public URL, body and time; v1 over the body alongside."""
    text = method.encode() + _as_signed(url).encode() + body + str(stamp).encode()
    v3 = base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()
    return {
        "content-type": "application/json",
        "user-agent": "HubSpot Connect 2.0",
        "x-hubspot-signature-v3": v3,
        "x-hubspot-request-timestamp": str(stamp),
        "x-hubspot-signature-version": "v1",
        "x-hubspot-signature": hashlib.sha256(secret.encode() + body).hexdigest(),
    }


def _as_signed(url: str) -> str:
    """The URL with the few percent-encodings undone that HubSpot undoes before it signs."""
    for character in ":/?@!$'()*,;":
        code = f"%{ord(character):02X}"
        url = url.replace(code, character).replace(code.lower(), character)
    return url


def _subject(kind: str, object_type: str, record_id: str, details: Mapping[str, Any]) -> Json:
    if kind == "merge":
        return {
            "objectId": int(details["primary"]),
            "primaryObjectId": int(details["primary"]),
            "mergedObjectIds": [int(details["merged"])],
            "newObjectId": int(record_id),
            "numberOfPropertiesMoved": details["moved"],
        }
    if kind == "associationChange":
        there = SINGULAR[details["to_type"]].upper()
        return {
            "associationType": f"{SINGULAR[object_type].upper()}_TO_{there}",
            "fromObjectId": int(record_id),
            "toObjectId": int(details["to_id"]),
            "associationRemoved": details["removed"],
            "isPrimaryAssociation": details["to_type"] == "companies",
        }
    if kind == "propertyChange":
        return {"objectId": int(record_id), "propertyName": details["name"], "propertyValue": details["value"]}
    return {"objectId": int(record_id), "changeFlag": kind.upper()}
