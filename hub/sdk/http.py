"""The one HTTP client a connector is given: budgeted, bounded, with honest errors."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import httpx
import msgspec
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential
from tenacity.wait import wait_base

from hub.sdk.calls import note_call
from hub.sdk.errors import AuthFailed, OutcomeUnknown, RemoteError, Unavailable
from hub.sdk.network import guarded_transport

MAX_RESPONSE_BYTES = 256 * 1024 * 1024
DEFAULT_TIMEOUT = httpx.Timeout(60.0, connect=10.0)
WHOLE_ANSWER_SECONDS = 120.0
TRIES = 3

_decode = msgspec.json.Decoder(float_hook=Decimal).decode


@dataclass(frozen=True, slots=True)
class Usage:
    """What a response said of the account's limits. `remaining` of `amount` in the window of `kind`."""

    kind: str
    amount: int
    remaining: int
    pool: str = ""


class Budget(Protocol):
    """The broker of one remote account, shared by all workers."""

    def slot(self, *, pool: str = "", cost: int = 1) -> AbstractAsyncContextManager[None]:
        """Hold a place for one request; waits for its turn, or raises RateLimited when the wait is too long."""
        ...

    async def observe(self, usage: Usage) -> None:
        """Take over what the vendor itself counts."""
        ...


class NoBudget:
    """No limits at all: for tests of one connector."""

    def slot(self, *, pool: str = "", cost: int = 1) -> AbstractAsyncContextManager[None]:  # noqa: ARG002
        return nullcontext()

    async def observe(self, usage: Usage) -> None:
        """Nothing to remember."""


def open_http(
    *,
    budget: Budget | None = None,
    allow_private: bool = False,
    ca_file: Path | None = None,
    max_connections: int = 20,
    max_response_bytes: int = MAX_RESPONSE_BYTES,
    retry_wait: wait_base | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> RemoteHttp:
    """HTTP to one remote system, over guarded connections.

    `allow_private` lets the connection lead into private networks (and to sandboxes on this machine); `ca_file` is a
    PEM file of authorities trusted besides the public ones. Redirects are not followed. `transport` replaces the
    network altogether (httpx.ASGITransport).
    """
    network = transport or guarded_transport(
        allow_private=allow_private, ca_file=ca_file, max_connections=max_connections
    )
    client = httpx.AsyncClient(transport=network, trust_env=False, follow_redirects=False)
    return RemoteHttp(client=client, budget=budget, max_response_bytes=max_response_bytes, retry_wait=retry_wait)


class RemoteHttp:
    """HTTP to one remote system.

    Returns the response, read in whole, whatever its status: the connector knows what it means. Raises Unavailable
    when the request certainly did not reach the vendor (or was safe to repeat), OutcomeUnknown when a write left and
    no usable answer came, AuthFailed when only a person can open the way (untrusted certificate, private address).
    A safe request, or one that never left, is tried up to three times when the connection breaks.
    """

    def __init__(
        self,
        *,
        client: httpx.AsyncClient,
        budget: Budget | None = None,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
        retry_wait: wait_base | None = None,
    ) -> None:
        self._client = client
        self.budget: Budget = budget or NoBudget()
        self._max_response_bytes = max_response_bytes
        self._retry_wait = retry_wait or wait_random_exponential(multiplier=0.2, max=2)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        data: Mapping[str, str] | None = None,
        pool: str = "",
        safe: bool | None = None,
        timeout: float | None = None,
    ) -> httpx.Response:
        """Send one request. `safe`: repeating it changes nothing (default: GET and HEAD are, others are not).

        `timeout` is seconds for the whole answer. `pool` names the vendor's limit that counts this request.
        """
        is_safe = method in ("GET", "HEAD") if safe is None else safe
        try:
            request = self._client.build_request(
                method,
                url,
                headers=dict(headers or {}),
                params=params,
                content=content,
                data=data,
                timeout=timeout if timeout is not None else DEFAULT_TIMEOUT,
            )
            async for attempt in self._tries(is_safe):
                with attempt:
                    async with self.budget.slot(pool=pool):
                        note_call()
                        return await self._exchange(request, timeout or WHOLE_ANSWER_SECONDS)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, UnicodeEncodeError):
            # The cause is left out: it quotes the header or address, and these hold secrets.
            raise AuthFailed(_CANNOT_BE_SENT) from None
        except (httpx.TransportError, httpx.DecodingError, TimeoutError, _TooLarge) as exc:
            raise _translate(exc, request.url.host, is_safe) from exc
        raise AssertionError("tenacity either returns or raises")

    def _tries(self, is_safe: bool) -> AsyncRetrying:
        def may_repeat(exc: BaseException) -> bool:
            return isinstance(exc, httpx.ConnectError) or (
                is_safe and isinstance(exc, httpx.NetworkError | httpx.RemoteProtocolError)
            )

        return AsyncRetrying(
            stop=stop_after_attempt(TRIES), wait=self._retry_wait, retry=retry_if_exception(may_repeat), reraise=True
        )

    async def _exchange(self, request: httpx.Request, seconds: float) -> httpx.Response:
        async with asyncio.timeout(seconds):
            response = await self._client.send(request, stream=True)
            try:
                body = await self._read(response)
            finally:
                await response.aclose()
        headers = [(name, value) for name, value in response.headers.multi_items() if name not in _TRANSFER_HEADERS]
        return httpx.Response(response.status_code, headers=headers, content=body, request=request)

    async def _read(self, response: httpx.Response) -> bytes:
        chunks, size = [], 0
        async for chunk in response.aiter_bytes():
            size += len(chunk)
            if size > self._max_response_bytes:
                raise _TooLarge(self._max_response_bytes)
            chunks.append(chunk)
        return b"".join(chunks)

    async def close(self) -> None:
        await self._client.aclose()


# The body is handed over decoded and in one piece, so these no longer describe it.
_TRANSFER_HEADERS = frozenset({"content-encoding", "content-length", "transfer-encoding"})

_CANNOT_BE_SENT = (
    "The request cannot be sent: an address or a credential of this connection holds characters that HTTP does not "
    "allow. Type the connection's settings again."
)

_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class _TooLarge(Exception):
    """The answer exceeds the limit (bytes)."""


def _translate(exc: Exception, host: str, is_safe: bool) -> RemoteError:
    if _certificate_refused(exc):
        return AuthFailed(
            f"{host} shows a certificate that is not trusted. Correct the connection's address, or name the file of "
            "the authority that signed it."
        )
    if isinstance(exc, _NEVER_LEFT):
        return Unavailable(f"Could not reach {host}: {type(exc).__name__}.")
    if not is_safe:
        return OutcomeUnknown(f"{host} gave no usable answer to a write; it is verified before any second try.")
    if isinstance(exc, _TooLarge):
        return Unavailable(f"{host} answered with more than {exc.args[0]:,} bytes; ask for smaller pages.")
    if isinstance(exc, TimeoutError | httpx.TimeoutException):
        return Unavailable(f"{host} did not answer in time.")
    return Unavailable(f"{host} broke off its answer.")


def _certificate_refused(exc: BaseException | None) -> bool:
    while exc is not None:
        if isinstance(exc, ssl.SSLCertVerificationError):
            return True
        exc = exc.__cause__ or exc.__context__
    return False


def decode_json(body: bytes) -> Any:
    """JSON with Decimal for every fractional number; raises msgspec.DecodeError (a ValueError) when malformed."""
    return _decode(body)


def encode_json(value: object) -> bytes:
    """JSON with Decimal written as a number, not as text."""
    return _number_encoder.encode(value)


_number_encoder = msgspec.json.Encoder(decimal_format="number")
