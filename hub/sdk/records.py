"""The shapes in which a connector hands over remote data and takes writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from hub.sdk.errors import RemoteError

# JSON as the vendor sent it: str, bool, int, Decimal, None, list, dict; never float. The one place for `Any`.
JsonValue = Any
RemoteFields = Mapping[str, JsonValue]


class RemoteRecord(Struct, frozen=True):
    """One record as the vendor sent it.

    `fields` holds only what the vendor returned: an absent key is *absent*, a None is *null*. Numbers are int or
    Decimal, never float. `version` is the strongest version token the API has (etag, stamp), None where it has none.
    `modified_at` and `modified_by` say when and by whom it was last changed there, as far as the vendor tells: a name
    for people to read, the vendor's id of the user where a name would cost a call. None where no user is known.
    `id` is the vendor's id in its canonical form; when the vendor answers an old id with a merged record, `id` is the
    survivor's and `requested_id` the one that was asked for.
    """

    id: str
    fields: dict[str, JsonValue]
    version: str | None = None
    modified_at: datetime | None = None
    requested_id: str | None = None
    modified_by: str | None = None


class Deletion(Struct, frozen=True):
    """A remote record that is no longer there.

    `kind`: `deleted` (can come back under the same id), `purged` (gone for good), `merged` (see `merged_into`),
    `converted` (it lives on as records of other objects: `became` names them, object and id, the weightiest first; what
    it held at last may stand in `last`, and is taken over before its link ends).
    `source` says how we know: `tombstone`, `webhook`, `probe` or `scan`.
    """

    id: str
    kind: Literal["deleted", "purged", "merged", "converted"] = "deleted"
    merged_into: str | None = None
    at: datetime | None = None
    source: Literal["tombstone", "webhook", "probe", "scan"] = "tombstone"
    became: tuple[tuple[str, str], ...] = ()
    last: RemoteRecord | None = None


class ReadQuery(Struct, frozen=True):
    """What to read of one object: `fields` are remote field names or dotted paths, `where` is vendor language."""

    object: str
    fields: tuple[str, ...]
    where: str | None = None
    page_size: int | None = None


class Page(Struct, frozen=True):
    """One page of changes.

    `cursor` is the point to resume from once this page is stored (opaque text of the connector). `done` says that
    nothing more is there now; the same cursor is then where the next run begins, the connector's own overlap
    included. `complete_scan` is True on the last page of a read that began without a cursor and provably saw every
    record of the object. `reread` counts records of this page that lie inside the overlap window.
    """

    records: Sequence[RemoteRecord]
    cursor: str
    done: bool
    deletions: Sequence[Deletion] = ()
    complete_scan: bool = False
    reread: int = 0


class Slice(Struct, frozen=True):
    """`count` records of an object bear a modification stamp from `since` on and before `until`."""

    since: datetime
    until: datetime
    count: int


class ReadResult(Struct, frozen=True):
    """Answer to a read by ids: each id asked for is in exactly one of the two lists."""

    records: Sequence[RemoteRecord]
    deletions: Sequence[Deletion]


class WriteOp(Struct, frozen=True):
    """One write. The engine sends ops of one kind and one object in one batch.

    create  `key` = (unique field, hub key): the connector sets it, and upserts by it where the API can
    update  `remote_id`; `fields` holds changed fields only; a None value clears the field
    delete  `remote_id`

    `precondition` is the version token to hold the write to, where the API can. `partition` groups rows that share a
    parent (rows of one partition should travel together). `idempotency_key` stays the same over all tries. `initial`
    names fields of a create that are left out where an earlier try has made the record already: they are other
    people's by then.
    """

    kind: Literal["create", "update", "delete"]
    fields: dict[str, JsonValue]
    idempotency_key: str
    remote_id: str | None = None
    key: tuple[str, str] | None = None
    precondition: str | None = None
    partition: str | None = None
    initial: frozenset[str] = frozenset()


class Written(Struct, frozen=True):
    """A write that happened. `version` is the new version token when the answer held it."""

    remote_id: str
    created: bool = False
    version: str | None = None


# Per row: what happened, or the error that says what comes next.
WriteOutcome = Written | RemoteError


class WebhookRequest(Struct, frozen=True):
    """A delivery as it reached the public address. Header names are lower-case; `url` is the public URL."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes


class WebhookEvent(Struct, frozen=True):
    """A hint that a remote record may have changed; the hub re-reads it.

    `event_id` is unique enough to drop doubled deliveries (made from the content where the vendor's is not unique).
    """

    event_id: str
    object: str
    remote_id: str
    kind: Literal["changed", "deleted", "merged", "restored"] = "changed"
    occurred_at: datetime | None = None
    merged_into: str | None = None
