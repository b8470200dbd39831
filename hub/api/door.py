"""What every request passes: who asks, what they may do, and what routes are given to work with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from hub.api.metrics import Metrics
from hub.api.problems import ApiProblem
from hub.app import App
from hub.services.deals.batching import Batcher
from hub.services.keys import KeyRing, Principal, Role
from hub.services.waking import Wakes

V1 = "/api/v1"

Access = Literal["public", "signed"] | Role


@dataclass
class Door:
    """What the routes of one API share."""

    app: App
    queue: Wakes
    metrics: Metrics
    keys: KeyRing = field(init=False)
    submissions: Batcher = field(init=False)

    def __post_init__(self) -> None:
        self.keys = KeyRing(self.app.db)
        self.submissions = Batcher(self.app.db, desk=lambda: self.app.desk, queue=self.queue)


async def door_of(request: Request) -> Door:
    """Async although it waits for nothing: FastAPI hands a plain function to a thread, for every request."""
    door: Door = request.app.state.door
    return door


DoorOf = Annotated[Door, Depends(door_of)]
_bearer = HTTPBearer(auto_error=False, description="An API key: ph_…")


class Open:
    """Declares that a route needs no key: `public`, or `signed` by the caller in its own way."""

    def __init__(self, access: Literal["public", "signed"]) -> None:
        self.access: Access = access

    async def __call__(self) -> None:
        return None


class Requires:
    """Declares the least role of a route, and lets nobody else through."""

    def __init__(self, access: Role) -> None:
        self.access: Access = access
        self._role: Role = access

    async def __call__(
        self, request: Request, door: DoorOf, sent: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> Principal:
        principal = await _identify(request, door, sent)
        if not principal.may(self._role):
            raise ApiProblem(
                403, "not-allowed", f"This needs the role {self._role}, and the key has the role {principal.role}."
            )
        return principal


async def _identify(request: Request, door: Door, sent: HTTPAuthorizationCredentials | None) -> Principal:
    if sent is None:
        raise _unknown("Send an API key: Authorization: Bearer ph_…")
    if known := door.keys.remembered(sent.credentials):
        return known
    address = request.client.host if request.client else "unknown"
    if wait := await door.app.failures.wait(address):
        detail = f"Too many wrong keys came from {address}; try again in {wait} seconds."
        raise ApiProblem(429, "too-many-failures", detail, headers={"Retry-After": str(wait)})
    principal = await door.keys.identify(sent.credentials)
    if principal is None:
        await door.app.failures.note(address)
        raise _unknown("This API key is wrong or was revoked.")
    return principal


def _unknown(detail: str) -> ApiProblem:
    return ApiProblem(401, "not-authenticated", detail, headers={"WWW-Authenticate": "Bearer"})


Viewer = Annotated[Principal, Depends(Requires("viewer"))]
Operator = Annotated[Principal, Depends(Requires("operator"))]
Admin = Annotated[Principal, Depends(Requires("admin"))]
PUBLIC = Depends(Open("public"))
SIGNED = Depends(Open("signed"))
