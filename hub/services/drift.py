"""Schema drift at the doors: what no longer fits, which line of the mapping it is about, and the edit that mends it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from hub.db import drift
from hub.db.session import Tx
from hub.sdk.capabilities import Describes
from hub.services.connections import Workshop, find_connection, open_connection
from hub.services.fitting import fit
from hub.services.refusals import NotNow

DriftState = Literal["open", "settled"]


@dataclass(frozen=True, slots=True)
class DriftView:
    """One finding. `stops`: both directions, push, create, or nothing; `edit` is a unified diff of `file`, where there
    is one that loads and fits."""

    id: int
    connection: str
    object: str
    kind: str
    field: str
    remote: str
    stops: str
    words: list[str]
    file: str
    line: int
    message: str
    edit: str | None
    state: str
    found_at: datetime
    settled_at: datetime | None


async def list_drift(
    tx: Tx,
    *,
    connection_id: int | None = None,
    state: DriftState | None = "open",
    before: int | None = None,
    limit: int = 100,
) -> list[DriftView]:
    """Newest first, before an id."""
    rows = await drift.listing(tx, connection_id=connection_id, state=state, before=before, limit=limit)
    return [DriftView(**{name: row[name] for name in DriftView.__dataclass_fields__}) for row in rows]


async def look_at_schema(shop: Workshop, *, name: str) -> list[DriftView]:
    """Ask the system for its fields now, whenever it was asked last; returns what is open after it.

    Raises ConnectionUnknown, MappingError, NotNow (a system that cannot describe itself).
    """
    stored = await find_connection(shop, name)
    async with await open_connection(shop, stored) as connection:
        if not isinstance(connection.connector, Describes):
            raise NotNow(f"The system of {name} cannot describe its objects.")
        await fit(shop.db, connection, every=timedelta(0))
    async with shop.db.transaction() as tx:
        return await list_drift(tx, connection_id=stored.id)
