"""The admin API of every sandbox: what an operator, a demo or a test does behind the vendor's back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar, cast

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.sdk.http import encode_json
from hub.sdk.sandbox.base import FieldChanges, Sandbox
from hub.sdk.sandbox.courier import deliver_webhooks
from hub.sdk.sandbox.transport import TRANSPORT_FAULTS

ADMIN_PREFIX = "/__sandbox__"


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _ClockBody(_Body):
    advance: float = 0
    freeze: bool = False


class _FaultBody(_Body):
    name: str
    times: int = Field(default=1, ge=1)
    match: str = ""
    after: int = Field(default=0, ge=0)
    options: dict[str, Any] = {}


class _SwitchBody(_Body):
    value: Any


class _RecordBody(_Body):
    fields: dict[str, Any]


class _MergeBody(_Body):
    loser: str


class _PicklistBody(_Body):
    values: list[str]


class _FieldBody(_Body):
    type: str = ""
    label: str = ""
    writable: bool = True
    nullable: bool = True
    max_length: int = 0
    values: list[str] = []


class _WebhookBody(_Body):
    target: str


_B = TypeVar("_B", bound=_Body)
_Handler = Callable[[Sandbox, Request], Awaitable[object]]


def admin_app(sandbox: Sandbox) -> Starlette:
    """The routes under `/__sandbox__/`; answers are JSON, an error is `{"error": sentence}`."""
    routes: list[tuple[str, str, _Handler]] = [
        ("GET", "/state", _state),
        ("POST", "/reset", _reset),
        ("POST", "/clock", _clock),
        ("POST", "/faults", _arm_fault),
        ("DELETE", "/faults", _clear_faults),
        ("PUT", "/switches/{switch}", _set_switch),
        ("GET", "/rows/{object}", _rows),
        ("POST", "/records/{object}", _create),
        ("PATCH", "/records/{object}/{id}", _edit),
        ("DELETE", "/records/{object}/{id}", _delete),
        ("POST", "/records/{object}/{id}/undelete", _undelete),
        ("POST", "/records/{object}/{id}/merge", _merge),
        ("DELETE", "/fields/{object}/{field}", _remove_field),
        ("PATCH", "/fields/{object}/{field}", _change_field),
        ("PUT", "/picklists/{object}/{field}", _set_picklist),
        ("PUT", "/webhooks", _set_webhook_target),
        ("POST", "/webhooks/deliver", _deliver_webhooks),
    ]
    return Starlette(
        routes=[
            Route(ADMIN_PREFIX + path, partial(_answer, sandbox, handler), methods=[method])
            for method, path, handler in routes
        ]
    )


async def _answer(sandbox: Sandbox, handler: _Handler, request: Request) -> Response:
    try:
        return _json(await handler(sandbox, request))
    except KeyError as exc:
        return _json({"error": f"There is no {exc.args[0]!r} here."}, status=404)
    except ValidationError as exc:
        return _json({"error": "; ".join(f"{e['loc']}: {e['msg']}" for e in exc.errors())}, status=400)
    except ValueError as exc:
        return _json({"error": str(exc)}, status=400)
    except NotImplementedError as exc:
        return _json({"error": str(exc)}, status=501)


def _json(value: object, *, status: int = 200) -> Response:
    return Response(encode_json(value), status, media_type="application/json")


async def _read(request: Request, model: type[_B]) -> _B:
    return model.model_validate_json(await request.body())


async def _state(sandbox: Sandbox, _: Request) -> object:
    objects = {name: list(sandbox.world.all(name)) for name in sandbox.world.objects()}
    return {
        "name": sandbox.name,
        "now": sandbox.clock.now(),
        "objects": {
            name: {
                "live": sum(record.live for record in records),
                "deleted": sum(not record.live for record in records),
            }
            for name, records in objects.items()
        },
        "calls": dict(sandbox.calls),
        "faults": [
            {"name": f.name, "times": f.times, "match": f.match, "after": f.after, "options": dict(f.options)}
            for f in sandbox.faults.armed()
        ],
        "fired": dict(sandbox.faults.fired),
        "faults_known": {**TRANSPORT_FAULTS, **sandbox.faults_known},
        "switches": sandbox.faults.switches(),
        "webhook_target": sandbox.webhook_target,
    }


async def _reset(sandbox: Sandbox, _: Request) -> object:
    sandbox.reset()
    sandbox.faults.clear()
    sandbox.calls.clear()
    return {}


async def _clock(sandbox: Sandbox, request: Request) -> object:
    body = await _read(request, _ClockBody)
    if body.freeze:
        sandbox.clock.freeze()
    sandbox.clock.advance(timedelta(seconds=body.advance))
    return {"now": sandbox.clock.now()}


async def _arm_fault(sandbox: Sandbox, request: Request) -> object:
    body = await _read(request, _FaultBody)
    known = {**TRANSPORT_FAULTS, **sandbox.faults_known}
    if body.name not in known:
        raise ValueError(f"{sandbox.name} has no fault {body.name!r}; it has {', '.join(sorted(known))}.")
    sandbox.faults.arm(body.name, times=body.times, match=body.match, after=body.after, options=body.options)
    return {}


async def _clear_faults(sandbox: Sandbox, _: Request) -> object:
    sandbox.faults.clear()
    return {}


async def _set_switch(sandbox: Sandbox, request: Request) -> object:
    body = await _read(request, _SwitchBody)
    sandbox.faults.set(request.path_params["switch"], body.value)
    return {"switches": sandbox.faults.switches()}


async def _rows(sandbox: Sandbox, request: Request) -> object:
    return sandbox.rows(request.path_params["object"])


async def _create(sandbox: Sandbox, request: Request) -> object:
    body = await _read(request, _RecordBody)
    return {"id": sandbox.human_create(request.path_params["object"], body.fields)}


async def _edit(sandbox: Sandbox, request: Request) -> object:
    body = await _read(request, _RecordBody)
    sandbox.human_edit(*_record(request), body.fields)
    return {}


async def _delete(sandbox: Sandbox, request: Request) -> object:
    purge = request.query_params.get("purge") == "true"
    (sandbox.human_purge if purge else sandbox.human_delete)(*_record(request))
    return {}


async def _undelete(sandbox: Sandbox, request: Request) -> object:
    sandbox.human_undelete(*_record(request))
    return {}


async def _merge(sandbox: Sandbox, request: Request) -> object:
    body = await _read(request, _MergeBody)
    object_name, winner = _record(request)
    return {"id": sandbox.human_merge(object_name, winner, body.loser)}


def _record(request: Request) -> tuple[str, str]:
    return request.path_params["object"], request.path_params["id"]


async def _remove_field(sandbox: Sandbox, request: Request) -> object:
    sandbox.remove_field(request.path_params["object"], request.path_params["field"])
    return {}


async def _change_field(sandbox: Sandbox, request: Request) -> object:
    changes = cast(FieldChanges, (await _read(request, _FieldBody)).model_dump(exclude_unset=True))
    sandbox.change_field(request.path_params["object"], request.path_params["field"], changes)
    return {}


async def _set_picklist(sandbox: Sandbox, request: Request) -> object:
    body = await _read(request, _PicklistBody)
    sandbox.set_picklist(request.path_params["object"], request.path_params["field"], body.values)
    return {}


async def _set_webhook_target(sandbox: Sandbox, request: Request) -> object:
    sandbox.webhook_target = (await _read(request, _WebhookBody)).target
    return {}


async def _deliver_webhooks(sandbox: Sandbox, _: Request) -> object:
    async with httpx.AsyncClient(timeout=10) as client:
        return {"answers": await deliver_webhooks(sandbox, client)}
