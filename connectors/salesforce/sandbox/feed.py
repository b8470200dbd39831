"""Committed changes in order: signed change callouts to the hub, and change events for long-polling subscribers."""

from __future__ import annotations

import hashlib
import hmac
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.salesforce.sandbox.records import Change
from connectors.salesforce.stamps import format_stamp
from hub.sdk.http import encode_json
from hub.sdk.records import WebhookRequest
from hub.sdk.sandbox import Faults, SandboxClock

WEBHOOK_SECRET = "sandbox-callout-secret"  # noqa: S105 - the emulator's own
RETENTION = timedelta(hours=72)
_MAX_CHANGES = 200_000
_KINDS = {"create": "created", "update": "updated", "delete": "deleted", "undelete": "undeleted", "merge": "merged"}


@dataclass(frozen=True, slots=True)
class Numbered:
    replay_id: int
    change: Change


class ChangeFeed:
    """What the org reports of itself. Replay ids rise and have gaps, as the vendor's do."""

    def __init__(self, *, clock: SandboxClock, faults: Faults) -> None:
        self._clock = clock
        self._faults = faults
        self._log: deque[Numbered] = deque(maxlen=_MAX_CHANGES)
        self._outbox: deque[tuple[datetime, Numbered]] = deque(maxlen=_MAX_CHANGES)
        self._last_replay_id = 0

    def record(self, change: Change) -> None:
        """Take over one committed change."""
        self._last_replay_id += 1 if self._last_replay_id % 7 else 3
        numbered = Numbered(self._last_replay_id, change)
        self._log.append(numbered)
        if self._faults.take("webhook_drop", change.object):
            return
        late = self._faults.take("webhook_late", change.object)
        wait = timedelta(seconds=float(late.options.get("seconds", 60))) if late else timedelta(0)
        self._outbox.append((self._clock.now() + wait, numbered))

    def callouts(self, url: str) -> list[WebhookRequest]:
        """The callouts that are due, each handed out once, addressed to `url`."""
        if self._faults.get("webhook_hold"):
            return []
        now = self._clock.now()
        due = [numbered for at, numbered in self._outbox if at <= now]
        waiting = [(at, numbered) for at, numbered in self._outbox if at > now]
        self._outbox = deque(waiting, maxlen=_MAX_CHANGES)
        if len(due) > 1 and self._faults.take("webhook_reorder"):
            due.reverse()
        requests: list[WebhookRequest] = []
        for numbered in due:
            copies = 2 if self._faults.take("webhook_duplicate", numbered.change.object) else 1
            requests += [self._request(url, numbered)] * copies
        return requests

    def since(self, replay_id: int, object_name: str | None) -> list[Numbered]:
        """Changes after `replay_id` that are still retained, oldest first."""
        oldest = self._clock.now() - RETENTION
        return [
            numbered
            for numbered in self._log
            if numbered.replay_id > replay_id
            and numbered.change.at >= oldest
            and object_name in (None, numbered.change.object)
        ]

    def lost(self, replay_id: int) -> bool:
        """Whether changes after `replay_id` have left the retention window."""
        oldest = self._clock.now() - RETENTION
        return any(numbered.replay_id > replay_id and numbered.change.at < oldest for numbered in self._log)

    @property
    def last_replay_id(self) -> int:
        return self._last_replay_id

    def _request(self, url: str, numbered: Numbered) -> WebhookRequest:
        change = numbered.change
        event: dict[str, Any] = {
            "object": change.object,
            "id": change.id,
            "kind": _KINDS[change.kind],
            "at": format_stamp(change.at),
            "replayId": numbered.replay_id,
        }
        if change.master:
            event["masterRecordId"] = change.master
        body = encode_json(event)
        secret = WEBHOOK_SECRET.encode()
        if self._faults.take("webhook_bad_signature", change.object):
            secret += b"-wrong"
        sent = str(int(self._clock.now().timestamp()))
        signature = hmac.new(secret, f"{sent}.".encode() + body, hashlib.sha256).hexdigest()
        headers = {
            "content-type": "application/json",
            "x-partnerhub-timestamp": sent,
            "x-partnerhub-signature": f"sha256={signature}",
        }
        return WebhookRequest("POST", url, headers, body)
