"""The one HTTP client a connector is given: budgeted, bounded, with honest errors."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

import httpx
import msgspec

from hub.sdk.errors import OutcomeUnknown, Unavailable

MAX_RESPONSE_BYTES = 256 * 1024 * 1024
DEFAULT_TIMEOUT = httpx.Timeout(60.0, connect=10.0)

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


class RemoteHttp:
    """HTTP to one remote system.

    Returns the response whatever its status: the connector knows what it means. Raises Unavailable when the request
    certainly did not reach the vendor (or was safe to repeat), OutcomeUnknown when a write left and no answer came.
    """

    def __init__(self, *, client: httpx.AsyncClient, budget: Budget | None = None) -> None:
        self._client = client
        self.budget: Budget = budget or NoBudget()

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
        async with self.budget.slot(pool=pool):
            try:
                return await self._client.request(
                    method,
                    url,
                    headers=dict(headers or {}),
                    params=params,
                    content=content,
                    data=data,
                    timeout=timeout if timeout is not None else DEFAULT_TIMEOUT,
                )
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as exc:
                raise Unavailable(f"Could not reach {httpx.URL(url).host}: {type(exc).__name__}.") from exc
            except httpx.TransportError as exc:
                if is_safe:
                    raise Unavailable(f"{httpx.URL(url).host} broke off its answer.") from exc
                raise OutcomeUnknown(
                    f"{httpx.URL(url).host} gave no answer to a write; it is verified before any second try."
                ) from exc

    async def close(self) -> None:
        await self._client.aclose()


def decode_json(body: bytes) -> Any:
    """JSON with Decimal for every fractional number; raises msgspec.DecodeError (a ValueError) when malformed."""
    return _decode(body)


def encode_json(value: object) -> bytes:
    """JSON with Decimal written as a number, not as text."""
    return _number_encoder.encode(value)


_number_encoder = msgspec.json.Encoder(decimal_format="number")
