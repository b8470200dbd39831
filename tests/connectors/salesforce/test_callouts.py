"""Change callouts: signed, timed, parsed; hints and nothing more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from connectors.salesforce.client import Salesforce
from hub.sdk.errors import AuthFailed, RecordRejected
from hub.sdk.records import WebhookEvent, WebhookRequest, WriteOp
from tests.connectors.salesforce.conftest import Bench

URL = "https://hub.example.com/webhooks/salesforce"


def events(bench: Bench, salesforce: Salesforce) -> list[WebhookEvent]:
    found: list[WebhookEvent] = []
    for request in bench.sandbox.take_webhooks(URL):
        salesforce.verify_webhook(request)
        found += salesforce.parse_webhook(request)
    return found


async def test_every_kind_of_change_is_told_own_writes_too(bench: Bench, salesforce: Salesforce) -> None:
    winner, loser, deleted = bench.accounts(3)
    events(bench, salesforce)
    bench.sandbox.human_delete("Account", deleted)
    bench.sandbox.human_undelete("Account", deleted)
    bench.sandbox.human_merge("Account", winner, loser)
    await salesforce.write("Account", [WriteOp("update", {"Phone": "1"}, "k", remote_id=winner)])

    told = events(bench, salesforce)

    assert [(event.kind, event.remote_id, event.merged_into) for event in told] == [
        ("deleted", deleted, None),
        ("restored", deleted, None),
        ("merged", loser, winner),
        ("changed", winner, None),
        ("changed", winner, None),
    ]
    assert len({event.event_id for event in told}) == 5
    assert {event.occurred_at for event in told} == {bench.sandbox.clock.now()}


def signed(bench: Bench) -> WebhookRequest:
    bench.accounts(1)
    (request,) = bench.sandbox.take_webhooks(URL)
    return request


def test_a_changed_body_an_old_request_or_a_missing_secret_is_refused(bench: Bench, salesforce: Salesforce) -> None:
    request = signed(bench)
    salesforce.verify_webhook(request)

    with pytest.raises(AuthFailed):
        salesforce.verify_webhook(replace(request, body=request.body + b" "))
    with pytest.raises(AuthFailed):
        salesforce.verify_webhook(replace(request, headers={}))
    with pytest.raises(AuthFailed, match="secret"):
        bench.connect(webhook_secret=None).verify_webhook(request)
    bench.sandbox.clock.advance(timedelta(minutes=6))
    with pytest.raises(AuthFailed, match="long ago"):
        salesforce.verify_webhook(request)


def test_a_list_of_events_and_a_short_id_are_read(bench: Bench, salesforce: Salesforce) -> None:
    request = signed(bench)
    body = b'[{"object": "Account", "id": "001000000000001"}, {"object": "Contact", "id": "003000000000001AAA"}]'

    found = salesforce.parse_webhook(replace(request, body=body))

    assert [(event.object, event.remote_id) for event in found] == [
        ("Account", "001000000000001AAA"),
        ("Contact", "003000000000001AAA"),
    ]
    with pytest.raises(RecordRejected):
        salesforce.parse_webhook(replace(request, body=b'{"object": "Account"}'))


def test_dropped_late_doubled_and_reordered_callouts(bench: Bench, salesforce: Salesforce) -> None:
    for fault in ("webhook_drop", "webhook_late", "webhook_duplicate"):
        bench.sandbox.faults.arm(fault)
    bench.sandbox.faults.arm("webhook_reorder")
    first, second = bench.accounts(2)
    third, fourth = bench.accounts(2)

    at_once = [event.remote_id for event in events(bench, salesforce)]
    bench.sandbox.clock.advance(timedelta(seconds=61))
    later = [event.remote_id for event in events(bench, salesforce)]

    assert first not in at_once + later
    assert at_once == [fourth, fourth, third]
    assert later == [second]
