"""The sandbox kit: call log, transport faults and admin API, in process and over the wire."""

from __future__ import annotations

import signal
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from socket import create_server
from typing import Any

import httpx
import pytest

from hub.sdk.sandbox import SandboxClock
from hub.sdk.sandbox.app import build_app
from hub.sdk.sandbox.serve import SandboxServer
from tests.unit.sdk.guestbook import Guestbook

START = datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.fixture
def book() -> Guestbook:
    return Guestbook(clock=SandboxClock(START, frozen=True))


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer(Guestbook()) as server:
        yield server


@pytest.fixture(params=["in process", "over the wire"])
async def client(request: pytest.FixtureRequest, book: Guestbook, server: SandboxServer) -> AsyncIterator[Any]:
    server.sandbox = book
    transport = httpx.ASGITransport(app=build_app(book)) if request.param == "in process" else None
    base_url = "http://guestbook" if transport else server.url
    async with httpx.AsyncClient(transport=transport, base_url=base_url) as client:
        yield client


async def test_requests_are_counted_with_ids_folded(client: httpx.AsyncClient, book: Guestbook) -> None:
    book.human_create("entries", {"text": "hello"})

    await client.get("/api/entries/1")
    await client.get("/api/entries")
    await client.get("/__sandbox__/state")

    assert book.calls == {"GET /api/entries/{id}": 1, "GET /api/entries": 1}


@pytest.mark.parametrize(
    ("fault", "status", "content_type"),
    [
        ("throttle", 429, "application/json"),
        ("throttle_with_retry_after", 429, "application/json"),
        ("unavailable", 503, "application/json"),
        ("html_error", 503, "text/html"),
        ("empty_error", 502, None),
    ],
)
async def test_error_fault_answers_instead_of_the_vendor_once(
    client: httpx.AsyncClient, book: Guestbook, fault: str, status: int, content_type: str | None
) -> None:
    book.faults.arm(fault)

    first = await client.post("/api/entries", json={"text": "hello"})
    second = await client.post("/api/entries", json={"text": "hello"})

    assert (first.status_code, first.headers.get("content-type")) == (status, content_type)
    assert ("retry-after" in first.headers) == (fault == "throttle_with_retry_after")
    assert second.status_code == 201
    assert len(book.rows("entries")) == 1


async def test_dropped_connection_leaves_nothing_behind(client: httpx.AsyncClient, book: Guestbook) -> None:
    book.faults.arm("drop_connection")

    with pytest.raises(httpx.TransportError):
        await client.post("/api/entries", json={"text": "hello"})

    assert book.rows("entries") == {}


async def test_lost_response_leaves_the_write_behind(client: httpx.AsyncClient, book: Guestbook) -> None:
    book.faults.arm("lose_response", match="POST /api/entries")

    with pytest.raises(httpx.TransportError):
        await client.post("/api/entries", json={"text": "hello"})

    assert book.rows("entries") == {"1": {"text": "hello"}}
    assert (await client.get("/api/entries")).json() == [{"text": "hello"}]


async def test_malformed_answer_is_cut_json_of_the_same_status(client: httpx.AsyncClient, book: Guestbook) -> None:
    book.faults.arm("malformed_json")

    answer = await client.post("/api/entries", json={"text": "hello"})

    assert answer.status_code == 201
    with pytest.raises(ValueError):
        answer.json()


async def test_huge_body_is_as_large_as_asked(client: httpx.AsyncClient, book: Guestbook) -> None:
    book.faults.arm("huge_body", options={"bytes": 1_000_000})

    assert len((await client.get("/api/entries")).content) >= 1_000_000


async def test_slow_answer_exceeds_the_timeout_of_its_caller(server: SandboxServer, book: Guestbook) -> None:
    server.sandbox = book
    book.faults.arm("slow", options={"seconds": 30})

    async with httpx.AsyncClient(base_url=server.url, timeout=0.2) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/api/entries")


async def test_slow_answer_is_the_vendors_own(client: httpx.AsyncClient, book: Guestbook) -> None:
    book.faults.arm("slow", options={"seconds": 0.01})

    assert (await client.post("/api/entries", json={"text": "hello"})).status_code == 201
    assert book.rows("entries") == {"1": {"text": "hello"}}


async def test_fault_waits_until_its_chances_have_passed(client: httpx.AsyncClient, book: Guestbook) -> None:
    await client.post("/__sandbox__/faults", json={"name": "unavailable", "after": 1, "times": 2})

    statuses = [(await client.get("/api/entries")).status_code for _ in range(4)]

    assert statuses == [200, 503, 503, 200]


async def test_unknown_fault_is_refused_with_the_names_there_are(client: httpx.AsyncClient) -> None:
    answer = await client.post("/__sandbox__/faults", json={"name": "thunder"})

    assert answer.status_code == 400
    assert "torn_page" in answer.json()["error"]
    assert "lose_response" in answer.json()["error"]


async def test_clearing_faults_puts_switches_back(client: httpx.AsyncClient, book: Guestbook) -> None:
    await client.put("/__sandbox__/switches/shouting", json={"value": True})
    await client.post("/__sandbox__/faults", json={"name": "torn_page"})
    assert book.faults.get("shouting") is True

    await client.delete("/__sandbox__/faults")

    state = (await client.get("/__sandbox__/state")).json()
    assert state["faults"] == []
    assert state["switches"] == {"shouting": False}


async def test_unknown_switch_is_not_found(client: httpx.AsyncClient) -> None:
    assert (await client.put("/__sandbox__/switches/volume", json={"value": 11})).status_code == 404


async def test_human_actions_have_admin_routes(client: httpx.AsyncClient, book: Guestbook) -> None:
    for text in ("first", "second", "third"):
        await client.post("/__sandbox__/records/entries", json={"fields": {"text": text}})
    await client.patch("/__sandbox__/records/entries/1", json={"fields": {"text": "edited"}})
    await client.delete("/__sandbox__/records/entries/1")
    await client.post("/__sandbox__/records/entries/1/undelete")
    await client.post("/__sandbox__/records/entries/1/merge", json={"loser": "2"})
    await client.delete("/__sandbox__/records/entries/3?purge=true")

    assert (await client.get("/__sandbox__/rows/entries")).json() == {"1": {"text": "edited"}}
    assert (await client.get("/__sandbox__/state")).json()["objects"] == {"entries": {"live": 1, "deleted": 1}}


async def test_refused_human_action_says_why(client: httpx.AsyncClient) -> None:
    answer = await client.post("/__sandbox__/records/entries", json={"fields": {}})

    assert (answer.status_code, answer.json()) == (400, {"error": "An entry needs text."})


async def test_missing_capability_is_said(client: httpx.AsyncClient) -> None:
    assert (await client.delete("/__sandbox__/fields/entries/text")).status_code == 501


async def test_answers_tell_the_sandboxs_own_time(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/entries")

    assert answer.headers.get_list("date") == ["Sun, 22 Nov 2026 09:00:00 GMT"]


async def test_clock_moves_as_told(client: httpx.AsyncClient, book: Guestbook) -> None:
    await client.post("/__sandbox__/clock", json={"advance": 90})

    assert (book.clock.now() - START).total_seconds() == 90


async def test_reset_forgets_records_faults_and_calls(client: httpx.AsyncClient, book: Guestbook) -> None:
    await client.post("/api/entries", json={"text": "hello"})
    book.faults.arm("unavailable")

    await client.post("/__sandbox__/reset")

    assert (book.rows("entries"), book.faults.armed(), book.calls) == ({}, [], {})


async def test_oversized_request_is_refused(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, book: Guestbook
) -> None:
    monkeypatch.setattr("hub.sdk.sandbox.app.MAX_REQUEST_BYTES", 1000)

    answer = await client.post("/api/entries", json={"text": "x" * 2000})

    assert answer.status_code == 413
    assert book.rows("entries") == {}


async def test_webhooks_reach_their_target(client: httpx.AsyncClient, server: SandboxServer, book: Guestbook) -> None:
    with SandboxServer(Guestbook()) as receiver:
        book.webhook_target = f"{receiver.url}/hooks"
        book.faults.arm("torn_page")
        answered = (await client.post("/__sandbox__/webhooks/deliver")).json()["answers"]
        while not receiver.sandbox.calls:
            await client.get("/__sandbox__/state")

    assert answered in ([404], [])
    assert receiver.sandbox.calls == {"POST /hooks": 1}


async def test_sandbox_serves_tls_with_its_own_authority() -> None:
    with SandboxServer(Guestbook(), tls=True) as server:
        trust = ssl.create_default_context(cafile=server.ca_file)
        async with httpx.AsyncClient(verify=trust, base_url=server.url) as client:
            assert (await client.get("/api/entries")).json() == []
        async with httpx.AsyncClient(base_url=server.url) as stranger:
            with pytest.raises(httpx.ConnectError):
                await stranger.get("/api/entries")


async def test_several_sandboxes_run_at_once() -> None:
    with SandboxServer(Guestbook()) as one, SandboxServer(Guestbook()) as other:
        async with httpx.AsyncClient() as client:
            await client.post(f"{one.url}/api/entries", json={"text": "here"})
            assert (await client.get(f"{other.url}/api/entries")).json() == []
            assert one.sandbox.base_url == one.url != other.url


def test_sandbox_runs_as_a_program_until_it_is_told_to_stop() -> None:
    code = (
        "from hub.sdk.sandbox.serve import SandboxServer; from tests.unit.sdk.guestbook import Guestbook;"
        "server = SandboxServer(Guestbook(), port=%d); server.run()"
    )
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen([sys.executable, "-W", "error", "-c", code % port], stderr=subprocess.PIPE) as program:
        try:
            assert _answers(f"http://127.0.0.1:{port}/api/entries", within=20)
        finally:
            program.send_signal(signal.SIGTERM)
        _, said = program.communicate(timeout=10)

    assert said == b""
    assert program.returncode in (0, -signal.SIGTERM)


def _answers(url: str, *, within: float) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            return httpx.get(url).status_code == 200
        except httpx.ConnectError:
            continue
    return False
