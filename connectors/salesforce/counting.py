"""Counting by modification stamp: one aggregate query for the whole object, grouped by hour.

Date functions group in UTC unless convertTimezone() is used, and an aggregate query has 2,000 groups at the most:
https://developer.salesforce.com/docs/platform/salesforce-soql-sosl/guide/sforce-api-calls-soql-select-date-functions.html
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

from connectors.salesforce.rest import Reply, Rest
from connectors.salesforce.rows import Row, record_maker, told_apart
from connectors.salesforce.soql import columns, count_by_day, count_by_hour, in_slices
from hub.sdk.errors import Unavailable
from hub.sdk.records import ReadQuery, ReadResult, Slice

_MOST_GROUPS = 2000
# Conditions of one statement, far below the 100,000 characters that it may have and within an address.
_SLICES_A_STATEMENT = 60


async def count_by_stamp(rest: Rest, query: ReadQuery, bounds: Sequence[datetime]) -> list[Slice]:
    """Slices of an hour; of a day where there are more hours with changes than an aggregate query can have groups."""
    since, until = bounds[0], bounds[-1]
    rows = (await _ask(rest, count_by_hour(query.object, where=query.where, since=since, until=until))).member(
        "records", list
    )
    if len(rows) < _MOST_GROUPS:
        return _slices(rows, timedelta(hours=1), since, until)
    rows = (await _ask(rest, count_by_day(query.object, where=query.where, since=since, until=until))).member(
        "records", list
    )
    if len(rows) >= _MOST_GROUPS:
        raise Unavailable("Salesforce cannot count records that were changed on more than 2,000 different days.")
    return _slices(rows, timedelta(days=1), since, until)


async def read_slices(rest: Rest, query: ReadQuery, slices: Sequence[Slice]) -> AsyncIterator[ReadResult]:
    """Rows of the recycle bin bear the stamp of their deletion."""
    make = record_maker(query.fields)
    selected = columns(query.object, query.fields, deletions=True)
    for start in range(0, len(slices), _SLICES_A_STATEMENT):
        spans = [(s.since, s.until) for s in slices[start : start + _SLICES_A_STATEMENT]]
        statement = in_slices(query.object, selected, where=query.where, spans=spans)
        reply = await rest.get("/queryAll", params={"q": statement})
        while True:
            records, ended = told_apart(reply.rows(), make)
            yield ReadResult(records, ended)
            following = reply.body.get("nextRecordsUrl")
            if not following:
                break
            reply = await rest.get(str(following))


async def _ask(rest: Rest, statement: str) -> Reply:
    return await rest.get("/query", params={"q": statement})


def _slices(rows: Sequence[Row], width: timedelta, since: datetime, until: datetime) -> list[Slice]:
    found = []
    for row in rows:
        begin = datetime.fromisoformat(f"{row['day']}").replace(tzinfo=UTC) + timedelta(hours=int(row.get("hour") or 0))
        found.append(Slice(max(begin, since), min(begin + width, until), int(row["records"])))
    return sorted(found, key=lambda one: one.since)
