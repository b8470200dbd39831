"""What the hub can do with a Sample account."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

import msgspec
from pydantic import BaseModel

from hub.sdk.capabilities import Account, Capabilities, Limit, ObjectCapabilities, RemoteField, RemoteObject
from hub.sdk.connector import ConnectorContext
from hub.sdk.errors import AuthFailed, RecordRejected
from hub.sdk.http import decode_json
from hub.sdk.paging import Keyset
from hub.sdk.records import (
    Deletion,
    Page,
    ReadQuery,
    ReadResult,
    RemoteRecord,
    Slice,
    WebhookEvent,
    WebhookRequest,
    WriteOp,
    WriteOutcome,
    Written,
)
from hub.sdk.sample.api import SampleApi, row_error
from hub.sdk.sample.settings import SampleSettings

_BATCH = 100
_SIGNATURE_AGE = timedelta(minutes=5)


_PARTNERS = ObjectCapabilities(
    create_batch=_BATCH,
    update_batch=_BATCH,
    delete_batch=_BATCH,
    read_batch=_BATCH,
    upsert=True,
    precondition="etag",
    precondition_batch=_BATCH,
    deletions="tombstone",
    merges="redirect",
    record_stamps=frozenset({"updated_at"}),
)
# Deleted prospects leave no trace: only a full read shows that they are gone.
_PROSPECTS = replace(_PARTNERS, deletions="scan", merges="none")


class SampleClient:
    """One open connection to a Sample account."""

    capabilities = Capabilities(
        default=_PARTNERS,
        objects={"prospects": _PROSPECTS},
        limits=(Limit("burst", amount=100, per_seconds=10),),
        overlap=timedelta(minutes=10),
        webhooks=True,
    )
    stamp_resolution = timedelta(microseconds=1)

    def __init__(self, settings: SampleSettings, context: ConnectorContext) -> None:
        self._api = SampleApi(settings, context)
        self._clock = context.clock
        secret = settings.webhook_secret
        self._webhook_secret = secret.get_secret_value().encode() if secret else None

    @classmethod
    def open(cls, settings: BaseModel, context: ConnectorContext) -> SampleClient:
        return cls(cast(SampleSettings, settings), context)

    async def check(self) -> Account:
        account = await self._api.get("/v1/account")
        return Account(id=account["id"], name=account["name"])

    async def objects(self) -> Sequence[str]:
        return [str(name) for name in (await self._api.get("/v1/objects"))["objects"]]

    async def describe(self, object_name: str) -> RemoteObject:
        found = await self._api.get(f"/v1/objects/{object_name}")
        fields = {field["name"]: msgspec.convert(field, RemoteField) for field in found["fields"]}
        return RemoteObject(name=object_name, label=found["label"], fields=fields)

    async def read_page(self, query: ReadQuery, cursor: str | None) -> Page:
        at = Keyset.parse(cursor)
        answer = await self._api.get(f"/v1/records/{query.object}", **_page_params(query, at))
        known, now = at.high, datetime.fromisoformat(answer["now"])
        at = at.asked(now)
        for item in answer["items"]:
            at = at.after(_stamp(item), item["id"])
        done = not answer["more"]
        end = at.finished(now=now, overlap=self.capabilities.overlap) if done else at
        return Page(
            records=[_record(item) for item in answer["items"] if not _ended(item)],
            deletions=[_deletion(item) for item in answer["items"] if _ended(item)],
            cursor=end.text(),
            done=done,
            complete_scan=done and at.full,
            reread=0 if at.full or known is None else sum(_stamp(item) <= known for item in answer["items"]),
        )

    async def read_many(self, object_name: str, ids: Sequence[str], fields: tuple[str, ...]) -> ReadResult:
        records, deletions = [], []
        for batch in _batches(ids):
            answer = await self._api.get(f"/v1/records/{object_name}", ids=",".join(batch), fields=",".join(fields))
            found = {item["id"]: item for item in answer["items"]}
            records += [_record(found[i]) for i in batch if i in found and not _ended(found[i])]
            deletions += [_deletion(found[i]) for i in batch if i in found and _ended(found[i])]
            deletions += [Deletion(i, kind="purged", source="probe") for i in batch if i not in found]
        return ReadResult(records=records, deletions=deletions)

    def stamp_of(self, version: str) -> datetime | None:
        return datetime.fromisoformat(version.partition("@")[2])

    async def count_by_stamp(self, query: ReadQuery, bounds: Sequence[datetime]) -> Sequence[Slice]:
        span = {"since": bounds[0].isoformat(), "until": bounds[-1].isoformat()}
        answer = await self._api.get(f"/v1/records/{query.object}/counts", **span)
        hours = ((datetime.fromisoformat(item["hour"]), int(item["records"])) for item in answer["items"])
        return [Slice(hour, hour + timedelta(hours=1), count) for hour, count in hours]

    async def read_slices(self, query: ReadQuery, slices: Sequence[Slice]) -> AsyncIterator[ReadResult]:
        for one in slices:
            at, more = Keyset(), True
            while more:
                params = _page_params(query, at) | {"since": one.since.isoformat(), "until": one.until.isoformat()}
                params["deleted"] = "true"
                answer = await self._api.get(f"/v1/records/{query.object}", **params)
                for item in answer["items"]:
                    at = at.after(_stamp(item), item["id"])
                more = answer["more"]
                live = [_record(item) for item in answer["items"] if not _ended(item)]
                yield ReadResult(live, [_deletion(item) for item in answer["items"] if _ended(item)])

    async def find_by_key(
        self, object_name: str, key_field: str, values: Sequence[str], fields: tuple[str, ...]
    ) -> Sequence[RemoteRecord]:
        found: list[RemoteRecord] = []
        for batch in _batches(values):
            params = {"key": key_field, "values": ",".join(batch), "fields": ",".join({*fields, key_field})}
            answer = await self._api.get(f"/v1/records/{object_name}", **params)
            found += [_record(item) for item in answer["items"]]
        return found

    async def write(self, object_name: str, ops: Sequence[WriteOp]) -> Sequence[WriteOutcome]:
        if not ops:
            return []
        rows = [_row(op) for op in ops]
        answer = await self._api.post(f"/v1/records/{object_name}/batch", {"operation": ops[0].kind, "rows": rows})
        return [_outcome(result) for result in answer["results"]]

    def verify_webhook(self, request: WebhookRequest) -> None:
        """Signed is "timestamp.body"; a signature is good for five minutes, so that it cannot be played again."""
        stamp = request.headers.get("sample-timestamp", "")
        if self._webhook_secret is None:
            raise AuthFailed("No webhook secret is set for this connection.")
        expected = hmac.new(self._webhook_secret, stamp.encode() + b"." + request.body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), request.headers.get("sample-signature", "").encode()):
            raise AuthFailed("The webhook's signature is not Sample's.")
        if abs(self._clock.now().timestamp() - int(stamp)) > _SIGNATURE_AGE.total_seconds():
            raise AuthFailed("The webhook was signed too long ago, or in the future.")

    def parse_webhook(self, request: WebhookRequest) -> Sequence[WebhookEvent]:
        try:
            events = decode_json(request.body)["events"]
            return [
                WebhookEvent(event_id=e["id"], object=e["object"], remote_id=e["record"], kind=e["kind"])
                for e in events
            ]
        except (msgspec.DecodeError, KeyError, TypeError) as exc:
            raise RecordRejected("The webhook's body cannot be read.") from exc


def _page_params(query: ReadQuery, at: Keyset) -> dict[str, str | int]:
    params: dict[str, str | int] = {"fields": ",".join(query.fields), "limit": query.page_size or 500}
    if query.where:
        params["where"] = query.where
    if at.since is not None:
        params |= {"since": at.since.isoformat(), "deleted": "true"}
    if at.stamp is not None:
        params["after"] = f"{at.stamp.isoformat()}|{at.id}"
    return params


def _batches(values: Sequence[str]) -> list[Sequence[str]]:
    return [values[start : start + _BATCH] for start in range(0, len(values), _BATCH)]


def _stamp(item: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(item["updated_at"])


def _record(item: Mapping[str, Any]) -> RemoteRecord:
    return RemoteRecord(
        item["id"],
        dict(item["fields"]),
        version=item["version"],
        modified_at=_stamp(item),
        modified_by=item["updated_by"],
    )


def _ended(item: Mapping[str, Any]) -> bool:
    """Deleted, or converted to a partner: such a prospect is still shown, and never changes again."""
    return bool(item["deleted"] or item["partner"])


def _deletion(item: Mapping[str, Any]) -> Deletion:
    merged_into = item["merged_into"]
    if item["partner"] and not item["deleted"]:
        became = (("partners", item["partner"]),)
        return Deletion(item["id"], kind="converted", at=_stamp(item), became=became, last=_record(item))
    return Deletion(item["id"], kind="merged" if merged_into else "deleted", merged_into=merged_into, at=_stamp(item))


def _row(op: WriteOp) -> dict[str, Any]:
    row: dict[str, Any] = {"id": op.remote_id, "fields": op.fields, "version": op.precondition}
    if op.key is not None:
        row["key"] = op.key[0]
        row["fields"] = {**op.fields, op.key[0]: op.key[1]}
    return row


def _outcome(result: Mapping[str, Any]) -> WriteOutcome:
    if "error" in result:
        return row_error(result["error"])
    return Written(remote_id=result["id"], created=result["created"], version=result["version"])
