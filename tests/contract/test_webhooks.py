"""Webhooks: proven by their signature, and the same event twice is one event."""

from __future__ import annotations

import msgspec
import pytest

from hub.sdk.errors import AuthFailed, RecordRejected, RemoteError
from hub.sdk.records import WebhookEvent, WebhookRequest
from tests.contract.trial import Trial

URL = "https://hub.example/webhooks/in?connection=1"


async def test_genuine_webhook_names_the_changed_record(trial: Trial) -> None:
    hooks, [edited] = trial.hooks, trial.seed(1)
    trial.sandbox.take_webhooks(URL)
    trial.edit(edited, "edited by a person")

    events = [event for request in _delivered(trial) for event in _accept(trial, request)]

    assert hooks
    assert {(event.object, event.remote_id, event.kind) for event in events} == {(trial.object.name, edited, "changed")}


async def test_deletion_is_announced_as_such(trial: Trial) -> None:
    hooks, [lost] = trial.hooks, trial.seed(1)
    trial.sandbox.take_webhooks(URL)
    trial.sandbox.human_delete(trial.object.name, lost)

    events = [event for request in _delivered(trial) for event in _accept(trial, request)]

    assert hooks
    assert ("deleted", lost) in {(event.kind, event.remote_id) for event in events}


@pytest.mark.parametrize("forgery", ["body", "url", "header", "missing", "not ascii"])
async def test_forged_webhook_is_refused(trial: Trial, forgery: str) -> None:
    hooks, request = trial.hooks, _one(trial)
    forged = {
        "body": lambda: msgspec.structs.replace(request, body=request.body.replace(b"0", b"1") + b" "),
        "url": lambda: msgspec.structs.replace(request, url=URL.replace("hub", "other")),
        "header": lambda: msgspec.structs.replace(request, headers=_signatures(request, "forged")),
        "missing": lambda: msgspec.structs.replace(request, headers={}),
        "not ascii": lambda: msgspec.structs.replace(request, headers=_signatures(request, "zażółć")),
    }[forgery]()
    hooks.verify_webhook(request)
    if forgery == "url":
        _skip_unless_refused(trial, forged)

    with pytest.raises(AuthFailed):
        hooks.verify_webhook(forged)


async def test_webhook_signed_with_another_secret_is_refused(trial: Trial) -> None:
    trial.needs_fault("webhook_bad_signature")
    hooks = trial.hooks
    trial.sandbox.faults.arm("webhook_bad_signature")

    with pytest.raises(AuthFailed):
        hooks.verify_webhook(_one(trial))


@pytest.mark.parametrize("minutes", [10, -10])
async def test_webhook_of_another_time_is_refused(trial: Trial, minutes: int) -> None:
    hooks, request = trial.hooks, _one(trial)
    if not any("timestamp" in name for name in request.headers):
        pytest.skip(f"{trial.spec.name} signs no time")

    trial.later(minutes=minutes)

    with pytest.raises(AuthFailed):
        hooks.verify_webhook(request)


async def test_doubled_webhook_has_the_same_event_ids(trial: Trial) -> None:
    trial.needs_fault("webhook_duplicate")
    hooks, [edited] = trial.hooks, trial.seed(1)
    trial.sandbox.take_webhooks(URL)
    trial.sandbox.faults.arm("webhook_duplicate")
    trial.edit(edited, "edited once")

    events = [event for request in _delivered(trial) for event in hooks.parse_webhook(request)]

    assert len(events) == 2 * len({event.event_id for event in events}) > 0


async def test_different_changes_have_different_event_ids(trial: Trial) -> None:
    hooks, [edited] = trial.hooks, trial.seed(1)
    trial.sandbox.take_webhooks(URL)
    for text in ("first", "second"):
        trial.later(seconds=1)
        trial.edit(edited, text)

    events = [event for request in _delivered(trial) for event in hooks.parse_webhook(request)]

    assert len({event.event_id for event in events}) == len(events) >= 2


@pytest.mark.parametrize("body", [b"", b"{", b"[]]", b'"text"', b"[1, 2]", b'[{"eventId": {}}]', b"\xff\xfe"])
async def test_unreadable_webhook_is_rejected_and_never_a_crash(system: Trial, body: bytes) -> None:
    request = msgspec.structs.replace(_one(system), body=body)

    with pytest.raises(RecordRejected):
        system.hooks.parse_webhook(request)


def _one(trial: Trial) -> WebhookRequest:
    assert trial.hooks
    trial.seed(1)
    return _delivered(trial)[0]


def _delivered(trial: Trial) -> list[WebhookRequest]:
    requests = trial.sandbox.take_webhooks(URL)
    assert requests
    assert all(name == name.lower() for request in requests for name in request.headers)
    return requests


def _accept(trial: Trial, request: WebhookRequest) -> list[WebhookEvent]:
    trial.hooks.verify_webhook(request)
    return list(trial.hooks.parse_webhook(request))


def _signatures(request: WebhookRequest, value: str) -> dict[str, str]:
    return {name: value if "signature" in name else kept for name, kept in request.headers.items()}


def _skip_unless_refused(trial: Trial, forged: WebhookRequest) -> None:
    try:
        trial.hooks.verify_webhook(forged)
    except RemoteError:
        return
    pytest.skip(f"{trial.spec.name} does not sign the address")
