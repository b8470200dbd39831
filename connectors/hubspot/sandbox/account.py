"""One account as the API's handlers see it: its records, search, tokens and switches, and one call to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from connectors.hubspot.sandbox.answers import Json, Problem, invalid, not_found
from connectors.hubspot.sandbox.crm import Crm
from connectors.hubspot.sandbox.oauth import Tokens
from connectors.hubspot.sandbox.schema import DEFAULT_PROPERTIES, created_property, modified_property, type_of
from connectors.hubspot.sandbox.search import Search
from hub.sdk.http import decode_json
from hub.sdk.sandbox import Faults, SandboxClock, StoredRecord

PORTAL_ID = 148_210_077


@dataclass(frozen=True, slots=True)
class Account:
    """Everything behind the API."""

    crm: Crm
    search: Search
    tokens: Tokens
    faults: Faults
    clock: SandboxClock


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated request with its JSON body (`listed` when that is a list); `by` names the app that calls."""

    account: Account
    request: Request
    body: Json
    by: str
    listed: tuple[Json, ...] = ()

    @property
    def name(self) -> str:
        """What faults are matched against."""
        return f"{self.request.method} {self.request.url.path}"

    def object_type(self, parameter: str = "object_type") -> str:
        alias = self.request.path_params[parameter]
        found = type_of(alias)
        if found is None:
            raise Problem(400, "VALIDATION_ERROR", f"Unable to infer object type from: {alias}")
        return found

    def query(self, name: str, default: str = "") -> str:
        return self.request.query_params.get(name, default)

    def names(self, name: str) -> list[str]:
        """A list parameter: repeated, or joined by commas."""
        return [part for text in self.request.query_params.getlist(name) for part in text.split(",") if part]

    @property
    def archived(self) -> bool:
        return self.query("archived").lower() == "true"

    def inputs(self, maximum: int) -> list[Json]:
        inputs = self.body.get("inputs")
        if not isinstance(inputs, list):
            raise invalid("inputs is required", code="REQUIRED_FIELD", field="inputs")
        if len(inputs) > maximum:
            raise invalid(f"At most {maximum} inputs are allowed", code="BATCH_SIZE", field="inputs")
        return inputs


Handler = Callable[[Call], Response]
# (resource, method, what follows the resource's path, handler)
ApiRoute = tuple[str, str, str, Handler]
Answering = Callable[[Request], Awaitable[Response]]


async def read_call(account: Account, request: Request, by: str) -> Call:
    """The call that `request` makes; a body that is no JSON object, nor a list of them, is refused."""
    raw = await request.body()
    if not raw or request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return Call(account, request, {}, by)
    try:
        body = decode_json(raw)
    except msgspec.DecodeError as exc:
        raise Problem(400, "VALIDATION_ERROR", "Invalid input JSON") from exc
    if isinstance(body, list) and all(isinstance(one, dict) for one in body):
        return Call(account, request, {}, by, tuple(body))
    if not isinstance(body, dict):
        raise Problem(400, "VALIDATION_ERROR", "Invalid input JSON: no object")
    return Call(account, request, body, by)


def answered_properties(
    call: Call, object_type: str, record: StoredRecord, names: Sequence[str], fields: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The properties of an answer: those asked for, or the defaults, and always id and stamps; null when unset."""
    crm = call.account.crm
    known = crm.properties[object_type]
    if call.account.faults.get("unknown_property_on_read") == "400":
        for name in names:
            if name not in known:
                raise invalid(f'Property "{name}" does not exist', code="PROPERTY_DOESNT_EXIST", field=name)
    always = ("hs_object_id", created_property(object_type), modified_property(object_type))
    wanted = dict.fromkeys([*(names or DEFAULT_PROPERTIES[object_type]), *always])
    shown = record.fields if fields is None else fields
    values: dict[str, Any] = {
        name: crm.read_property(object_type, record, shown, name) for name in wanted if name in known
    }
    if call.account.faults.take("poison_record", call.name):
        values = {name: value if name in always else {"unexpected": [value]} for name, value in values.items()}
    return values


def visible_record(call: Call, object_type: str, record_id: str, id_property: str | None) -> StoredRecord:
    """The record a read by id answers; 404 for one that is archived, unless archived ones are asked for."""
    crm = call.account.crm
    if call.archived:
        record = crm.find(object_type, record_id)
        shown = record is not None and not record.live
    else:
        record = crm.find_by(object_type, id_property, record_id)
        if record is None and call.account.faults.get("archived_by_id") == "200":
            record = crm.find(object_type, record_id)
        shown = record is not None
    if record is None or not shown or _lags(call, record):
        raise not_found(f"Object not found. objectId are usually numeric. ({record_id})", [record_id])
    return record


def _lags(call: Call, record: StoredRecord) -> bool:
    """Whether a new record cannot be read by id yet."""
    lagging = call.account.faults.get("read_by_id") == "lagging"
    return lagging and record.version == 1 and record.visible_at > call.account.clock.now()
