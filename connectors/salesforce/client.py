"""An open Salesforce connection: its capabilities, each kept by one module."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from msgspec.structs import replace
from pydantic import BaseModel

from connectors.salesforce import callouts, counting, describe, lookup
from connectors.salesforce.changes import OVERLAP, ChangeReader
from connectors.salesforce.conditional import CONDITIONAL_ROWS
from connectors.salesforce.fields import readable
from connectors.salesforce.lookup import RETRIEVE_IDS
from connectors.salesforce.owners import Owners
from connectors.salesforce.partnering import Partners
from connectors.salesforce.rest import Rest
from connectors.salesforce.settings import SalesforceSettings, secret_text
from connectors.salesforce.soql import merges
from connectors.salesforce.stamps import STAMP_RESOLUTION, parse_stamp
from connectors.salesforce.write import BULK_ABOVE, ROWS, Writer
from hub.sdk.capabilities import Account, Capabilities, Limit, ObjectCapabilities, RemoteObject
from hub.sdk.connector import ConnectorContext
from hub.sdk.errors import Unavailable
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

BULK_ROWS = 10_000


class Salesforce:
    """One org. Implements Checks, Describes, Reads, CountsByStamp, FindsByKey, Writes and ReceivesWebhooks."""

    stamp_resolution = STAMP_RESOLUTION

    def __init__(self, settings: SalesforceSettings, context: ConnectorContext) -> None:
        self._settings = settings
        self._context = context
        self._rest = Rest(settings=settings, context=context)
        self._changes = ChangeReader(self._rest)
        self._writer = Writer(
            self._rest,
            owners=Owners(self._rest, fallback=settings.fallback_owner),
            partners=Partners(self._rest, role=settings.partner_role),
        )
        self._capabilities = _capabilities(callouts=settings.webhook_secret is not None)

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    async def check(self) -> Account:
        """Sign in, name the org, and see what is left of the day's quota."""
        reply = await self._rest.get("/query", params={"q": "SELECT Id, Name FROM Organization LIMIT 1"})
        rows = reply.rows()
        if not rows:
            raise Unavailable("Salesforce does not name the organization of this session.")
        return Account(id=str(rows[0]["Id"]), name=str(rows[0]["Name"]), notes=await self._quota())

    async def _quota(self) -> tuple[str, ...]:
        day = (await self._rest.get("/limits")).member("DailyApiRequests", dict)
        return (f"{day.get('Remaining')} of {day.get('Max')} API requests are left today.",)

    async def objects(self) -> Sequence[str]:
        return await describe.object_names(self._rest)

    async def describe(self, object_name: str) -> RemoteObject:
        return await describe.describe(self._rest, object_name)

    async def read_page(self, query: ReadQuery, cursor: str | None) -> Page:
        return await self._changes.read_page(_readable(query), cursor)

    async def read_many(self, object_name: str, ids: Sequence[str], fields: tuple[str, ...]) -> ReadResult:
        return await lookup.read_many(self._rest, object_name, ids, readable(fields))

    def stamp_of(self, version: str) -> datetime | None:
        try:
            return parse_stamp(version)
        except ValueError:
            return None

    async def count_by_stamp(self, query: ReadQuery, bounds: Sequence[datetime]) -> Sequence[Slice]:
        return await counting.count_by_stamp(self._rest, query, bounds)

    def read_slices(self, query: ReadQuery, slices: Sequence[Slice]) -> AsyncIterator[ReadResult]:
        return counting.read_slices(self._rest, _readable(query), slices)

    async def find_by_key(
        self, object_name: str, key_field: str, values: Sequence[str], fields: tuple[str, ...]
    ) -> Sequence[RemoteRecord]:
        return await lookup.find_by_key(self._rest, object_name, key_field, values, readable(fields))

    async def write(self, object_name: str, ops: Sequence[WriteOp]) -> Sequence[WriteOutcome]:
        return await self._writer.write(object_name, ops)

    def verify_webhook(self, request: WebhookRequest) -> None:
        callouts.verify(request, secret=secret_text(self._settings.webhook_secret), now=self._context.clock.now())

    def parse_webhook(self, request: WebhookRequest) -> Sequence[WebhookEvent]:
        return callouts.parse(request)


def open_salesforce(settings: BaseModel, context: ConnectorContext) -> Salesforce:
    """The connection of these settings; no call is made yet."""
    assert isinstance(settings, SalesforceSettings)
    return Salesforce(settings, context)


def _readable(query: ReadQuery) -> ReadQuery:
    return replace(query, fields=readable(query.fields))


def _capabilities(*, callouts: bool) -> Capabilities:
    return Capabilities(
        default=_object(""),
        objects={
            "Account": _object("Account"),
            "Contact": _object("Contact"),
            "Lead": _object("Lead"),
            # It can be created and deleted, not changed, and has no field for a key.
            # https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_partner.htm
            "Partner": ObjectCapabilities(
                create_batch=ROWS, delete_batch=ROWS, read_batch=RETRIEVE_IDS, deletions="tombstone"
            ),
            "User": ObjectCapabilities(read_batch=RETRIEVE_IDS, writable=False),
        },
        limits=(Limit("daily", 100_000, per_seconds=86_400, rolling=True), Limit("concurrency", 25)),
        overlap=OVERLAP,
        webhooks=callouts,
    )


# System fields: https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/system_fields.htm
_RECORD_STAMPS = frozenset(
    {"CreatedDate", "LastModifiedDate", "SystemModstamp", "LastActivityDate", "LastViewedDate", "LastReferencedDate"}
)


def _object(name: str) -> ObjectCapabilities:
    return ObjectCapabilities(
        create_batch=ROWS,
        update_batch=ROWS,
        delete_batch=ROWS,
        read_batch=RETRIEVE_IDS,
        bulk_above=BULK_ABOVE,
        bulk_batch=BULK_ROWS,
        upsert=True,
        precondition="modified_since",
        precondition_batch=CONDITIONAL_ROWS,
        deletions="tombstone",
        merges="redirect" if merges(name) else "none",
        record_stamps=_RECORD_STAMPS,
    )
