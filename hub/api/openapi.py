"""The API's description: the generic record routes are written out for every record type, with its own schemas."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from copy import deepcopy
from functools import lru_cache
from typing import Any

import msgspec
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from hub.api.door import PUBLIC, V1, DoorOf
from hub.api.problems import MEDIA_TYPE, Problem
from hub.record.definition import RecordType
from hub.record.schemas import create_schema, patch_schema, read_schema
from hub.services.custom_fields import record_types
from hub.services.records import filters_of

router = APIRouter(prefix=V1, tags=["description"])

_PLACE = "/records/{record_type}"
_REF = "#/components/schemas/{model}"


@router.get("/openapi.json", dependencies=[PUBLIC], summary="This description")
async def description(request: Request, door: DoorOf) -> Response:
    async with door.app.db.transaction() as tx:
        types = await record_types(tx)
    body = await asyncio.to_thread(_encoded, request.app, tuple(types.values()))
    return Response(body, media_type="application/json")


@lru_cache(maxsize=4)
def _encoded(api: FastAPI, types: tuple[RecordType, ...]) -> bytes:
    """It takes a second to make and is asked for by anybody: made once for each state of the record types."""
    return msgspec.json.encode(describe(api, {kind.name: kind for kind in types}))


def describe(api: FastAPI, types: Mapping[str, RecordType]) -> dict[str, Any]:
    """OpenAPI of the API as it is now, custom fields included."""
    document = get_openapi(title=api.title, version="1", routes=api.routes)
    document["paths"] = {
        path: item for generic, found in document["paths"].items() for path, item in _written_out(generic, found, types)
    }
    schemas = document["components"]["schemas"]
    schemas |= _schemas(types)
    for item in document["paths"].values():
        for operation in item.values():
            operation["responses"]["default"] = _problem()
            operation["responses"].pop("422", None)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return document


def _written_out(
    generic: str, item: dict[str, Any], types: Mapping[str, RecordType]
) -> list[tuple[str, dict[str, Any]]]:
    if _PLACE not in generic:
        return [(generic, item)]
    return [
        (
            generic.replace("{record_type}", name),
            {method: _typed(op, method, generic, kind) for method, op in item.items()},
        )
        for name, kind in types.items()
    ]


def _typed(operation: dict[str, Any], method: str, generic: str, kind: RecordType) -> dict[str, Any]:
    """One operation of one record type."""
    typed = deepcopy(operation)
    typed["operationId"] = f"{operation['operationId']}_{kind.name}"
    typed["tags"] = [kind.name]
    typed["parameters"] = [p for p in typed.get("parameters", ()) if p["name"] != "record_type"]
    whole = generic.endswith((_PLACE, "{record_id}"))
    if method == "get" and generic.endswith(_PLACE):
        typed["parameters"] += [
            {"name": name, "in": "query", "required": False, "schema": {"type": "string"}} for name in filters_of(kind)
        ]
        page = {"type": "object", "properties": {"items": {"type": "array", "items": _ref(read_schema(kind))},
                "next_cursor": {"type": ["string", "null"]}}}  # fmt: skip
        _answers(typed, page)
    elif whole or generic.endswith("/restore"):
        _answers(typed, _ref(read_schema(kind)))
    if whole and method in ("post", "patch"):
        sent = create_schema(kind) if method == "post" else patch_schema(kind)
        typed["requestBody"] = {"required": True, "content": {"application/json": {"schema": _ref(sent)}}}
    return typed


def _answers(operation: dict[str, Any], schema: dict[str, Any]) -> None:
    for status, answer in operation["responses"].items():
        if status.startswith("2") and status != "204":
            answer["content"] = {"application/json": {"schema": schema}}


def _schemas(types: Mapping[str, RecordType]) -> dict[str, Any]:
    sent = [(make(kind), "validation") for kind in types.values() for make in (create_schema, patch_schema)]
    given: list[tuple[type[BaseModel], Any]] = [(read_schema(kind), "serialization") for kind in types.values()]
    _, found = models_json_schema([*sent, *given, (Problem, "serialization")], ref_template=_REF)  # type: ignore[list-item]
    definitions: dict[str, Any] = found["$defs"]
    return definitions


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REF.format(model=model.__name__)}


def _problem() -> dict[str, Any]:
    return {"description": "A problem (RFC 9457).", "content": {MEDIA_TYPE: {"schema": _ref(Problem)}}}
