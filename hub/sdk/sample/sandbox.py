"""An emulator of the Sample API: records with versions, tombstones and merges, a batch endpoint, signed webhooks."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from hub.sdk.http import encode_json
from hub.sdk.records import WebhookRequest
from hub.sdk.sample.sandbox_records import TRACELESS, Records, Refused
from hub.sdk.sandbox import (
    Answer,
    ContractObject,
    Fault,
    FieldChanges,
    Sandbox,
    SandboxClock,
    SandboxSpec,
    StoredRecord,
)

_CLIENT_ID, _CLIENT_SECRET, _WEBHOOK_SECRET = "sample-client", "sample-client-secret", "sample-webhook-secret"
_TOKEN_SECONDS = 1800
_MAX_BATCH = 100


class SampleSandbox(Sandbox):
    """One Sample account."""

    name = "sample"
    faults_known: ClassVar[Mapping[str, str]] = {
        "expire_token": "the access token used is expired from now on",
        "persistent_401": "401 whatever the token",
        "lock_row": "one row of a batch is locked by somebody else",
        "reject_row": "one row of a batch violates a validation rule",
        "all_rows_fail": "every row of a batch violates a validation rule",
        "late_commit": "the next change becomes visible later than its stamp; options: seconds",
        "poison_record": "one record of a page has a value of the wrong JSON type",
        "webhook_duplicate": "a delivery is made twice",
        "webhook_drop": "a delivery is never made",
        "webhook_bad_signature": "a delivery is signed with another secret",
    }

    def __init__(self, *, seed: int = 0, clock: SandboxClock | None = None) -> None:
        super().__init__(seed=seed, clock=clock)
        self.reset()

    def reset(self) -> None:
        self.world.clear()
        self.faults.clear()
        self.records = Records(self.world, self.faults, self.clock)
        self._tokens: dict[str, datetime] = {}

    def settings(self, base_url: str) -> dict[str, Any]:
        return {
            "url": base_url,
            "client_id": _CLIENT_ID,
            "client_secret": _CLIENT_SECRET,
            "webhook_secret": _WEBHOOK_SECRET,
        }

    def fault_answer(self, fault: Fault) -> Answer:
        plain = super().fault_answer(fault)
        code = "unavailable" if plain.status == 503 else "rate_limited"
        return Answer(plain.status, encode_json({"error": {"code": code, "message": fault.name}}), plain.headers)

    # The API

    def vendor_app(self) -> ASGIApp:
        return Starlette(
            routes=[
                Route("/oauth/token", self._token, methods=["POST"]),
                Route("/v1/account", self._account),
                Route("/v1/objects", self._objects),
                Route("/v1/objects/{object}", self._describe),
                Route("/v1/records/{object}", self._query),
                Route("/v1/records/{object}/counts", self._counts),
                Route("/v1/records/{object}/batch", self._batch, methods=["POST"]),
            ],
            exception_handlers={Refused: _answer_refusal},
        )

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        if (form.get("client_id"), form.get("client_secret")) != (_CLIENT_ID, _CLIENT_SECRET):
            raise Refused(401, "invalid_client", "Unknown client or wrong secret.")
        token = f"sample-token-{self.records.next_number()}"
        self._tokens[token] = self.clock.now() + timedelta(seconds=_TOKEN_SECONDS)
        return _json({"access_token": token, "expires_in": _TOKEN_SECONDS})

    def _authorise(self, request: Request) -> None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        name = f"{request.method} {request.url.path}"
        if self.faults.take("expire_token", name):
            self._tokens.pop(token, None)
        if self._tokens.get(token, self.clock.now()) <= self.clock.now() or self.faults.take("persistent_401", name):
            raise Refused(401, "unauthorized", "The access token is not valid.")

    async def _account(self, request: Request) -> Response:
        self._authorise(request)
        return _json({"id": f"sample-{self.seed}", "name": "Sample account"})

    async def _objects(self, request: Request) -> Response:
        self._authorise(request)
        return _json({"objects": list(self.records.schema)})

    async def _describe(self, request: Request) -> Response:
        self._authorise(request)
        name = request.path_params["object"]
        fields = [{"name": field, "label": field.title(), **spec} for field, spec in self.records.fields(name).items()]
        return _json({"label": name.title(), "fields": fields})

    async def _query(self, request: Request) -> Response:
        self._authorise(request)
        name, params = request.path_params["object"], request.query_params
        names = [field for field in params.get("fields", "").split(",") if field]
        for field in names:
            if field not in self.records.fields(name):
                raise Refused(400, "unknown_field", f"There is no field {field!r}.", field=field)
        found = self._found(name, params)
        limit = int(params.get("limit", 100))
        items = [self._item(record, names) for record in found[:limit]]
        if items and self.faults.take("poison_record", request.url.path):
            items[len(items) // 2]["fields"] = {field: {"not": ["a", "value"]} for field in names}
        return _json({"items": items, "more": len(found) > limit, "now": self.clock.now().isoformat()})

    async def _counts(self, request: Request) -> Response:
        """How many live records bear a stamp of each hour, between `since` and `until`."""
        self._authorise(request)
        since, until = (datetime.fromisoformat(request.query_params[name]) for name in ("since", "until"))
        found = self._found(request.path_params["object"], {})
        hours = Counter(_hour(record.modified_at) for record in found if since <= record.modified_at < until)
        return _json({"items": [{"hour": hour, "records": count} for hour, count in sorted(hours.items())]})

    def _found(self, name: str, params: Mapping[str, str]) -> list[StoredRecord]:
        traced = name not in TRACELESS
        if "ids" in params:
            found = [r for i in params["ids"].split(",") if (r := self.world.get(name, i)) and not r.purged]
            return [record for record in found if traced or record.live]
        if "key" in params:
            wanted = params["values"].split(",")
            return [record for record in self.world.live(name) if record.fields.get(params["key"]) in wanted]
        since = datetime.fromisoformat(params["since"]) if "since" in params else None
        stamp, _, after_id = params.get("after", "").partition("|")
        now = self.clock.now()
        records = self.world.all(name) if traced and "deleted" in params else self.world.live(name)
        visible = (record for record in records if record.visible_at <= now)
        if since is not None:
            visible = (record for record in visible if record.modified_at >= since)
        if "until" in params:
            until = datetime.fromisoformat(params["until"])
            visible = (record for record in visible if record.modified_at < until)
        if stamp:
            after = (datetime.fromisoformat(stamp), after_id)
            visible = (record for record in visible if (record.modified_at, record.id) > after)
        return sorted(visible, key=lambda record: (record.modified_at, record.id))

    def _item(self, record: StoredRecord, names: list[str]) -> dict[str, Any]:
        return {
            "id": record.id,
            "updated_at": record.modified_at.isoformat(),
            "updated_by": record.by,
            "version": version_of(record),
            "deleted": not record.live,
            "merged_into": record.merged_into,
            "partner": self.records.became.get(record.id),
            "fields": {field: record.fields.get(field) for field in names},
        }

    async def _batch(self, request: Request) -> Response:
        self._authorise(request)
        body = await request.json()
        rows = body["rows"]
        if len(rows) > _MAX_BATCH:
            raise Refused(400, "too_many_rows", f"At most {_MAX_BATCH} rows.")
        write = {"create": self._create_row, "update": self._update_row, "delete": self._delete_row}[body["operation"]]
        failing = self.faults.take("all_rows_fail") is not None
        return _json({"results": [self._result(request, write, row, failing) for row in rows]})

    def _result(self, request: Request, write: Any, row: dict[str, Any], failing: bool) -> dict[str, Any]:
        try:
            if failing or self.faults.take("reject_row"):
                raise Refused(400, "invalid", "A validation rule refuses the record.")
            if self.faults.take("lock_row"):
                raise Refused(409, "locked", "The record is locked.")
            record, created = write(request.path_params["object"], row)
        except Refused as refusal:
            return {"error": refusal.body}
        return {"id": record.id, "created": created, "version": version_of(record)}

    def _create_row(self, name: str, row: dict[str, Any]) -> tuple[StoredRecord, bool]:
        key = row.get("key")
        for record in self.world.live(name):
            if key and record.fields.get(key) == row["fields"][key]:
                return self.records.save(name, record.id, row["fields"], by="api"), False
        return self.records.add(name, row["fields"], by="api"), True

    def _update_row(self, name: str, row: dict[str, Any]) -> tuple[StoredRecord, bool]:
        record = self.records.live(name, row["id"])
        if row.get("version") not in (None, version_of(record)):
            raise Refused(412, "changed", "The record has changed since.")
        return self.records.save(name, record.id, row["fields"], by="api"), False

    def _delete_row(self, name: str, row: dict[str, Any]) -> tuple[StoredRecord, bool]:
        record = self.records.live(name, row["id"])
        self.records.remove(name, record)
        return record, False

    # What people do

    def human_create(self, object_name: str, fields: Mapping[str, Any]) -> str:
        record: StoredRecord = _as_person(self.records.add, object_name, fields, by="human")
        return record.id

    def human_edit(self, object_name: str, record_id: str, fields: Mapping[str, Any]) -> None:
        _as_person(self.records.save, object_name, record_id, fields, by="human")

    def human_delete(self, object_name: str, record_id: str) -> None:
        self.records.remove(object_name, _as_person(self.records.live, object_name, record_id))

    def human_undelete(self, object_name: str, record_id: str) -> None:
        record = self.world.get(object_name, record_id)
        if record is None or record.live or record.purged:
            raise ValueError(f"{record_id} cannot be restored.")
        record.deleted_at = record.merged_into = None
        self.records.changed(object_name, record, "restored")

    def human_purge(self, object_name: str, record_id: str) -> None:
        record = self.world.get(object_name, record_id)
        if record is None:
            raise ValueError(f"There is no record {record_id}.")
        record.purged = True

    def human_convert(self, prospect: str) -> str:
        """A person turns a prospect into a partner; returns the partner's id."""
        record: StoredRecord = _as_person(self.records.live, "prospects", prospect)
        return self.records.convert(record)

    def human_merge(self, object_name: str, winner: str, loser: str) -> str:
        kept, lost = (_as_person(self.records.live, object_name, record_id) for record_id in (winner, loser))
        filled = {field: value for field, value in lost.fields.items() if kept.fields.get(field) is None}
        self.records.remove(object_name, lost, merged_into=winner)
        _as_person(self.records.save, object_name, winner, filled, by="human")
        return winner

    def remove_field(self, object_name: str, field_name: str) -> None:
        del self.records.schema[object_name][field_name]

    def change_field(self, object_name: str, field_name: str, changes: FieldChanges) -> None:
        self.records.schema[object_name].setdefault(field_name, {"type": "text"}).update(changes)

    def set_picklist(self, object_name: str, field_name: str, values: Sequence[str]) -> None:
        self.records.schema[object_name][field_name]["values"] = list(values)

    # Webhooks

    def take_webhooks(self, url: str) -> list[WebhookRequest]:
        events, self.records.events = self.records.events, []
        requests: list[WebhookRequest] = []
        for event in events:
            if not self.faults.take("webhook_drop"):
                requests += [self._signed(url, event)] * (2 if self.faults.take("webhook_duplicate") else 1)
        return requests

    def _signed(self, url: str, event: Mapping[str, str]) -> WebhookRequest:
        body, stamp = encode_json({"events": [event]}), str(int(self.clock.now().timestamp()))
        secret = "another-secret" if self.faults.take("webhook_bad_signature") else _WEBHOOK_SECRET
        signature = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        headers = {"sample-timestamp": stamp, "sample-signature": signature, "content-type": "application/json"}
        return WebhookRequest("POST", url, headers, body)


def version_of(record: StoredRecord) -> str:
    """What Sample's API gives as a record's version: a number and the stamp."""
    return f"{record.version}@{record.modified_at.isoformat()}"


def _hour(stamp: datetime) -> str:
    return stamp.replace(minute=0, second=0, microsecond=0).isoformat()


def _json(value: object, status: int = 200) -> Response:
    return Response(encode_json(value), status, media_type="application/json")


async def _answer_refusal(_: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refused)
    return _json({"error": refusal.body}, refusal.status)


def _as_person(act: Any, *args: Any, **kwargs: Any) -> Any:
    """People see a sentence where programs get a code."""
    try:
        return act(*args, **kwargs)
    except Refused as refusal:
        raise ValueError(str(refusal)) from refusal


def _make_partner(number: int) -> dict[str, Any]:
    return {
        "name": f"Partner {number}",
        "website": f"https://partner{number}.example",
        "country": "DE",
        "tier": "Silver",
        "revenue": number + 0.25,
    }


def _make_prospect(number: int) -> dict[str, Any]:
    return {"name": f"Prospect {number}", "website": f"https://prospect{number}.example", "country": "DE"}


SANDBOX = SandboxSpec(
    make=SampleSandbox,
    contract_objects=(
        ContractObject("partners", _make_partner, text_field="name", key_field="hub_id", required_field="name"),
        ContractObject("prospects", _make_prospect, text_field="name", key_field="hub_id", required_field="name"),
    ),
)
