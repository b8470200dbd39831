"""Conflicts as work: each with its three values, who wrote them and when, and what hangs on the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import msgspec

from hub.db import conflicts
from hub.db.conflicts import Filter
from hub.db.session import Tx
from hub.services.refusals import NotFound


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a value: a connection (in a run, by a rule), or a person or program by name.

    `at` is None where the system does not say; `seen_at` is then when the hub first saw the value.
    """

    connection: str | None = None
    actor: str | None = None
    remote_id: str | None = None
    run_id: int | None = None
    rule: str | None = None
    at: datetime | None = None
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OtherValue:
    """What another system last agreed on for the same field."""

    connection: str
    object: str
    remote_id: str
    value: Any
    as_of: datetime


@dataclass(frozen=True, slots=True)
class OpenDeals:
    """Deals of the partner that are not decided: how many, and worth what, in one currency."""

    record_type: str
    currency: str | None
    count: int
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class PartnerContext:
    """The partner (or organization) that the record is, or belongs to."""

    id: UUID
    name: str
    tier: str | None
    status: str | None


@dataclass(frozen=True, slots=True)
class Context:
    """What a person wants to know before deciding."""

    name: str | None
    status: str | None
    partner: PartnerContext | None
    deals: tuple[OpenDeals, ...]
    elsewhere: tuple[OtherValue, ...]


@dataclass(frozen=True, slots=True)
class ConflictView:
    """Two values for one field, and what they grew from. All three are JSON.

    `reopened`: a decision was undone; while neither side says anything new it waits for another one. `needs_second`:
    two people must decide the same; `first_by` has done so.
    """

    id: int
    connection_id: int
    connection: str
    system: str
    object: str
    remote_id: str
    record_type: str
    record_id: UUID
    field: str
    base: Any
    ours: Any
    theirs: Any
    ours_written: Author | None
    theirs_written: Author
    context: Context
    rule: str | None
    state: str
    reopened: bool
    needs_second: bool
    first_by: str | None
    choice: str | None
    decided: Any
    resolution: str | None
    resolved_by: str | None
    resolved_at: datetime | None
    run_id: int | None
    created_at: datetime
    updated_at: datetime


async def list_conflicts(
    tx: Tx,
    *,
    state: Literal["open", "resolved"] = "open",
    connection_id: int | None = None,
    object_name: str | None = None,
    record_id: UUID | None = None,
    field: str | None = None,
    after: int | None = None,
    limit: int = 100,
) -> list[ConflictView]:
    """Oldest first, in one query."""
    wanted = Filter(state, connection_id, object_name, field, record_id)
    return [_view(row) for row in await conflicts.page(tx, wanted, after=after, limit=limit)]


async def get_conflict(tx: Tx, *, conflict_id: int) -> ConflictView:
    """Raises NotFound."""
    return (await get_conflicts(tx, ids=[conflict_id]))[0]


async def get_conflicts(tx: Tx, *, ids: Sequence[int]) -> list[ConflictView]:
    """In the order asked for, whatever their state. Raises NotFound."""
    found: dict[int, ConflictView] = {}
    for state in ("open", "resolved"):
        rows = await conflicts.page(tx, Filter(state, ids=ids), limit=len(ids))
        found |= {row["id"]: _view(row) for row in rows}
    if missing := [conflict_id for conflict_id in ids if conflict_id not in found]:
        raise NotFound(f"There is no conflict {missing[0]}.")
    return [found[conflict_id] for conflict_id in ids]


_OWN = (
    "id", "connection_id", "connection", "system", "object", "remote_id", "record_type", "record_id", "field", "base",
    "ours", "theirs", "rule", "state", "needs_second", "first_by", "choice", "decided", "resolution", "resolved_by",
    "resolved_at", "run_id", "created_at", "updated_at",
)  # fmt: skip


def _view(row: Mapping[str, Any]) -> ConflictView:
    written = row["written"]
    theirs = Author(
        connection=row["connection"],
        actor=row["theirs_by"],
        remote_id=row["remote_id"],
        run_id=row["run_id"],
        at=row["theirs_at"],
        seen_at=row["seen_at"],
    )
    return ConflictView(
        **{name: row[name] for name in _OWN},
        ours_written=msgspec.convert(written, Author) if written else None,
        theirs_written=theirs,
        context=_context(row),
        reopened=row["undone"] is not None,
    )


def _context(row: Mapping[str, Any]) -> Context:
    partner = None
    if row["partner_name"] is not None:
        partner = PartnerContext(row["partner"], row["partner_name"], row["partner_tier"], row["partner_status"])
    return Context(
        name=row["name"],
        status=row["status"],
        partner=partner,
        deals=tuple(msgspec.convert(row["deals"] or [], list[OpenDeals])),
        elsewhere=tuple(msgspec.convert(row["elsewhere"] or [], list[OtherValue])),
    )


__all__ = [
    "Author",
    "ConflictView",
    "Context",
    "Filter",
    "OpenDeals",
    "OtherValue",
    "PartnerContext",
    "get_conflict",
    "get_conflicts",
    "list_conflicts",
]
