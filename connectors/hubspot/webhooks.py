"""Webhooks: proving that HubSpot sent them (signature v3), and reading what they hint at.

https://developers.hubspot.com/docs/guides/apps/authentication/validating-requests
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec

from connectors.hubspot.settings import HubSpotSettings
from connectors.hubspot.stamps import from_millis, to_millis
from hub.sdk.clock import Clock
from hub.sdk.errors import AuthFailed, RecordRejected
from hub.sdk.http import decode_json
from hub.sdk.records import WebhookEvent, WebhookRequest

# Older deliveries are refused, and so are those from the future: neither can be a fresh one.
TOLERANCE = timedelta(minutes=5)

# The percent-encodings that HubSpot undoes before it signs.
_DECODED = {
    "%3A": ":", "%2F": "/", "%3F": "?", "%40": "@", "%21": "!", "%24": "$", "%27": "'",
    "%28": "(", "%29": ")", "%2A": "*", "%2C": ",", "%3B": ";",
}  # fmt: skip
_ENCODED = re.compile("|".join(_DECODED), re.IGNORECASE)

_OBJECTS = {
    "contact": "contacts",
    "company": "companies",
    "deal": "deals",
    "0-1": "contacts",
    "0-2": "companies",
    "0-3": "deals",
    "0-27": "tasks",
    "0-46": "notes",
}

Json = dict[str, Any]


class Webhooks:
    """Deliveries of one connection's app."""

    def __init__(self, *, settings: HubSpotSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    def verify(self, request: WebhookRequest) -> None:
        """Raise AuthFailed unless the delivery is signed (v3) for the public address, within five minutes of now.

        A v1 signature may stand beside it; it proves neither time nor address and is not looked at.
        """
        secret = self._settings.webhook_secret
        if secret is None:
            raise AuthFailed("This connection has no webhook secret. Type the app's client secret into its settings.")
        stamp = request.headers.get("x-hubspot-request-timestamp", "")
        signature = request.headers.get("x-hubspot-signature-v3", "")
        if not signature or not stamp.isascii() or not stamp.isdigit():
            raise AuthFailed("The webhook carries no HubSpot signature of version 3.", code="signature_missing")
        age = to_millis(self._clock.now()) - int(stamp)
        if abs(age) > TOLERANCE.total_seconds() * 1000:
            raise AuthFailed("The webhook's timestamp is too far from now.", code="timestamp_refused")
        text = f"{request.method}{decoded_uri(self._public_url(request))}".encode() + request.body + stamp.encode()
        expected = base64.b64encode(hmac.new(secret.get_secret_value().encode(), text, hashlib.sha256).digest())
        if not hmac.compare_digest(expected, signature.encode()):
            raise AuthFailed("The webhook's signature is not HubSpot's.", code="signature_wrong")

    def _public_url(self, request: WebhookRequest) -> str:
        """The address HubSpot called: behind a proxy its scheme and host come from the settings."""
        if self._settings.webhook_url is None:
            return request.url
        public, seen = urlsplit(str(self._settings.webhook_url)), urlsplit(request.url)
        return urlunsplit((public.scheme, public.netloc, seen.path, seen.query, seen.fragment))

    def parse(self, request: WebhookRequest) -> list[WebhookEvent]:
        """The events on records, as sent; events of other kinds (conversations, say) are none of ours."""
        try:
            rows = decode_json(request.body)
        except msgspec.DecodeError as exc:
            raise RecordRejected("The webhook's body is no JSON.", code="webhook_unreadable") from exc
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise RecordRejected("The webhook's body is no list of events.", code="webhook_unreadable")
        try:
            return [event for row in rows for event in _events(row)]
        except (KeyError, TypeError, ValueError) as exc:
            message = f"An event of the webhook lacks a usable {exc}."
            raise RecordRejected(message, code="webhook_unreadable") from exc


def decoded_uri(uri: str) -> str:
    """The URI as HubSpot signs it."""
    return _ENCODED.sub(lambda found: _DECODED[found.group().upper()], uri)


def _events(row: Json) -> Iterator[WebhookEvent]:
    subject, _, kind = str(row["subscriptionType"]).partition(".")
    object_name = _OBJECTS.get(str(row["objectTypeId"]) if subject == "object" else subject)
    if subject == "object" and object_name is None:
        object_name = str(row["objectTypeId"])
    if object_name is None:
        return
    if kind == "merge":
        yield from _merge_events(object_name, row)
    elif kind == "associationChange":
        yield _event(object_name, row, str(row["fromObjectId"]), "changed")
    elif kind in ("deletion", "privacyDeletion"):
        yield _event(object_name, row, str(row["objectId"]), "deleted")
    else:
        yield _event(object_name, row, str(row["objectId"]), "restored" if kind == "restore" else "changed")


def _merge_events(object_name: str, row: Json) -> Iterator[WebhookEvent]:
    """Both old ids now stand for the new record, which is to be read."""
    survivor = str(row["newObjectId"])
    for old in dict.fromkeys([row["primaryObjectId"], *row["mergedObjectIds"]]):
        if str(old) != survivor:
            yield _event(object_name, row, str(old), "merged", merged_into=survivor)
    yield _event(object_name, row, survivor, "changed")


def _event(object_name: str, row: Json, remote_id: str, kind: Any, *, merged_into: str | None = None) -> WebhookEvent:
    """The event's id comes from its content: HubSpot's own is not unique, and a repeated delivery counts attempts."""
    content = {name: row[name] for name in sorted(row) if name != "attemptNumber"}
    digest = hashlib.sha256(repr((content, remote_id)).encode()).hexdigest()[:32]
    at = from_millis(int(row["occurredAt"])) if "occurredAt" in row else None
    return WebhookEvent(digest, object_name, remote_id, kind, at, merged_into)
