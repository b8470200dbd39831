"""Mappings: which there are, whether they hold, and what they make of one record."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel

from hub.api.connections import Name
from hub.api.door import V1, DoorOf, Operator, Viewer
from hub.mapping.paths import Absent
from hub.mapping.preview import PreviewRow
from hub.sdk.http import decode_json, encode_json
from hub.services import mappings
from hub.services.mappings import MappingView

router = APIRouter(prefix=V1 + "/mappings/{name}", tags=["mappings"])


class Issue(BaseModel):
    """One fault: where it stands and what to do about it."""

    file: str
    line: int
    field: str
    message: str
    counter_example: str | None
    level: str


class Row(BaseModel):
    """One field, remote → hub → remote; what is absent is left out."""

    field: str
    rule: str
    remote: dict[str, Any]
    mapped: Any = None
    current: Any = None
    written: dict[str, Any]
    problem: str | None
    agrees: bool


class Preview(BaseModel):
    connection: str
    object: str
    remote_id: str
    record_type: str
    record_id: UUID | None
    rows: list[Row]


@router.get("", summary="List the mappings of a connection")
async def list_all(_: Viewer, door: DoorOf, name: Name) -> list[MappingView]:
    return await mappings.list_mappings(door.app.shop, name=name)


@router.post("/check", summary="Check the mappings of a connection against its system")
async def check(_: Operator, door: DoorOf, name: Name) -> list[Issue]:
    found = await mappings.check_mappings(door.app.shop, name=name)
    return [Issue.model_validate(issue, from_attributes=True) for issue in found]


@router.get("/{object_name}/preview/{remote_id:path}", summary="What a mapping makes of one remote record")
async def preview(
    _: Operator,
    door: DoorOf,
    name: Name,
    object_name: Annotated[str, Path(max_length=255)],
    remote_id: Annotated[str, Path(max_length=255)],
) -> Preview:
    found = await mappings.preview_mapping(door.app.shop, name=name, object_name=object_name, remote_id=remote_id)
    return Preview(
        connection=found.connection,
        object=found.object,
        remote_id=found.remote_id,
        record_type=found.record_type,
        record_id=found.record_id,
        rows=[_row(row) for row in found.rows],
    )


def _row(row: PreviewRow) -> Row:
    return Row(
        field=row.field,
        rule=row.rule,
        remote=_json({path: value for path, value in row.remote.items() if not isinstance(value, Absent)}),
        mapped=None if isinstance(row.mapped, Absent) else _json(row.mapped),
        current=None if isinstance(row.current, Absent) else _json(row.current),
        written=_json(row.written),
        problem=row.problem,
        agrees=row.agrees,
    )


def _json(value: object) -> Any:
    return decode_json(encode_json(value))
