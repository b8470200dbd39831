"""Change callouts: what a Flow or an Apex trigger of the org posts to the hub when a record was saved.

The body is one event or a list of them: `{"object", "id", "kind", "at", "replayId", "masterRecordId"}`. The header
`X-PartnerHub-Timestamp` is the time of sending in seconds since 1970; `X-PartnerHub-Signature` is `sha256=` and the
HMAC-SHA256, in hex, of that number, a full stop and the body, made with the shared secret.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from connectors.salesforce.ids import canonical_id
from connectors.salesforce.stamps import parse_stamp
from hub.sdk.errors import AuthFailed, RecordRejected
from hub.sdk.records import WebhookEvent, WebhookRequest

SIGNATURE_HEADER = "x-partnerhub-signature"
TIMESTAMP_HEADER = "x-partnerhub-timestamp"
TOLERANCE = timedelta(minutes=5)


class _Callout(msgspec.Struct, frozen=True, rename="camel"):
    object: str
    id: str
    kind: Literal["created", "updated", "deleted", "undeleted", "merged"] = "updated"
    at: str | None = None
    replay_id: int | None = None
    master_record_id: str | None = None


_KINDS: dict[str, Literal["changed", "deleted", "merged", "restored"]] = {
    "created": "changed",
    "updated": "changed",
    "deleted": "deleted",
    "undeleted": "restored",
    "merged": "merged",
}
_decode = msgspec.json.Decoder(_Callout | list[_Callout]).decode


def verify(request: WebhookRequest, *, secret: str, now: datetime) -> None:
    """AuthFailed unless the request was signed with `secret` within the last minutes."""
    if not secret:
        raise AuthFailed("The Salesforce connection has no callout secret; set one to accept change callouts.")
    sent = request.headers.get(TIMESTAMP_HEADER, "")
    signed = sent.encode() + b"." + request.body
    expected = "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), request.headers.get(SIGNATURE_HEADER, "").encode()):
        raise AuthFailed("The signature of a Salesforce change callout is not right.")
    if not sent.isdecimal() or abs(now.timestamp() - int(sent)) > TOLERANCE.total_seconds():
        raise AuthFailed("A Salesforce change callout was signed too long ago, or the clocks differ.")


def parse(request: WebhookRequest) -> list[WebhookEvent]:
    """The events of a verified callout; RecordRejected when it cannot be read."""
    try:
        body = _decode(request.body)
        callouts = body if isinstance(body, list) else [body]
        return [_event(callout) for callout in callouts]
    except (msgspec.DecodeError, ValueError) as exc:
        raise RecordRejected(f"A Salesforce change callout cannot be read: {exc}") from exc


def _event(callout: _Callout) -> WebhookEvent:
    content = f"{callout.object}:{callout.id}:{callout.kind}:{callout.at}:{callout.replay_id}"
    return WebhookEvent(
        event_id=hashlib.sha256(content.encode()).hexdigest(),
        object=callout.object,
        remote_id=canonical_id(callout.id),
        kind=_KINDS[callout.kind],
        occurred_at=parse_stamp(callout.at) if callout.at else None,
        merged_into=canonical_id(callout.master_record_id) if callout.master_record_id else None,
    )
