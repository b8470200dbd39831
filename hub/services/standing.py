"""Where a record stands with each system: linked or not, what is under way, and what blocks it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from hub.db import connections, departures, standing
from hub.db.connections import StoredConnection
from hub.db.session import Tx


@dataclass(frozen=True, slots=True)
class DepartureView:
    """How a link ended: `source` says how the hub knows, `at` since when, `remote_at` when it happened there.

    `policy` is what follows for the hub's record: `waiting` until `due_at`, `done`, or `cancelled` for a `reason`.
    """

    kind: str
    source: str
    at: datetime
    remote_at: datetime | None
    run_id: int | None
    into_object: str | None
    into_id: str | None
    policy: str
    state: str
    due_at: datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class LinkView:
    """A remote record that stands (or stood) for this one. The shadow was true at `as_of`; the object was last read to
    its end at `last_read_at`; `departure` tells how a link that is not live ended."""

    object: str
    remote_id: str
    state: str
    as_of: datetime
    last_read_at: datetime | None
    redirect_to: str | None
    waits_for: tuple[str, ...]
    departure: DepartureView | None


@dataclass(frozen=True, slots=True)
class OpenDelivery:
    """A write that has not come to its end."""

    id: int
    object: str
    op: str | None
    state: str
    attempts: int
    next_attempt_at: datetime
    error_class: str | None
    message: str | None
    hint: str | None


@dataclass(frozen=True, slots=True)
class SystemStanding:
    """One connection's view of the record. `blocked_by` is the first of `reasons`, None when all is in step."""

    connection: str
    system: str
    state: str
    links: tuple[LinkView, ...]
    deliveries: tuple[OpenDelivery, ...]
    conflicts: tuple[dict[str, Any], ...]
    reviews: tuple[dict[str, Any], ...]
    quarantined: tuple[dict[str, Any], ...]
    rereads: tuple[dict[str, Any], ...]
    reasons: tuple[str, ...]
    blocked_by: str | None


@dataclass(slots=True)
class Rows:
    """What the database knows of one record and one connection."""

    record_id: UUID
    connection: StoredConnection
    links: list[DictRow] = field(default_factory=list)
    deliveries: list[DictRow] = field(default_factory=list)
    conflicts: list[DictRow] = field(default_factory=list)
    reviews: list[DictRow] = field(default_factory=list)
    quarantined: list[DictRow] = field(default_factory=list)
    rereads: list[DictRow] = field(default_factory=list)
    departures: list[DictRow] = field(default_factory=list)
    drift: list[DictRow] = field(default_factory=list)
    rejected: list[DictRow] = field(default_factory=list)
    stops: list[DictRow] = field(default_factory=list)
    pulled: dict[str, datetime] = field(default_factory=dict)
    unplanned: bool = False

    def live(self, object_name: str) -> DictRow | None:
        return next((row for row in self.links if row["object"] == object_name and row["state"] == "live"), None)

    def departure(self, link: DictRow) -> DepartureView | None:
        """How a link ended; None for one that is live."""
        place = (link["object"], link["remote_id"])
        row = next((row for row in self.departures if (row["object"], row["remote_id"]) == place), None)
        return (
            None if row is None else DepartureView(**{name: row[name] for name in DepartureView.__dataclass_fields__})
        )


async def load_rows(tx: Tx, record_id: UUID) -> list[Rows]:
    """For every connection, in a fixed number of queries."""
    found = {stored.id: Rows(record_id, stored) for stored in await connections.all_of(tx)}
    for row in await standing.last_pulls(tx):
        if row["connection_id"] in found:
            found[row["connection_id"]].pulled[row["object"]] = row["finished_at"]
    for name, query in _QUERIES.items():
        for row in await query(tx, record_id):
            if row["connection_id"] in found:
                getattr(found[row["connection_id"]], name).append(row)
    for connection_id in await standing.unplanned(tx, record_id=record_id):
        if connection_id in found:
            found[connection_id].unplanned = True
    return list(found.values())


_QUERIES = {
    "links": standing.links,
    "deliveries": standing.open_deliveries,
    "conflicts": standing.open_conflicts,
    "reviews": standing.open_reviews,
    "quarantined": standing.quarantined,
    "rereads": standing.rereads,
    "departures": departures.of_record,
    "drift": standing.drift,
    "rejected": standing.rejected,
    "stops": standing.stops,
}


def standing_of(rows: Rows, *, now: datetime, further: Sequence[str] = ()) -> SystemStanding:
    """`further` are reasons that only the mapping knows; they come last."""
    reasons = (*_reasons(rows, now), *further)
    return SystemStanding(
        connection=rows.connection.name,
        system=rows.connection.system,
        state=rows.connection.state,
        links=tuple(
            LinkView(
                object=row["object"],
                remote_id=row["remote_id"],
                state=row["state"],
                as_of=row["as_of"],
                last_read_at=rows.pulled.get(row["object"]),
                redirect_to=row["redirect_to"],
                waits_for=tuple(row["waits_for"] or ()),
                departure=rows.departure(row),
            )
            for row in rows.links
        ),
        deliveries=tuple(
            OpenDelivery(**{name: row[name] for name in OpenDelivery.__dataclass_fields__}) for row in rows.deliveries
        ),
        conflicts=_shown(rows.conflicts, "id", "object", "field", "base", "ours", "theirs", "created_at"),
        reviews=_shown(rows.reviews, "id", "object", "remote_id", "record_id", "kind", "holds", "created_at"),
        quarantined=_shown(rows.quarantined, "object", "remote_id", "problems", "held", "at"),
        rereads=_shown(rows.rereads, "object", "remote_id", "reason", "attempts", "next_attempt_at"),
        reasons=reasons,
        blocked_by=reasons[0] if reasons else None,
    )


def _shown(rows: Sequence[DictRow], *names: str) -> tuple[dict[str, Any], ...]:
    return tuple({name: row[name] for name in names} for row in rows)


def _reasons(rows: Rows, now: datetime) -> list[str]:
    """Everything that is in the way, the one that stops most first."""
    return [
        *_connection_reasons(rows.connection, now),
        *(_delivery_reason(row) for row in sorted(rows.deliveries, key=_weight)),
        *(f"{row['object']}: {row['hint']}" for row in rows.rejected),
        *(
            f"Reading of {row['object']} is stopped by plan {row['plan_id']} ({row['state']}): partnerhub guards tells."
            for row in rows.stops
        ),
        *(f"The field {row['field']} is in conflict: decide conflict {row['id']}." for row in rows.conflicts),
        *(_quarantine_reason(row) for row in rows.quarantined),
        *_link_reasons(rows),
        *(_review_reason(row, rows.record_id) for row in rows.reviews),
        *(
            f"{row['file']}:{row['line']} {row['field']} does not fit {row['object']} any more: {row['message']}"
            for row in rows.drift
        ),
        *(f"{row['object']} {row['remote_id']} is to be read again: {row['reason']}." for row in rows.rereads),
    ]


def _connection_reasons(stored: StoredConnection, now: datetime) -> list[str]:
    if stored.state == "paused":
        return [f"The connection is paused ({_inner(stored.state_reason)}): correct the cause, then resume it."]
    if stored.rest_until is not None and stored.rest_until > now:
        until = stored.rest_until.isoformat(timespec="seconds")
        return [f"The system is left alone until {until}: {_inner(stored.rest_reason)}."]
    if stored.begun_at is None:
        return ["The connection waits for its first plan to be approved and applied."]
    return []


def _review_reason(row: DictRow, record_id: UUID) -> str:
    if row["record_id"] != record_id:
        return f"Another record may be this one: decide match review {row['id']}."
    held = ", and until then it is created nowhere else" if row["holds"] else ""
    return f"It may be a record that is there already{held}: decide match review {row['id']}."


_WEIGHTS = {"dead": 0, "unknown": 1, "waiting": 2, "pending": 3, "sending": 4}


def _weight(row: DictRow) -> int:
    return _WEIGHTS[row["state"]]


def _delivery_reason(row: DictRow) -> str:
    number, message = row["id"], _inner(row["message"])
    match row["state"]:
        case "dead":
            return f"Delivery {number} was refused: {message}. {row['hint'] or 'Correct it, then replay it.'}"
        case "unknown":
            return f"Delivery {number} left and no answer came; whether it was written is being checked."
        case "waiting":
            return f"Delivery {number} waits: {message}."
        case "sending":
            return f"Delivery {number} is on its way."
    if row["error_class"]:
        when = row["next_attempt_at"].isoformat(timespec="seconds")
        return f"Delivery {number} failed {row['attempts']} times and is tried again at {when}: {message}."
    return f"Delivery {number} is about to be sent."


def _quarantine_reason(row: DictRow) -> str:
    faults = "; ".join(f"{p['field']} {p['message']}".rstrip(".") for p in row["problems"])
    return f"{row['object']} {row['remote_id']} cannot be taken over as it is: {faults}. Correct it there."


def _link_reasons(rows: Rows) -> list[str]:
    reasons = []
    for row in rows.links:
        if row["state"] == "deleted" and rows.live(row["object"]) is None:
            reasons.append(_departure_reason(row, rows.departure(row)))
        if row["state"] == "parted" and rows.live(row["object"]) is None:
            reasons.append(f"An undo took it apart from {row['object']} {row['remote_id']}, until that changes.")
        if row["state"] == "live" and row["waits_for"]:
            reasons.append(f"It refers to {', '.join(row['waits_for'])}, which the hub does not know yet.")
    return reasons


def _departure_reason(link: DictRow, departure: DepartureView | None) -> str:
    what = f"{link['object']} {link['remote_id']}"
    if departure is None or departure.source == "hub":
        by = "by the hub" if departure else "there"
        return f"{what} was deleted {by}, so it is not written any more."
    told = f"{what} was deleted there ({known_by(departure)}), so it is not written any more"
    if departure.state == "waiting" and departure.due_at is not None:
        until = departure.due_at.isoformat(timespec="seconds")
        acts = "deleted" if departure.policy == "mirror" else "deactivated"
        return f"{told}; unless it comes back or is changed, the hub's record is {acts} too at {until}."
    return f"{told}."


def known_by(departure: DepartureView) -> str:
    """How and when the hub learnt of the end: for people."""
    words = {"tombstone": "a tombstone", "webhook": "a webhook", "probe": "a look by id", "scan": "a full read"}
    run = f" in run {departure.run_id}" if departure.run_id else ""
    return f"{words.get(departure.source, 'the hub itself')}{run} at {departure.at.isoformat(timespec='seconds')}"


def _inner(sentence: str | None) -> str:
    return (sentence or "no reason given").rstrip(". ")
