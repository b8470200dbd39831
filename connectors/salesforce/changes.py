"""Reading an object page by page: a full scan first, then changes and deletions since the last run.

Salesforce stamps a row inside its transaction, and the row appears at commit: an incremental run therefore begins
`OVERLAP` before its watermark. A run pages by (SystemModstamp, Id); a query locator is used while it lives, and when it
has expired the run goes on from the last row it saw.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from connectors.salesforce.rest import Reply, Rest
from connectors.salesforce.rows import Row, record_maker, stamp_of, told_apart
from connectors.salesforce.soql import changes, columns
from hub.sdk.errors import CursorExpired, RecordRejected, Unavailable
from hub.sdk.records import Page, ReadQuery

OVERLAP = timedelta(seconds=600)
# Deleted rows stay in the recycle bin for 15 days; a watermark that is older has missed some.
RECYCLE_BIN = timedelta(days=15)
MAX_PAGE = 2000
MIN_BATCH = 200
# Rows a statement asks for: several pages, so that the platform plans one query for all of them.
STATEMENT_ROWS = 10_000


class Position(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A cursor. `watermark` None: a full scan.

    Inside a run: `started` is the org's time at its first page, `after` the last row surely passed. Of the statement
    that is being paged: `asked` is when it was sent, `begun` the row it began after, `left` the rows it may still give,
    `locator` its next page.
    """

    watermark: datetime | None = None
    started: datetime | None = None
    after: tuple[datetime, str] | None = None
    asked: datetime | None = None
    begun: tuple[datetime, str] | None = None
    left: int = 0
    locator: str | None = None


_decode = msgspec.json.Decoder(Position).decode
_encode = msgspec.json.Encoder().encode


class ChangeReader:
    """Pages of one connection; keeps no state but the cursor."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    async def read_page(self, query: ReadQuery, cursor: str | None) -> Page:
        position = Position() if cursor is None else _read_cursor(cursor)
        reply, statement = await self._fetch(query, position)
        rows = reply.rows()
        _refuse_old(query, position, reply.at)
        following = _advance(statement, rows, locator=reply.body.get("nextRecordsUrl"), at=reply.at)
        ended = following.locator is None
        exhausted = ended and following.left > 0
        if ended and not exhausted and following.after == following.begun:
            raise Unavailable("Salesforce sent rows without a readable SystemModstamp.")
        return _page(query, position, rows, following, done=exhausted)

    async def _fetch(self, query: ReadQuery, position: Position) -> tuple[Reply, Position]:
        """The next page, and the position as it was before it: inside a statement, or where a new one began."""
        limit, batch = _sizes(query)
        options = {"Sforce-Query-Options": f"batchSize={batch}"}
        if position.locator is not None:
            try:
                return await self._rest.get(position.locator, headers=options), position
            except RecordRejected as expired:
                if expired.code != "INVALID_QUERY_LOCATOR":
                    raise
        incremental = position.watermark is not None
        soql = changes(
            query.object,
            columns(query.object, query.fields, deletions=incremental),
            where=query.where,
            since=position.watermark - OVERLAP if position.watermark else None,
            after=position.after,
            limit=limit,
        )
        path = "/queryAll" if incremental else "/query"
        reply = await self._rest.get(path, params={"q": soql}, headers=options)
        return reply, replace(position, asked=reply.at, begun=position.after, left=limit)


def _sizes(query: ReadQuery) -> tuple[int, int]:
    """Rows a statement, rows a page. No batch is below 200: smaller pages are statements of their own."""
    size = min(query.page_size or MAX_PAGE, MAX_PAGE)
    return (size, MIN_BATCH) if size < MIN_BATCH else (STATEMENT_ROWS, size)


def _refuse_old(query: ReadQuery, position: Position, at: datetime | None) -> None:
    if position.started is None and position.watermark and at and at - position.watermark > RECYCLE_BIN:
        raise CursorExpired(
            f"{query.object} was last read on {position.watermark:%Y-%m-%d}; deletions since then have left "
            "Salesforce's recycle bin. It is read in full again."
        )


def _advance(statement: Position, rows: Sequence[Row], *, locator: str | None, at: datetime | None) -> Position:
    """The position after a page of `statement`."""
    after = _passed(rows, statement.asked) or statement.after
    if locator is None and after == statement.begun:
        after = _key(rows[-1]) if rows else after
    return replace(
        statement,
        started=statement.started or at or _oldest(rows),
        after=after,
        left=statement.left - len(rows),
        locator=locator,
    )


def _passed(rows: Sequence[Row], asked: datetime | None) -> tuple[datetime, str] | None:
    """The last row that the run has surely passed.

    Later pages of a locator may show rows as they are now; one that was changed after the query was sent stands at its
    old place with its new stamp. Going on from there would skip what lies between.
    """
    for row in reversed(rows):
        key = _key(row)
        if key is not None and (asked is None or key[0] <= asked):
            return key
    return None


def _key(row: Row) -> tuple[datetime, str] | None:
    stamp = stamp_of(row)
    return None if stamp is None else (stamp, str(row["Id"]))


def _oldest(rows: Sequence[Row]) -> datetime | None:
    return next((stamp for row in rows if (stamp := stamp_of(row)) is not None), None)


def _page(query: ReadQuery, position: Position, rows: Sequence[Row], following: Position, *, done: bool) -> Page:
    make = record_maker(query.fields)
    records, deletions = told_apart(rows, make)
    known = position.watermark
    return Page(
        records=records,
        deletions=deletions,
        cursor=_encode(_end(following) if done else following).decode(),
        done=done,
        complete_scan=done and known is None,
        reread=sum(record.modified_at is not None and record.modified_at <= known for record in records)
        if known
        else 0,
    )


def _end(run: Position) -> Position:
    """Where the next run begins: a full scan saw no deletions, so it counts from its start."""
    reached = run.started if run.watermark is None else (run.asked or (run.after[0] if run.after else None))
    times = [at for at in (run.watermark, reached) if at is not None]
    return Position(watermark=max(times, default=None))


def _read_cursor(cursor: str) -> Position:
    try:
        return _decode(cursor)
    except msgspec.DecodeError as exc:
        raise CursorExpired("The stored cursor cannot be read; the object is read in full again.") from exc
