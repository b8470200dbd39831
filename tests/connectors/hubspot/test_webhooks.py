"""Webhooks: proof of the sender, and what each event hints at."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from connectors.hubspot.client import HubSpotClient
from connectors.hubspot.webhooks import decoded_uri
from hub.sdk.errors import AuthFailed, RecordRejected
from hub.sdk.records import WebhookEvent, WebhookRequest
from tests.connectors.hubspot.conftest import Bench

PUBLIC = "https://hub.example/webhooks/hubspot?connection=7"


def delivered(bench: Bench, url: str = PUBLIC) -> WebhookRequest:
    [request] = bench.sandbox.take_webhooks(url)
    return request


def happened(bench: Bench, hubspot: HubSpotClient) -> list[WebhookEvent]:
    request = delivered(bench)
    hubspot.verify_webhook(request)
    return list(hubspot.parse_webhook(request))


async def test_webhook_signature_behind_proxy(bench: Bench) -> None:
    bench.companies(1)
    request = delivered(bench)
    inside = replace(request, url="http://10.0.0.7:8080/webhooks/hubspot?connection=7")
    told = bench.connect(webhook_url="https://hub.example/")

    told.verify_webhook(inside)
    with pytest.raises(AuthFailed):
        bench.connect().verify_webhook(inside)


@pytest.mark.parametrize("fault", ["webhook_bad_signature", "webhook_proxy_mismatch"])
async def test_forged_delivery_is_refused(bench: Bench, hubspot: HubSpotClient, fault: str) -> None:
    bench.companies(1)
    bench.sandbox.faults.arm(fault)

    with pytest.raises(AuthFailed) as caught:
        hubspot.verify_webhook(delivered(bench))

    assert caught.value.code == "signature_wrong"


@pytest.mark.parametrize("seconds", [301, -301])
async def test_old_and_future_deliveries_are_refused(bench: Bench, hubspot: HubSpotClient, seconds: float) -> None:
    bench.companies(1)
    request = delivered(bench)
    bench.later(seconds=seconds)

    with pytest.raises(AuthFailed) as caught:
        hubspot.verify_webhook(request)

    assert caught.value.code == "timestamp_refused"


@pytest.mark.parametrize(
    "changed",
    [
        {"x-hubspot-signature-v3": ""},
        {"x-hubspot-signature-v3": "ä"},
        {"x-hubspot-request-timestamp": "²"},
        {"x-hubspot-request-timestamp": "yesterday"},
    ],
)
async def test_headers_that_prove_nothing_are_refused(
    bench: Bench, hubspot: HubSpotClient, changed: dict[str, str]
) -> None:
    bench.companies(1)
    request = delivered(bench)

    with pytest.raises(AuthFailed):
        hubspot.verify_webhook(replace(request, headers=request.headers | changed))


async def test_v1_signature_alone_is_not_enough(bench: Bench, hubspot: HubSpotClient) -> None:
    bench.companies(1)
    request = delivered(bench)
    v1 = {name: value for name, value in request.headers.items() if not name.endswith("-v3")}

    assert v1["x-hubspot-signature-version"] == "v1"
    with pytest.raises(AuthFailed):
        hubspot.verify_webhook(replace(request, headers=v1))


async def test_changed_body_is_refused(bench: Bench, hubspot: HubSpotClient) -> None:
    bench.companies(1)
    request = delivered(bench)

    with pytest.raises(AuthFailed):
        hubspot.verify_webhook(replace(request, body=request.body.replace(b"company", b"contact")))


async def test_encoded_address_is_decoded_before_it_is_signed(bench: Bench, hubspot: HubSpotClient) -> None:
    bench.companies(1)

    hubspot.verify_webhook(delivered(bench, "https://hub.example/hook?mail=a%40b.example&to=%3a%2F"))


@given(st.text(alphabet="abc/?&=%0123456789ABCDEFabcdef"))
def test_decoding_an_address_touches_only_the_listed_encodings(uri: str) -> None:
    kept = "".join(part for part in ("%20", "%2B", "%25", "é"))

    assert decoded_uri(kept) == kept
    assert len(decoded_uri(uri)) <= len(uri)


async def test_without_a_secret_no_webhook_is_taken(bench: Bench) -> None:
    bench.companies(1)
    deaf = bench.connect(webhook_secret=None)

    assert not deaf.capabilities.webhooks
    with pytest.raises(AuthFailed, match="client secret"):
        deaf.verify_webhook(delivered(bench))


async def test_every_kind_of_event_hints_at_its_record(bench: Bench, hubspot: HubSpotClient) -> None:
    people = bench.sandbox
    company = people.human_create("companies", {"name": "A"})
    contact = people.human_create("contacts", {"lastname": "B"})
    happened(bench, hubspot)
    people.human_edit("contacts", contact, {"jobtitle": "Buyer"})
    people.human_edit("contacts", contact, {"associations": {"companies": company}})
    people.human_delete("companies", company)
    people.human_undelete("companies", company)
    people.human_purge("contacts", contact)

    events = happened(bench, hubspot)

    assert [(event.object, event.remote_id, event.kind) for event in events] == [
        ("contacts", contact, "changed"),
        ("contacts", contact, "changed"),
        ("companies", company, "deleted"),
        ("companies", company, "restored"),
        ("contacts", contact, "deleted"),
    ]
    assert {event.occurred_at for event in events} == {bench.sandbox.clock.now()}


async def test_merge_event_sends_both_old_ids_to_the_new_one(bench: Bench, hubspot: HubSpotClient) -> None:
    first, second = bench.companies(2)
    happened(bench, hubspot)
    survivor = bench.sandbox.human_merge("companies", first, second)

    events = happened(bench, hubspot)

    assert [(event.remote_id, event.kind, event.merged_into) for event in events] == [
        (first, "merged", survivor),
        (second, "merged", survivor),
        (survivor, "changed", None),
    ]
    assert len({event.event_id for event in events}) == 3


async def test_webhook_duplicate_out_of_order_and_late(bench: Bench, hubspot: HubSpotClient) -> None:
    [company] = bench.companies(1)
    happened(bench, hubspot)
    bench.sandbox.faults.arm("webhook_duplicate")
    bench.sandbox.faults.arm("webhook_late", after=1, options={"seconds": 120})
    bench.sandbox.faults.arm("webhook_reorder")
    bench.sandbox.human_edit("companies", company, {"phone": "1"})
    bench.sandbox.human_edit("companies", company, {"phone": "2"})
    bench.sandbox.human_edit("companies", company, {"phone": "3"})

    early = happened(bench, hubspot)
    bench.later(seconds=121)
    late = happened(bench, hubspot)

    assert len(early) == 3
    assert len({event.event_id for event in early}) == 2  # the doubled one is told by its content
    assert [event.remote_id for event in late] == [company]
    assert late[0].event_id not in {event.event_id for event in early}


async def test_delivery_that_was_not_taken_comes_again_under_the_same_event_id(
    bench: Bench, hubspot: HubSpotClient
) -> None:
    bench.companies(1)
    first = delivered(bench)
    bench.sandbox.webhook_answered(first, 500)
    bench.later(seconds=120)

    second = delivered(bench)

    assert second.body != first.body  # the attempt is counted
    assert [event.event_id for event in hubspot.parse_webhook(second)] == [
        event.event_id for event in hubspot.parse_webhook(first)
    ]


async def test_dropped_event_is_found_by_the_next_poll_only(bench: Bench, hubspot: HubSpotClient) -> None:
    bench.sandbox.faults.arm("webhook_drop")

    bench.companies(1)

    assert bench.sandbox.take_webhooks(PUBLIC) == []


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"{}",
        b"[1]",
        b"[{}]",
        b'[{"subscriptionType": "contact.creation"}]',
        b'[{"subscriptionType": "company.merge"}]',
    ],
)
async def test_unreadable_delivery_is_rejected(hubspot: HubSpotClient, body: bytes) -> None:
    with pytest.raises(RecordRejected):
        hubspot.parse_webhook(WebhookRequest("POST", PUBLIC, {}, body))


async def test_events_of_other_kinds_are_none_of_ours(hubspot: HubSpotClient) -> None:
    body = b'[{"subscriptionType": "conversation.creation", "objectId": 1}]'

    assert hubspot.parse_webhook(WebhookRequest("POST", PUBLIC, {}, body)) == []
