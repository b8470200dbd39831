"""Carries a sandbox's webhooks to their target, as the vendor's delivery service would."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx

from hub.sdk.records import WebhookRequest
from hub.sdk.sandbox.base import Sandbox

_PAUSE = 0.02


async def deliver_webhooks(sandbox: Sandbox, client: httpx.AsyncClient) -> list[int | None]:
    """Post every delivery that is due to `sandbox.webhook_target`; the statuses answered, None for no answer."""
    if not sandbox.webhook_target:
        return []
    return [await _post(sandbox, client, request) for request in sandbox.take_webhooks(sandbox.webhook_target)]


async def keep_delivering(sandbox: Callable[[], Sandbox]) -> None:
    """Deliver the webhooks of whichever sandbox is in charge soon after they are due, until cancelled."""
    async with httpx.AsyncClient(timeout=10) as client:
        while True:
            await deliver_webhooks(sandbox(), client)
            await asyncio.sleep(_PAUSE)


async def _post(sandbox: Sandbox, client: httpx.AsyncClient, request: WebhookRequest) -> int | None:
    try:
        answer = await client.request(request.method, request.url, headers=request.headers, content=request.body)
        status: int | None = answer.status_code
    except httpx.TransportError:
        status = None
    sandbox.webhook_answered(request, status)
    return status
