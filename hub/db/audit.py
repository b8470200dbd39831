"""The audit trail: who changed configuration, decided something, or moved money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from psycopg.types.json import Jsonb

from hub.db.copying import copy_rows
from hub.db.session import Tx
from hub.sdk.http import encode_json


async def note(tx: Tx, *, actor: str, action: str, subject: str, detail: Mapping[str, object] | None = None) -> None:
    """Append an entry, in the transaction of what it tells about. `detail` holds no secret."""
    await tx.run(
        "insert into audit (actor, action, subject, detail) values (%s, %s, %s, %s)",
        actor,
        action,
        subject,
        Jsonb(dict(detail or {})),
    )


async def note_all(tx: Tx, *, action: str, entries: Sequence[tuple[str, str, Mapping[str, object]]]) -> None:
    """One entry for each (actor, subject, detail)."""
    rows = [(actor, action, subject, encode_json(dict(detail)).decode()) for actor, subject, detail in entries]
    await copy_rows(tx, "audit", ("actor", "action", "subject", "detail"), rows)


async def recent(tx: Tx, *, after: int | None = None, limit: int = 100) -> list[dict[str, object]]:
    """Newest first; `after` is the id of the last one seen."""
    return [
        dict(row)
        for row in await tx.all(
            "select * from audit where %s::bigint is null or id < %s order by id desc limit %s", after, after, limit
        )
    ]
