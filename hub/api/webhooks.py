"""Where systems send their webhooks; each proves who it is in its own way."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from hub.api.connections import Name
from hub.api.door import SIGNED, V1, DoorOf
from hub.sdk.records import WebhookRequest
from hub.services.webhooks import accept_webhook

router = APIRouter(prefix=f"{V1}/webhooks", tags=["webhooks"])


@router.post(
    "/{name}",
    status_code=204,
    dependencies=[SIGNED],
    summary="Take a system's webhook",
    description="At most 1 MB. Verified with the system's own signature; the records it names are read again.",
    openapi_extra={"requestBody": {"content": {"application/json": {"schema": {}}}}},
)
async def receive(name: Name, request: Request, door: DoorOf) -> Response:
    # Signatures cover the address the system was told to call; what a proxy made of it on the way does not count.
    query = f"?{request.url.query}" if request.url.query else ""
    received = WebhookRequest(
        method=request.method,
        url=f"{door.app.settings.base_url}/api/v1/webhooks/{name}{query}",
        headers={key.lower(): value for key, value in request.headers.items()},
        body=await request.body(),
    )
    await accept_webhook(door.app.shop, name=name, request=received, queue=door.queue)
    return Response(status_code=204)
