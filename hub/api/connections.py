"""Connections and the systems they lead to. Settings go in and never come out."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, model_validator

from hub.api.door import V1, Admin, DoorOf, Operator, Viewer
from hub.sdk.capabilities import Account, RemoteObject
from hub.services import connection_care
from hub.services.connection_care import ConnectionView, SystemView
from hub.services.connection_options import ConnectionOptions
from hub.services.connections import add_connection
from hub.services.waking import wake_after_commit
from hub.services.watching import ConnectionHealth, health_of

router = APIRouter(prefix=f"{V1}/connections", tags=["connections"])

Name = Annotated[str, Path(max_length=63, description="Name of the connection.")]

_OPTIONS = f"{', '.join(ConnectionOptions.model_fields)}."


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewConnection(Body):
    """What a connection is made from; GET /connections/systems says which settings a system needs."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "crm",
                "system": "hubspot",
                "settings": {"access_token": "…"},
                "options": {"allow_private": False},
            }
        }
    )

    name: str = Field(pattern="^[a-z0-9][a-z0-9_-]{0,62}$")
    system: str = Field(max_length=63)
    settings: dict[str, Any] = Field(max_length=100)
    options: dict[str, Any] = Field(default={}, max_length=20, description=_OPTIONS)


class SettingsChange(Body):
    """Settings and options to lay over those that are stored; null takes one away."""

    settings: dict[str, Any] = Field(default={}, max_length=100)
    options: dict[str, Any] = Field(default={}, max_length=20, description=_OPTIONS)

    @model_validator(mode="after")
    def _something(self) -> SettingsChange:
        if not self.settings and not self.options:
            raise ValueError("send settings or options")
        return self


class Pause(Body):
    reason: str = Field(min_length=1, max_length=500)


class Checked(BaseModel):
    """A connection, and who answered for it."""

    connection: ConnectionView
    account: Account


@router.get("", summary="List connections")
async def list_all(_: Viewer, door: DoorOf) -> list[ConnectionView]:
    return await connection_care.list_connections(door.app.shop)


@router.get("/systems", summary="List systems, and which of them cannot be connected and why")
async def systems(_: Viewer) -> list[SystemView]:
    return connection_care.list_systems()


@router.get("/health", summary="Health of all connections")
async def health(_: Viewer, door: DoorOf) -> list[ConnectionHealth]:
    async with door.app.db.transaction() as tx:
        return await health_of(tx)


@router.post("", status_code=201, summary="Add a connection, checked before it is saved")
async def add(who: Admin, door: DoorOf, body: NewConnection) -> Checked:
    _, account = await add_connection(
        door.app.shop,
        name=body.name,
        system=body.system,
        settings=body.settings,
        options=body.options,
        actor=who.actor,
    )
    return Checked(connection=await connection_care.show_connection(door.app.shop, name=body.name), account=account)


@router.get("/{name}", summary="Show a connection")
async def show(_: Viewer, door: DoorOf, name: Name) -> ConnectionView:
    return await connection_care.show_connection(door.app.shop, name=name)


@router.patch("/{name}/settings", summary="Change settings and options, checked before they are saved")
async def change(who: Admin, door: DoorOf, name: Name, body: SettingsChange) -> Checked:
    view, account = await connection_care.change_connection(
        door.app.shop, name=name, settings=body.settings, options=body.options, actor=who.actor
    )
    return Checked(connection=view, account=account)


@router.post("/{name}/check", summary="Ask the system who we are")
async def check(_: Operator, door: DoorOf, name: Name) -> Account:
    return await connection_care.check_connection(door.app.shop, name=name)


@router.post("/{name}/pause", summary="Stop all work of a connection")
async def pause(who: Operator, door: DoorOf, name: Name, body: Pause) -> ConnectionView:
    return await connection_care.pause_connection(door.app.shop, name=name, reason=body.reason, actor=who.actor)


@router.post("/{name}/resume", summary="Let a paused connection work again")
async def resume(who: Operator, door: DoorOf, name: Name) -> ConnectionView:
    view = await connection_care.resume_connection(door.app.shop, name=name, actor=who.actor)
    async with door.app.db.transaction() as tx:
        connection_id = await connection_care.connection_id_of(tx, name)
        for work in ("pull", "reread", "push"):
            wake_after_commit(tx, door.queue, work, [connection_id] if connection_id else [])
    return view


@router.post("/{name}/pull", status_code=202, summary="Read what changed, now")
async def pull(_: Operator, door: DoorOf, name: Name) -> None:
    async with door.app.db.transaction() as tx:
        wake_after_commit(tx, door.queue, "pull", [await connection_care.begun_connection(tx, name)])


@router.delete("/{name}", status_code=204, summary="Retire a connection: its credentials are forgotten")
async def retire(who: Admin, door: DoorOf, name: Name) -> None:
    await connection_care.retire_connection(door.app.shop, name=name, actor=who.actor)


@router.get("/{name}/health", summary="Health of a connection")
async def health_of_one(_: Viewer, door: DoorOf, name: Name) -> ConnectionHealth:
    async with door.app.db.transaction() as tx:
        connection_id = await connection_care.connection_id_of(tx, name)
        return (await health_of(tx, connection_id=connection_id))[0]


@router.get("/{name}/objects", summary="Discover the objects of the system")
async def objects(_: Operator, door: DoorOf, name: Name) -> list[str]:
    return list(await connection_care.discover_objects(door.app.shop, name=name))


@router.get("/{name}/objects/{object_name}", summary="Describe an object: its fields as they are now")
async def describe(
    _: Operator, door: DoorOf, name: Name, object_name: Annotated[str, Path(max_length=255)]
) -> RemoteObject:
    return await connection_care.describe_object(door.app.shop, name=name, object_name=object_name)
