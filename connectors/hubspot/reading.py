"""Reading changes: a full scan first, then what search shows as modified, then what was archived.

The scan takes the list endpoint: complete, strongly consistent, ordered by id. Later runs search by the last-modified
stamp and re-anchor at every page, so that neither the window of 10,000 results nor records that move while the run is
under way cost a change: https://developers.hubspot.com/docs/api-reference/latest/crm/search-the-crm
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from connectors.hubspot.api import SEARCH_POOL, Answer, Api
from connectors.hubspot.records import (
    archive_deletion,
    asked_properties,
    merge_deletions,
    modified_property,
    to_record,
)
from connectors.hubspot.stamps import from_millis, parse_stamp, to_millis
from connectors.hubspot.where import filter_groups
from connectors.hubspot.words import Words
from hub.sdk.clock import Clock
from hub.sdk.errors import CursorExpired, RateLimited, RecordRejected, Unavailable
from hub.sdk.records import Page, ReadQuery, RemoteRecord, Slice

# Search takes "moments" to show a change; archived and merged records are found by the same window.
OVERLAP = timedelta(minutes=5)
_LIST_LIMIT = 100
_SEARCH_LIMIT = 200
# A page is put together from several answers, so that one request for associations serves them all.
_PAGE = 1000

Json = dict[str, Any]


class Cursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a read stands; times are epoch milliseconds.

    `phase`: `scan` (all records), `changes`, `archive`, and `idle` between runs. `since` is where the run's changes
    begin, `started` when it began by the server's clock: there the next one begins. `after` is the list's own token,
    or the last id of a search by id. `anchor` is the stamp from which `changes` goes on; with `tie`, only records of
    exactly that stamp and with a greater id are left of it.
    """

    phase: Literal["scan", "changes", "archive", "idle"]
    since: int = 0
    started: int | None = None
    after: str | None = None
    anchor: int = 0
    tie: str | None = None


# Rows of one answer, and where to go on from there.
_Step = tuple[list[Json], Cursor]


class Reading:
    """Pages of changes of one account."""

    def __init__(self, *, api: Api, words: Words, clock: Clock) -> None:
        self._api = api
        self._words = words
        self._clock = clock

    async def page(self, query: ReadQuery, cursor: str | None) -> Page:
        at = _begin(cursor)
        if at.phase == "archive":
            return await self._archived(query, at)
        rows, following = await self._gather(query, at)
        if following.phase == "archive":
            return await self._last_changes(query, rows, following)
        done = following.phase == "idle"
        return await self._page(query, at, rows, following, done=done, complete_scan=done and query.where is None)

    async def count(self, query: ReadQuery, since: datetime, until: datetime) -> int:
        """How many records search shows as modified from `since` on and before `until`."""
        stamp = modified_property(query.object)
        span = [_filter(stamp, "GTE", to_millis(since)), _filter(stamp, "LT", to_millis(until))]
        answer = await self._search(ReadQuery(query.object, (), query.where), span, sort=stamp, limit=1)
        return int(answer.body["total"])

    async def slice(self, query: ReadQuery, one: Slice) -> AsyncIterator[Sequence[RemoteRecord]]:
        """The records of a slice; what lies behind its end costs one answer at the most."""
        at = Cursor("changes", since=to_millis(one.since), anchor=to_millis(one.since))
        end = to_millis(one.until)
        while at.phase == "changes" and at.anchor < end:
            rows, at = await self._searched(query, at, _SEARCH_LIMIT)
            found = [to_record(query.object, row, query.fields) for row in rows if _stamp_of(query, row) < end]
            yield await self._words.completed(query.object, found, query.fields)

    async def _gather(self, query: ReadQuery, at: Cursor) -> _Step:
        """The rows of one page: as many requests as fit into it, up to the end of the phase."""
        size = query.page_size or _PAGE
        by_list = at.phase == "scan" and query.where is None
        step, limit = (self._listed, _LIST_LIMIT) if by_list else (self._searched, _SEARCH_LIMIT)
        limit, phase = min(limit, size), at.phase
        rows: list[Json] = []
        while at.phase == phase and size - len(rows) >= limit:
            try:
                found, at = await step(query, at, limit)
            except (RateLimited, Unavailable):
                if not rows:
                    raise
                break  # what was read is handed over; the next page's first request meets the error itself
            rows += found
        return rows, at

    async def _listed(self, query: ReadQuery, at: Cursor, limit: int) -> _Step:
        answer = await self._list(query, at.after, limit, archived=False)
        at = msgspec.structs.replace(at, after=_next(answer), started=self._started(at, answer))
        return answer.body["results"], at if at.after is not None else _idle(at)

    async def _searched(self, query: ReadQuery, at: Cursor, limit: int) -> _Step:
        if at.phase == "scan":
            return await self._scope(query, at, limit)
        return await (self._changed(query, at, limit) if at.tie is None else self._same_stamp(query, at, limit))

    async def _scope(self, query: ReadQuery, at: Cursor, limit: int) -> _Step:
        """A scan of the records that `where` selects: by id, and as complete as the index (the overlap repairs it)."""
        filters = [_filter("hs_object_id", "GT", at.after)] if at.after else []
        answer = await self._search(query, filters, sort="hs_object_id", limit=limit)
        rows = answer.body["results"]
        at = msgspec.structs.replace(at, started=self._started(at, answer))
        return rows, _idle(at) if _next(answer) is None else msgspec.structs.replace(at, after=str(rows[-1]["id"]))

    async def _changed(self, query: ReadQuery, at: Cursor, limit: int) -> _Step:
        stamp = modified_property(query.object)
        answer = await self._search(query, [_filter(stamp, "GTE", at.anchor)], sort=stamp, limit=limit)
        at = msgspec.structs.replace(at, started=self._started(at, answer))
        rows = answer.body["results"]
        if _next(answer) is None:
            return rows, msgspec.structs.replace(at, phase="archive")
        last = _stamp_of(query, rows[-1])
        # Records of the last stamp may go on beyond this answer: they are read again from there, all together.
        whole = [row for row in rows if _stamp_of(query, row) != last]
        return whole, msgspec.structs.replace(at, anchor=last, tie=None if whole else "0")

    async def _same_stamp(self, query: ReadQuery, at: Cursor, limit: int) -> _Step:
        """Records that share one stamp, by id: any number of them."""
        exactly = _filter(modified_property(query.object), "EQ", at.anchor)
        filters = [exactly, _filter("hs_object_id", "GT", at.tie)]
        answer = await self._search(query, filters, sort="hs_object_id", limit=limit)
        rows = answer.body["results"]
        if _next(answer) is None:
            return rows, msgspec.structs.replace(at, anchor=at.anchor + 1, tie=None)
        return rows, msgspec.structs.replace(at, tie=str(rows[-1]["id"]))

    async def _last_changes(self, query: ReadQuery, rows: Sequence[Json], at: Cursor) -> Page:
        """The last page of changes, together with the first of what was archived: a quiet run is one page."""
        archived = await self._archived(query, at)
        page = await self._page(query, at, rows, at, done=archived.done)
        return msgspec.structs.replace(page, cursor=archived.cursor, deletions=[*page.deletions, *archived.deletions])

    async def _archived(self, query: ReadQuery, at: Cursor) -> Page:
        """What was archived since the last run: archived records are not searchable, and the list has no filter."""
        answer = await self._list(query, at.after, _LIST_LIMIT, archived=True)
        since = from_millis(_with_overlap(at.since))
        rows = [row for row in answer.body["results"] if not _before(parse_stamp(row.get("archivedAt")), since)]
        # A record may have been merged and its survivor archived since the last run: both are told.
        deletions = [*merge_deletions(rows), *(archive_deletion(row) for row in rows)]
        at = msgspec.structs.replace(at, after=_next(answer))
        done = at.after is None
        return Page([], _encode(_idle(at) if done else at), done, deletions)

    async def _page(
        self,
        query: ReadQuery,
        at: Cursor,
        rows: Sequence[Json],
        following: Cursor,
        *,
        done: bool,
        complete_scan: bool = False,
    ) -> Page:
        """The page that was read at `at`; a record that changed while it was gathered is in it once, as seen last."""
        last = list({str(row["id"]): row for row in rows}.values())
        records = [to_record(query.object, row, query.fields) for row in last]
        since = from_millis(at.since)
        reread = sum(_before(record.modified_at, since) for record in records)
        found = await self._words.completed(query.object, records, query.fields)
        return Page(found, _encode(following), done, merge_deletions(last), complete_scan, reread)

    async def _list(self, query: ReadQuery, after: str | None, limit: int, *, archived: bool) -> Answer:
        params: Json = {"limit": limit, "archived": "true" if archived else "false"}
        params["properties"] = ",".join(asked_properties(query.object, () if archived else query.fields))
        if after is None:
            return await self._api.get(self._path(query), params)
        try:
            return await self._api.get(self._path(query), {**params, "after": after})
        except RecordRejected as exc:
            # The same request without the token was good: it is the token that is refused.
            message = "HubSpot no longer takes the paging token of an interrupted read."
            raise CursorExpired(message, code=exc.code, status=exc.status) from exc

    async def _search(self, query: ReadQuery, filters: Sequence[Json], *, sort: str, limit: int) -> Answer:
        body = {
            "filterGroups": filter_groups(query.where, filters),
            "sorts": [{"propertyName": sort, "direction": "ASCENDING"}],
            "properties": asked_properties(query.object, query.fields),
            "limit": limit,
        }
        return await self._api.read(f"{self._path(query)}/search", body, pool=SEARCH_POOL)

    def _path(self, query: ReadQuery) -> str:
        return f"{self._api.paths.objects}/{query.object}"

    def _started(self, at: Cursor, answer: Answer) -> int:
        """When the run began: by the server's clock, which its stamps are taken from, or else by ours."""
        return at.started if at.started is not None else to_millis(answer.server_time or self._clock.now())


def _begin(cursor: str | None) -> Cursor:
    if cursor is None:
        return Cursor("scan")
    try:
        at = msgspec.json.decode(cursor, type=Cursor)
    except msgspec.MsgspecError as exc:
        raise CursorExpired("The stored cursor cannot be read; the object is read again in full.") from exc
    if at.phase != "idle":
        return at
    return Cursor("changes", since=at.since, anchor=_with_overlap(at.since))


def _idle(at: Cursor) -> Cursor:
    return Cursor("idle", since=at.started if at.started is not None else at.since)


def _encode(at: Cursor) -> str:
    return msgspec.json.encode(at).decode()


def _with_overlap(since: int) -> int:
    return max(0, since - int(OVERLAP.total_seconds() * 1000))


def _next(answer: Answer) -> str | None:
    """The paging token; `paging` missing and `after` missing both mean the end."""
    after = ((answer.body.get("paging") or {}).get("next") or {}).get("after")
    return None if after is None else str(after)


def _stamp_of(query: ReadQuery, row: Json) -> int:
    properties = row.get("properties")
    text = properties.get(modified_property(query.object)) if isinstance(properties, dict) else None
    moment = parse_stamp(text) or parse_stamp(row.get("updatedAt"))
    assert moment is not None, "HubSpot's API description requires updatedAt"
    return to_millis(moment)


def _before(moment: datetime | None, limit: datetime) -> bool:
    return moment is not None and moment < limit


def _filter(name: str, operator: str, value: object) -> Json:
    return {"propertyName": name, "operator": operator, "value": str(value)}
