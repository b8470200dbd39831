"""An open connection to one HubSpot account."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from connectors.hubspot.api import SEARCH_POOL, Api
from connectors.hubspot.associations import Associations
from connectors.hubspot.describing import Describing
from connectors.hubspot.library import VendorLibrary
from connectors.hubspot.lookup import Lookup
from connectors.hubspot.owners import Owners
from connectors.hubspot.paths import API_VERSION, paths_of
from connectors.hubspot.reading import OVERLAP, Reading
from connectors.hubspot.resolving import Resolving
from connectors.hubspot.settings import OAUTH_BURST, TIERS, HubSpotSettings
from connectors.hubspot.stages import Stages
from connectors.hubspot.stamps import parse_stamp
from connectors.hubspot.webhooks import Webhooks
from connectors.hubspot.words import Words
from connectors.hubspot.writing import Writing
from hub.sdk.capabilities import Account, Capabilities, Limit, ObjectCapabilities, RemoteObject
from hub.sdk.connector import ConnectorContext
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

_CHECKED = ("companies", "contacts", "deals")
_OBJECT = ObjectCapabilities(
    create_batch=100,
    update_batch=100,
    delete_batch=100,
    read_batch=100,
    upsert=True,
    precondition="none",
    deletions="tombstone",
    merges="new_id",
    find_lag=timedelta(0),
    # Changes are read by search, whose index may be behind by "moments"; reads by id are not.
    read_lag=timedelta(minutes=1),
    record_stamps=frozenset({"createdate", "hs_createdate", "hs_lastmodifieddate", "lastmodifieddate"}),
)
# Notes and tasks are nothing that people could merge.
_ACTIVITIES = ("notes", "tasks")
_ACTIVITY = replace(_OBJECT, merges="none")
# Without a unique property they are found by search, whose index is behind.
_SEARCHED_ACTIVITY = replace(_ACTIVITY, upsert=False, find_lag=timedelta(minutes=2))


class HubSpotClient:
    """HubSpot's capabilities: checks, describes, reads, counts, finds by key, writes and receives webhooks."""

    stamp_resolution = timedelta(milliseconds=1)

    def __init__(self, settings: HubSpotSettings, context: ConnectorContext, *, version: str | None = None) -> None:
        self._settings = settings
        self._api = Api(settings=settings, context=context, paths=paths_of(version or API_VERSION))
        associations = Associations(self._api, context.clock)
        owners, stages = Owners(self._api, context.clock), Stages(self._api, context.clock)
        words = Words(associations=associations, owners=owners, stages=stages)
        self._describing = Describing(VendorLibrary(self._api))
        self._reading = Reading(api=self._api, words=words, clock=context.clock)
        self._searched = frozenset(_ACTIVITIES if settings.activity_keys == "searched" else ())
        self._lookup = Lookup(api=self._api, words=words, searched=self._searched)
        resolving = Resolving(lookup=self._lookup, owners=owners, stages=stages, fallback_owner=settings.fallback_owner)
        self._writing = Writing(api=self._api, associations=associations, resolving=resolving, searched=self._searched)
        self._webhooks = Webhooks(settings=settings, clock=context.clock)

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            default=_OBJECT,
            objects=dict.fromkeys(_ACTIVITIES, _SEARCHED_ACTIVITY if self._searched else _ACTIVITY),
            limits=_limits(self._settings),
            overlap=OVERLAP,
            webhooks=self._settings.webhook_secret is not None,
        )

    async def check(self) -> Account:
        """Ask who we are, and read one record of each object: a missing scope is named."""
        account = (await self._api.get(self._api.paths.account)).body
        for object_name in _CHECKED:
            await self._api.get(f"{self._api.paths.objects}/{object_name}", {"limit": 1})
        portal, zone = str(account["portalId"]), str(account.get("timeZone") or "")
        notes = [f"Currency {account['companyCurrency']}."] if account.get("companyCurrency") else []
        if zone and zone != self._settings.time_zone:
            notes.append(f"The account's time zone is {zone}: set time_zone to it, daily limits end at its midnight.")
        return Account(portal, f"HubSpot account {portal}", tuple(notes))

    async def objects(self) -> Sequence[str]:
        return await self._describing.objects()

    async def describe(self, object_name: str) -> RemoteObject:
        return await self._describing.describe(object_name)

    async def read_page(self, query: ReadQuery, cursor: str | None) -> Page:
        return await self._reading.page(query, cursor)

    async def read_many(self, object_name: str, ids: Sequence[str], fields: tuple[str, ...]) -> ReadResult:
        return await self._lookup.by_id(object_name, ids, fields)

    def stamp_of(self, version: str) -> datetime | None:
        return parse_stamp(version)

    async def count_by_stamp(self, query: ReadQuery, bounds: Sequence[datetime]) -> Sequence[Slice]:
        """One search a range: its total counts."""
        return [Slice(a, b, await self._reading.count(query, a, b)) for a, b in pairwise(bounds)]

    async def read_slices(self, query: ReadQuery, slices: Sequence[Slice]) -> AsyncIterator[ReadResult]:
        """Live records only: the list of what was archived has no filter by time."""
        for one in slices:
            async for records in self._reading.slice(query, one):
                yield ReadResult(records, ())

    async def find_by_key(
        self, object_name: str, key_field: str, values: Sequence[str], fields: tuple[str, ...]
    ) -> Sequence[RemoteRecord]:
        return await self._lookup.by_key(object_name, key_field, values, fields)

    async def write(self, object_name: str, ops: Sequence[WriteOp]) -> Sequence[WriteOutcome]:
        return await self._writing.write(object_name, ops)

    def verify_webhook(self, request: WebhookRequest) -> None:
        self._webhooks.verify(request)

    def parse_webhook(self, request: WebhookRequest) -> Sequence[WebhookEvent]:
        return self._webhooks.parse(request)


def _limits(settings: HubSpotSettings) -> tuple[Limit, ...]:
    """The account's request limits; searches are counted apart."""
    search = Limit("burst", 5, per_seconds=1, pool=SEARCH_POOL)
    if settings.auth == "oauth":
        return (Limit("burst", OAUTH_BURST, per_seconds=10), search)
    burst, daily = TIERS[settings.tier]
    return (Limit("burst", burst, per_seconds=10), Limit("daily", daily, per_seconds=86_400), search)
