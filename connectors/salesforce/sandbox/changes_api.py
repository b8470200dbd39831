"""Changes by time window (`/updated`, `/deleted`) and a long-polling stub of the change-event channels."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from connectors.salesforce.sandbox.calls import Answer, Call, VendorError
from connectors.salesforce.sandbox.feed import RETENTION, Numbered
from connectors.salesforce.sandbox.org import Org, route
from connectors.salesforce.stamps import format_stamp, parse_stamp
from hub.sdk.sandbox import StoredRecord

MAX_IDS = 600_000
_WINDOW = timedelta(days=30)
_BIN = timedelta(days=15)
_EVENT_KINDS = {"create": "CREATE", "update": "UPDATE", "delete": "DELETE", "undelete": "UNDELETE", "merge": "DELETE"}


def updated(org: Org, call: Call, name: str) -> Answer:
    kind = org.schema.get(name)
    start, end = _window(org, call)
    found = [record.id for record in _between(org, kind.name, start, end) if record.live]
    return Answer(200, {"ids": found, "latestDateCovered": format_stamp(_covered(org, end))})


def deleted(org: Org, call: Call, name: str) -> Answer:
    kind = org.schema.get(name)
    start, end = _window(org, call)
    earliest = org.clock.now() - _BIN
    if org.faults.take("retention_passed", call.name) or start < earliest:
        raise VendorError("INVALID_REPLICATION_DATE", f"startDate before org's replication date: {earliest}")
    rows = [
        {"id": record.id, "deletedDate": format_stamp(record.modified_at)}
        for record in _between(org, kind.name, start, end)
        if not record.live
    ]
    body = {
        "deletedRecords": rows,
        "earliestDateAvailable": format_stamp(earliest),
        "latestDateCovered": format_stamp(_covered(org, end)),
    }
    return Answer(200, body)


def events(org: Org, call: Call, channel: str) -> Answer:
    """Change events after `replayId` (-1: from now on, -2: all retained) of `ChangeEvents` or one object's channel.

    With `wait` (seconds) a subscriber that is up to date is held until something happens.
    """
    name = None if channel == "ChangeEvents" else _object_of(org, channel)
    asked = int(call.params.get("replayId", "-1"))
    replay_id = {-1: org.feed.last_replay_id, -2: 0}.get(asked, asked)
    if asked > 0 and org.feed.lost(replay_id):
        raise VendorError("INVALID_REPLAY_ID", f"The replay id {asked} is older than {RETENTION}")
    shown = [_event(org, call, numbered) for numbered in org.feed.since(replay_id, name)]
    if org.faults.take("gap_overflow", call.name):
        shown = [_gap(org, name or "Account")]
    return Answer(200, {"events": shown, "latestReplayId": org.feed.last_replay_id})


def _object_of(org: Org, channel: str) -> str:
    for kind in org.schema.types.values():
        if channel == re.sub("__c$", "__", kind.name) + "ChangeEvent":
            return kind.name
    raise VendorError("NOT_FOUND", f"The channel {channel} does not exist", status=404)


def _event(org: Org, call: Call, numbered: Numbered) -> dict[str, Any]:
    change = numbered.change
    origin = "" if change.by == "human" else f"com/salesforce/api/rest/{call.version[1:]};client={change.by}"
    wildcard = org.faults.take("wildcard_ids", call.name)
    header = {
        "entityName": change.object,
        "recordIds": [f"{change.id[:3]}*"] if wildcard else [change.id],
        "changeType": _EVENT_KINDS[change.kind],
        "changeOrigin": origin,
        "transactionKey": f"{numbered.replay_id:08x}",
        "sequenceNumber": 1,
        "commitTimestamp": int(change.at.timestamp() * 1000),
        "commitNumber": numbered.replay_id,
        "changedFields": list(change.fields) if change.kind == "update" else [],
        "nulledFields": [],
        "diffFields": [],
    }
    record = org.records.seen(change.object, change.id)
    payload = {
        name: record.fields.get(name) for name in change.fields if record and change.kind in ("create", "update")
    }
    return {"replayId": numbered.replay_id, "payload": {"ChangeEventHeader": header} | payload}


def _gap(org: Org, name: str) -> dict[str, Any]:
    header = {"entityName": name, "recordIds": ["000000000000000AAA"], "changeType": "GAP_OVERFLOW"}
    return {"replayId": org.feed.last_replay_id, "payload": {"ChangeEventHeader": header}}


def _window(org: Org, call: Call) -> tuple[datetime, datetime]:
    try:
        start, end = (parse_stamp(call.params[name]).replace(second=0, microsecond=0) for name in ("start", "end"))
    except (KeyError, ValueError) as exc:
        raise VendorError("INVALID_REPLICATION_DATE", "start and end must be times with a zone") from exc
    if end - start < timedelta(minutes=1):
        raise VendorError("INVALID_REPLICATION_DATE", "end must be at least one minute after start")
    if org.clock.now() - start > _WINDOW:
        raise VendorError("INVALID_REPLICATION_DATE", "start can be at most 30 days in the past")
    return start, end


def _between(org: Org, name: str, start: datetime, end: datetime) -> list[StoredRecord]:
    found = [record for record in org.records.by_stamp(name, start) if record.modified_at < end]
    if len(found) > MAX_IDS:
        raise VendorError("EXCEEDED_ID_LIMIT", f"more than {MAX_IDS} ids in the window")
    return found


def _covered(org: Org, end: datetime) -> datetime:
    stands_still = org.faults.get("latest_date_covered")
    if stands_still:
        return parse_stamp(str(stands_still))
    return min(end, org.clock.now())


ROUTES = [
    route("GET", "/sobjects/{name}/updated", updated),
    route("GET", "/sobjects/{name}/deleted", deleted),
    route("GET", "/events/{channel}", events),
]
