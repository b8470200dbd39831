"""The client every connector is given: what it repeats, what it refuses, and how it names failures."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from socket import create_server
from traceback import format_exception
from typing import Any

import httpx
import pytest
from tenacity import wait_none

from hub.sdk.errors import AuthFailed, OutcomeUnknown, RateLimited, RemoteError, Unavailable
from hub.sdk.http import NoBudget, RemoteHttp, decode_json, encode_json, open_http
from hub.sdk.network import is_public
from hub.sdk.sandbox.serve import SandboxServer
from tests.unit.sdk.guestbook import Guestbook


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer(Guestbook()) as server:
        yield server


@pytest.fixture
def book(server: SandboxServer) -> Guestbook:
    book = Guestbook()
    server.sandbox = book
    return book


@pytest.fixture
async def http() -> AsyncIterator[RemoteHttp]:
    http = open_http(allow_private=True, retry_wait=wait_none(), max_response_bytes=100_000)
    yield http
    await http.close()


@pytest.fixture
def entries(server: SandboxServer) -> str:
    return f"{server.url}/api/entries"


async def test_answer_is_returned_whatever_its_status(http: RemoteHttp, book: Guestbook, entries: str) -> None:
    book.faults.arm("html_error", options={"status": 502})

    assert (await http.request("GET", entries)).status_code == 502
    assert (await http.request("GET", entries)).json() == []


@pytest.mark.parametrize(("breaks", "error"), [(2, None), (3, Unavailable)])
async def test_broken_read_is_tried_three_times(
    http: RemoteHttp, book: Guestbook, entries: str, breaks: int, error: type[RemoteError] | None
) -> None:
    book.faults.arm("drop_connection", times=breaks)

    if error is None:
        assert (await http.request("GET", entries)).status_code == 200
    else:
        with pytest.raises(error):
            await http.request("GET", entries)

    assert book.calls["GET /api/entries"] == 3


@pytest.mark.parametrize("fault", ["drop_connection", "lose_response"])
async def test_broken_write_is_never_repeated(http: RemoteHttp, book: Guestbook, entries: str, fault: str) -> None:
    book.faults.arm(fault)

    with pytest.raises(OutcomeUnknown):
        await http.request("POST", entries, content=b'{"text": "hello"}')

    assert book.calls["POST /api/entries"] == 1


async def test_post_declared_safe_is_repeated(http: RemoteHttp, book: Guestbook, entries: str) -> None:
    book.faults.arm("drop_connection")

    answer = await http.request("POST", entries, content=b'{"text": "a search"}', safe=True)

    assert answer.status_code == 201


async def test_unreachable_system_is_unavailable_also_for_writes(http: RemoteHttp) -> None:
    with create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(Unavailable, match="Could not reach 127.0.0.1: ConnectError"):  # noqa: RUF043
        await http.request("POST", f"http://127.0.0.1:{port}/", content=b"{}")


@pytest.mark.parametrize("url", ["ftp://vendor.test/", "vendor.test/api", "http://vendor .test:port/"])
async def test_address_that_is_none_asks_a_person(http: RemoteHttp, url: str) -> None:
    with pytest.raises(AuthFailed, match="cannot be sent"):
        await http.request("GET", url)


@pytest.mark.parametrize("secret", ["secret\nsecret", "sécrét\u2028"])
async def test_credential_that_no_header_can_hold_asks_a_person_and_is_not_quoted(
    http: RemoteHttp, entries: str, secret: str
) -> None:
    with pytest.raises(AuthFailed) as failure:
        await http.request("POST", entries, headers={"authorization": secret})

    assert secret not in "".join(format_exception(failure.value, chain=True))


async def test_unknown_name_is_unavailable(http: RemoteHttp) -> None:
    with pytest.raises(Unavailable):
        await http.request("GET", "http://no-such-host.invalid/")


@pytest.mark.parametrize(("method", "error"), [("GET", Unavailable), ("POST", OutcomeUnknown)])
async def test_answer_that_takes_too_long_is_given_up(
    http: RemoteHttp, book: Guestbook, entries: str, method: str, error: type[RemoteError]
) -> None:
    book.faults.arm("slow", options={"seconds": 30})

    with pytest.raises(error):
        await http.request(method, entries, timeout=0.2)


@pytest.mark.parametrize(("method", "error"), [("GET", Unavailable), ("POST", OutcomeUnknown)])
async def test_answer_without_end_is_cut_off(
    http: RemoteHttp, book: Guestbook, entries: str, method: str, error: type[RemoteError]
) -> None:
    book.faults.arm("huge_body", options={"bytes": 2_000_000_000})

    with pytest.raises(error):
        await http.request(method, entries, content=b'{"text": "hello"}')


async def test_compressed_answer_counts_by_its_real_size() -> None:
    bomb = gzip.compress(b" " * 1_000_000)
    http = _answering(lambda _: httpx.Response(200, content=bomb, headers={"content-encoding": "gzip"}))

    with pytest.raises(Unavailable, match="100,000 bytes"):
        await http.request("GET", "https://vendor.test/")


async def test_compressed_answer_is_handed_over_decoded() -> None:
    http = _answering(
        lambda _: httpx.Response(200, content=gzip.compress(b'{"a": 1}'), headers={"content-encoding": "gzip"})
    )

    assert (await http.request("GET", "https://vendor.test/")).json() == {"a": 1}


async def test_garbled_compression_is_unavailable() -> None:
    http = _answering(lambda _: httpx.Response(200, stream=_Garbage(), headers={"content-encoding": "gzip"}))

    with pytest.raises(Unavailable):
        await http.request("GET", "https://vendor.test/")


async def test_redirect_is_not_followed() -> None:
    http = _answering(lambda _: httpx.Response(302, headers={"location": "http://169.254.169.254/"}))

    assert (await http.request("GET", "https://vendor.test/")).status_code == 302


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "10.1.2.3", "0.0.0.0"])
async def test_private_address_is_refused_unless_allowed(host: str) -> None:
    http = open_http()

    with pytest.raises(AuthFailed, match="not a public address"):
        await http.request("GET", f"http://{host}:9/")

    await http.close()


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "::1", "::ffff:127.0.0.1", "2002:7f00:0001::", "fe80::1", "fd00::1", "192.168.1.1", "100.64.0.1",
     "224.0.0.1", "255.255.255.255", "::"],
)  # fmt: skip
def test_address_of_a_private_network_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:8.8.8.8"])
def test_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


async def test_sandbox_with_tls_is_trusted_by_its_authority_only() -> None:
    with SandboxServer(Guestbook(), tls=True) as server:
        trusting = open_http(allow_private=True, ca_file=server.ca_file)
        assert (await trusting.request("GET", f"{server.url}/api/entries")).json() == []
        await trusting.close()

        stranger = open_http(allow_private=True, retry_wait=wait_none())
        with pytest.raises(AuthFailed, match="certificate that is not trusted"):
            await stranger.request("GET", f"{server.url}/api/entries")
        await stranger.close()


async def test_every_try_takes_a_place_in_the_budget(book: Guestbook, entries: str) -> None:
    budget = _CountingBudget()
    http = open_http(budget=budget, allow_private=True, retry_wait=wait_none())
    book.faults.arm("drop_connection")

    await http.request("GET", entries, pool="search")
    await http.close()

    assert budget.pools == ["search", "search"]


async def test_budget_that_refuses_stops_the_request(book: Guestbook, entries: str) -> None:
    http = open_http(budget=_CountingBudget(amount=0), allow_private=True)

    with pytest.raises(RateLimited):
        await http.request("GET", entries)
    await http.close()

    assert not book.calls


def test_json_numbers_are_decimal_both_ways() -> None:
    value = decode_json(b'{"amount": 12345678901234.10}')

    assert value == {"amount": Decimal("12345678901234.10")}
    assert encode_json(value) == b'{"amount":12345678901234.10}'


class _CountingBudget(NoBudget):
    def __init__(self, amount: int = 1000) -> None:
        self.amount = amount
        self.pools: list[str] = []

    def slot(self, *, pool: str = "", cost: int = 1) -> AbstractAsyncContextManager[None]:
        @asynccontextmanager
        async def place() -> AsyncIterator[None]:
            if len(self.pools) >= self.amount:
                raise RateLimited("The budget is spent.")
            self.pools.append(pool)
            yield

        return place()


class _Garbage(httpx.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"this is not gzip"


def _answering(handler: Callable[[httpx.Request], Any]) -> RemoteHttp:
    return open_http(transport=httpx.MockTransport(handler), max_response_bytes=100_000, retry_wait=wait_none())
