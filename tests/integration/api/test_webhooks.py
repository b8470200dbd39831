"""Webhooks: proven, kept once, and never believed."""

import hashlib
import hmac
import json
from typing import Any

import httpx

from hub.sdk.clock import SystemClock
from hub.services.cycle import reread
from tests.integration.api.conftest import Api, System, problem

URL = "/api/v1/webhooks/crm"


def _signed(body: bytes, *, secret: str = "sample-webhook-secret") -> dict[str, str]:
    stamp = str(int(SystemClock().now().timestamp()))
    signature = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"Sample-Timestamp": stamp, "Sample-Signature": signature, "Content-Type": "application/json"}


def _event(event_id: str, record: str, kind: str = "changed") -> dict[str, Any]:
    return {"id": event_id, "object": "partners", "record": record, "kind": kind}


async def _send(api: Api, *events: dict[str, Any], **signing: str) -> httpx.Response:
    body = json.dumps({"events": events}).encode()
    return await api.anybody.post(URL, content=body, headers=_signed(body, **signing))


async def test_an_event_is_kept_and_its_record_is_read_again(api: Api, system: System) -> None:
    remote_id = system.sandbox.human_create("partners", {"name": "Acme"})

    answer = await _send(api, _event("e1", remote_id))
    await reread(api.app.db, system.opened.sync)

    assert (answer.status_code, answer.content) == (204, b"")
    assert api.queue.calls == [("reread", system.opened.sync.id)]
    assert [row["legal_name"] for row in await api.all("select legal_name from organization")] == ["Acme"]


async def test_a_deletion_that_a_webhook_claims_is_not_believed(api: Api, system: System) -> None:
    remote_id = system.sandbox.human_create("partners", {"name": "Acme"})
    await _send(api, _event("e1", remote_id))
    await reread(api.app.db, system.opened.sync)

    await _send(api, _event("e2", remote_id, "deleted"))
    await reread(api.app.db, system.opened.sync)

    assert [row["state"] for row in await api.all("select state from link")] == ["live"]


async def test_an_event_that_arrives_twice_is_kept_once(api: Api, system: System) -> None:
    await _send(api, _event("e1", "r1"), _event("e1", "r1"))
    async with api.app.db.transaction() as tx:
        await tx.run("delete from reread")

    again = await _send(api, _event("e1", "r1"))

    assert again.status_code == 204
    assert len(await api.all("select 1 from inbox")) == 1
    assert await api.all("select 1 from reread") == []


async def test_a_forged_request_changes_nothing(api: Api, system: System) -> None:
    forged = await _send(api, _event("e1", "r1"), secret="guessed")
    unsigned = await api.anybody.post(URL, json={"events": []})

    problem(forged, 401, "webhook-not-verified")
    problem(unsigned, 401, "webhook-not-verified")
    assert await api.all("select 1 from inbox union all select 1 from reread") == []


async def test_a_body_that_makes_no_sense_is_refused(api: Api, system: System) -> None:
    for body in (b'{"events": [', b"[]", b'{"events": [{"id": 1}]}', b"\xff\xfe"):
        problem(await api.anybody.post(URL, content=body, headers=_signed(body)), 400, "webhook-unreadable")


async def test_a_webhook_of_ten_megabytes_is_refused_unread_and_the_next_one_is_taken(api: Api, system: System) -> None:
    body = b"x" * 10 * 1024 * 1024

    refused = await api.anybody.post(URL, content=body, headers=_signed(body))

    problem(refused, 413, "too-large")
    assert (await _send(api, _event("e1", "r1"))).status_code == 204


async def test_webhooks_to_nobody_are_refused(api: Api, system: System) -> None:
    problem(await api.anybody.post("/api/v1/webhooks/nobody", content=b"{}"), 404, "not-found")


async def test_a_paused_connection_keeps_events_for_later(api: Api, system: System) -> None:
    await api.operator.post("/api/v1/connections/crm/pause", json={"reason": "maintenance"})

    answer = await _send(api, _event("e1", "r1"))

    assert answer.status_code == 204
    assert len(await api.all("select 1 from reread")) == 1
    assert api.queue.calls == []


async def test_the_connector_sees_the_address_that_the_system_was_told(
    api: Api, system: System, monkeypatch: Any
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(
        "hub.sdk.sample.client.SampleClient.verify_webhook", lambda _, request: seen.append(request.url)
    )

    await api.anybody.post(f"{URL}?a=1", content=b'{"events": []}', headers={"Host": "inside.local"})

    assert seen == ["https://hub.example/api/v1/webhooks/crm?a=1"]
