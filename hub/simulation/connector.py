"""An open connector in a world: each call is a turn, in which its party may be killed; as weak as the traits say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hub.sdk.capabilities import Capabilities, ObjectCapabilities
from hub.sdk.records import (
    Page,
    ReadQuery,
    ReadResult,
    RemoteRecord,
    WebhookEvent,
    WebhookRequest,
    WriteOp,
    WriteOutcome,
)
from hub.simulation.setting import Traits
from hub.simulation.turns import PARTY, Turns

Row = Mapping[str, Any]
Rows = Callable[[str], Mapping[str, Row]]
# Object and remote id; the row as the hub saw it last, as it was before the write, and as it is after it.
Overwritten = Callable[[str, str, Row, Row, Row], None]


class SimConnector:
    """`rows` shows the remote's own rows; `overwritten` is told what a write destroyed that the hub had never seen.

    Where an API has no precondition that tells every change, what was typed between the hub's last look and its
    write cannot be noticed by anybody. Where it has none at all, the process that writes must have looked itself.
    """

    def __init__(
        self,
        name: str,
        inner: Any,
        turns: Turns,
        traits: Traits,
        rows: Rows,
        overwritten: Overwritten,
    ) -> None:
        self.name, self._inner, self._turns, self._traits = name, inner, turns, traits
        self._rows, self._overwritten = rows, overwritten
        self._seen: dict[tuple[str, str], Mapping[str, Any]] = {}
        self._looked: dict[tuple[str, str, str], Row] = {}
        self.written = 0
        declared: Capabilities = inner.capabilities
        self.capabilities = replace(
            declared,
            default=self._weaken(declared.default),
            objects={name: self._weaken(own) for name, own in declared.objects.items()},
        )

    def _weaken(self, own: ObjectCapabilities) -> ObjectCapabilities:
        return replace(
            own,
            precondition=own.precondition if self._traits.preconditions else "none",
            upsert=own.upsert and self._traits.upsert,
            create_batch=min(own.create_batch, self._traits.batch),
            update_batch=min(own.update_batch, self._traits.batch),
            delete_batch=min(own.delete_batch, self._traits.batch),
        )

    async def read_page(self, query: ReadQuery, cursor: str | None) -> Page:
        async with self._turns.turn(f"read a page of {query.object}"):
            asked = ReadQuery(query.object, query.fields, query.where, self._traits.page)
            page: Page = await self._inner.read_page(asked, cursor)
            self._see(query.object, page.records)
            return page

    async def read_many(self, object_name: str, ids: Sequence[str], fields: tuple[str, ...]) -> ReadResult:
        async with self._turns.turn(f"read {object_name} {', '.join(sorted(ids))}"):
            result: ReadResult = await self._inner.read_many(object_name, ids, fields)
            self._see(object_name, result.records)
            self._looked |= {(PARTY.get().name, object_name, record.id): record.fields for record in result.records}
            return result

    async def find_by_key(
        self, object_name: str, key_field: str, values: Sequence[str], fields: tuple[str, ...]
    ) -> Sequence[RemoteRecord]:
        async with self._turns.turn(f"find {object_name} by key"):
            found: Sequence[RemoteRecord] = await self._inner.find_by_key(object_name, key_field, values, fields)
            self._see(object_name, found)
            return found

    async def write(self, object_name: str, ops: Sequence[WriteOp]) -> Sequence[WriteOutcome]:
        async with self._turns.turn("; ".join(_shown(object_name, op) for op in ops)):
            before = self._rows(object_name)
            PARTY.get().touched.add(self.name)
            try:
                outcomes: Sequence[WriteOutcome] = await self._inner.write(
                    object_name, [self._weakened(op) for op in ops]
                )
            finally:
                self.written += len(ops)
                self._note_overwritten(object_name, ops, before)
            PARTY.get().point("during")
            return outcomes

    def verify_webhook(self, request: WebhookRequest) -> None:
        self._inner.verify_webhook(request)

    def parse_webhook(self, request: WebhookRequest) -> Sequence[WebhookEvent]:
        events: Sequence[WebhookEvent] = self._inner.parse_webhook(request)
        return events

    def _weakened(self, op: WriteOp) -> WriteOp:
        fields, key = op.fields, op.key
        if key is not None and not self._traits.upsert:
            fields, key = {**fields, key[0]: key[1]}, None
        precondition = op.precondition if self._traits.preconditions else None
        return WriteOp(op.kind, fields, op.idempotency_key, op.remote_id, key, precondition, op.partition)

    def _see(self, object_name: str, records: Iterable[RemoteRecord]) -> None:
        rows = self._rows(object_name)
        for record in records:
            if record.id in rows:
                self._seen[(object_name, record.id)] = record.fields

    def _note_overwritten(
        self, object_name: str, ops: Sequence[WriteOp], before: Mapping[str, Mapping[str, Any]]
    ) -> None:
        after = self._rows(object_name)
        for op in ops:
            remote_id = op.remote_id or ""
            if op.kind != "update" or remote_id not in before or remote_id not in after:
                continue
            seen: Row | None
            if op.precondition is None or self.capabilities.of(object_name).precondition == "none":
                seen = self._looked.get((PARTY.get().name, object_name, remote_id))
            elif self.capabilities.of(object_name).precondition == "etag":
                continue
            else:
                seen = self._seen.get((object_name, remote_id))
            if seen is not None:
                self._overwritten(object_name, remote_id, seen, before[remote_id], after[remote_id])


def _shown(object_name: str, op: WriteOp) -> str:
    values = " ".join(f"{name}={value}" for name, value in op.fields.items())
    return f"{op.kind} {object_name} {op.remote_id or ''} {values}".replace("  ", " ")
