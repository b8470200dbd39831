"""What remote systems do to the hub: the faults of their emulators, and webhooks that come late, twice or never."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from hub.sdk.errors import AuthFailed, RecordRejected
from hub.sdk.records import WebhookEvent, WebhookRequest
from hub.simulation.script import Theme
from hub.simulation.system import System

_ADDRESS = "https://hub.test/hook"
_TRANSPORT = (
    "throttle", "throttle_with_retry_after", "unavailable", "html_error", "empty_error", "drop_connection",
    "lose_response", "lose_response", "malformed_json",
)  # fmt: skip
# Those of an emulator's own faults that pass by themselves, or when a person resumes the connection.
_OWN = (
    "expire_token", "lock_row", "reject_row", "all_rows_fail", "late_commit", "late_commit", "poison_record",
    "webhook_duplicate", "webhook_drop", "webhook_late", "webhook_reorder", "persistent_401", "quota_concurrency",
    "search_throttle", "edge_error", "expire_cursor",
)  # fmt: skip
_OF_THEME: dict[Theme, tuple[str, ...]] = {
    "lost_answers": ("lose_response", "lose_response", "malformed_json", "drop_connection"),
    "late_stamps": ("late_commit", "late_commit", "late_commit", "webhook_drop"),
}
_NOT_OF_A_PATH = ("late_commit", "poison_record")
_LATE_SECONDS = 200


def misbehave(systems: list[System], theme: Theme, chance: Random) -> str:
    """Arm one fault of one system; says which."""
    system = chance.choice(systems)
    known = system.sandbox.faults_known
    themed = [name for name in _OF_THEME.get(theme, ()) if name in known or name in _TRANSPORT]
    fault = chance.choice(themed or [*_TRANSPORT, *(name for name in _OWN if name in known)])
    times, after = chance.choice([1, 1, 2]), chance.choice([0, 0, 1, 2, 4])
    writes = ["/batch", "/batch", "/composite"] if theme == "lost_answers" else ["", "/batch", "/composite"]
    match = chance.choice(writes) if fault not in _NOT_OF_A_PATH else ""
    options = {"seconds": _LATE_SECONDS} if fault in ("late_commit", "webhook_late") else {}
    system.sandbox.faults.arm(fault, times=times, match=match, after=after, options=options)
    return f"{system.name} will misbehave: {fault} ×{times} after {after} {match}".rstrip()


@dataclass
class Post:
    """Webhooks on their way: some arrive at once, some in a later round, some twice."""

    late: dict[str, list[WebhookRequest]] = field(default_factory=dict)

    def arriving(self, system: System, chance: Random) -> list[WebhookEvent]:
        """The events of what arrives now and is signed well."""
        waiting = self.late.pop(system.name, []) + list(system.sandbox.take_webhooks(_ADDRESS))
        arriving: list[WebhookRequest] = []
        for request in waiting:
            if chance.random() < 0.25:
                self.late.setdefault(system.name, []).append(request)
            else:
                arriving += [request] * chance.choice([1, 1, 1, 2])
        chance.shuffle(arriving)
        return [event for request in arriving for event in _read(system, request)]


def _read(system: System, request: WebhookRequest) -> list[WebhookEvent]:
    try:
        system.connector.verify_webhook(request)
        return list(system.connector.parse_webhook(request))
    except (AuthFailed, RecordRejected):  # too late, or badly signed: nobody is told
        return []
