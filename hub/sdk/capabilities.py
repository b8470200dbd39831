"""What a connector can do, as small Protocols, and what its API can really keep, as data.

A connector object implements the Protocols it can keep and no others; the engine asks with `isinstance`.
All methods raise only `hub.sdk.errors.RemoteError`s.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol, runtime_checkable

from hub.sdk.records import (
    Page,
    ReadQuery,
    ReadResult,
    RemoteRecord,
    Slice,
    WebhookEvent,
    WebhookRequest,
    WriteOp,
    WriteOutcome,
)


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit of the vendor: `amount` requests `per_seconds` (burst, daily) or at a time (concurrency).

    `pool` names requests that are counted apart (a search endpoint, say); the empty pool is everything else. A daily
    limit begins anew at midnight UTC, or (`rolling`) counts the last `per_seconds` at any moment.
    """

    kind: Literal["burst", "daily", "concurrency"]
    amount: int
    per_seconds: float = 0
    pool: str = ""
    rolling: bool = False


@dataclass(frozen=True, slots=True)
class ObjectCapabilities:
    """What the API keeps for one object; the engine plans by it.

    `create_batch`/`update_batch`/`delete_batch`: rows a request, 1 = single writes. `bulk_above`: rows from which the
    connector switches to a bulk job by itself (the engine then hands over up to `bulk_batch` rows at once).
    `read_batch`: ids a read-by-id request takes. `upsert`: creates are upserts by the key field, so a repeated create
    is harmless. `precondition`: what guards an update; `none` makes the engine read and compare first.
    `precondition_batch`: the largest update batch in which the precondition is honoured per row.
    `find_lag`: how long a new record may be invisible to `find_by_key`. `read_lag`: by how much `read_page` may show
    an older state than the one that is there (a search index); `read_many` never does. `record_stamps`: fields with a
    moment of the record as a whole (made, modified, viewed): they do not tell when one field was changed.
    """

    create_batch: int = 1
    update_batch: int = 1
    delete_batch: int = 1
    read_batch: int = 1
    bulk_above: int | None = None
    bulk_batch: int | None = None
    upsert: bool = False
    precondition: Literal["etag", "modified_since", "none"] = "none"
    precondition_batch: int = 1
    deletions: Literal["tombstone", "scan", "none"] = "none"
    merges: Literal["redirect", "new_id", "none"] = "none"
    find_lag: timedelta = timedelta(0)
    read_lag: timedelta = timedelta(0)
    record_stamps: frozenset[str] = frozenset()
    writable: bool = True


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one connection can do. `overlap` is re-read at the start of each incremental run."""

    default: ObjectCapabilities
    objects: dict[str, ObjectCapabilities] = field(default_factory=dict)
    limits: tuple[Limit, ...] = ()
    overlap: timedelta = timedelta(minutes=10)
    webhooks: bool = False

    def of(self, object_name: str) -> ObjectCapabilities:
        return self.objects.get(object_name, self.default)


@dataclass(frozen=True, slots=True)
class Account:
    """Who answered a connection check. `id` names the remote account: budgets and echo filters hang on it."""

    id: str
    name: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RemoteField:
    """One described field. `type` is one of text, number, money, bool, date, datetime, picklist, multipicklist,
    reference, other; `values` the allowed picklist values; `references` the objects a reference may point to."""

    name: str
    type: str
    label: str = ""
    writable: bool = True
    nullable: bool = True
    unique: bool = False
    max_length: int | None = None
    values: tuple[str, ...] = ()
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RemoteObject:
    """One described object: its fields by name."""

    name: str
    label: str
    fields: dict[str, RemoteField]


@runtime_checkable
class Checks(Protocol):
    async def check(self) -> Account:
        """Prove that credentials, scopes and reachability are good; AuthFailed names what is missing."""
        ...


@runtime_checkable
class Describes(Protocol):
    async def objects(self) -> Sequence[str]:
        """Names of the objects that can be synced."""
        ...

    async def describe(self, object_name: str) -> RemoteObject:
        """The object's fields as they are now; RecordRejected when there is no such object."""
        ...


@runtime_checkable
class Reads(Protocol):
    async def read_page(self, query: ReadQuery, cursor: str | None) -> Page:
        """The next page of changes after `cursor` (None: from the beginning, all records).

        Pages are ordered so that resuming from `Page.cursor` neither skips nor loops, also when every record shares
        one timestamp. The overlap window is applied by the connector when it resumes from a `done` cursor.
        """
        ...

    async def read_many(self, object_name: str, ids: Sequence[str], fields: tuple[str, ...]) -> ReadResult:
        """Read records by id with the strongest consistency the API has; any number of ids."""
        ...


@runtime_checkable
class CountsByStamp(Protocol):
    """An API that counts records by modification stamp for far fewer requests than it takes to read them.

    `stamp_resolution`: stamps that differ at all differ by at least so much.
    """

    stamp_resolution: timedelta

    def stamp_of(self, version: str) -> datetime | None:
        """The modification stamp within a version token; None when there is none."""
        ...

    async def count_by_stamp(self, query: ReadQuery, bounds: Sequence[datetime]) -> Sequence[Slice]:
        """How many records there are from `bounds[0]` on and before `bounds[-1]`, slice by slice, in order.

        A time that no slice covers holds no record. `bounds` (ascending, whole hours but for the first and the last)
        are where the hub would cut: an API that counts range by range cuts there, one that groups by itself may cut
        finer. No slice crosses a bound.
        """
        ...

    def read_slices(self, query: ReadQuery, slices: Sequence[Slice]) -> AsyncIterator[ReadResult]:
        """Every record whose stamp lies in one of the slices, page by page, and the deletions made at those times
        where the API tells of them by time."""
        ...


@runtime_checkable
class FindsByKey(Protocol):
    async def find_by_key(
        self, object_name: str, key_field: str, values: Sequence[str], fields: tuple[str, ...]
    ) -> Sequence[RemoteRecord]:
        """Records whose unique `key_field` holds one of `values`: how a lost create is verified."""
        ...


@runtime_checkable
class Writes(Protocol):
    async def write(self, object_name: str, ops: Sequence[WriteOp]) -> Sequence[WriteOutcome]:
        """Do the writes of one kind (at most the declared batch) and answer per row, in the order given.

        An error of the whole call (auth, throttle, transport) is raised; after OutcomeUnknown no row's fate is known.
        """
        ...


@runtime_checkable
class ReceivesWebhooks(Protocol):
    def verify_webhook(self, request: WebhookRequest) -> None:
        """Raise AuthFailed unless the signature proves the sender; constant-time comparison."""
        ...

    def parse_webhook(self, request: WebhookRequest) -> Sequence[WebhookEvent]:
        """The events of a verified request; RecordRejected when it cannot be read."""
        ...


@runtime_checkable
class Closes(Protocol):
    async def close(self) -> None:
        """Give back connections and threads."""
        ...
