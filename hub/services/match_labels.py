"""A person's word on two records, kept as a label with what matching knew of both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from hub.db import match_decisions, merges, records
from hub.db.match_decisions import Side, remote_key
from hub.db.session import Tx
from hub.record.definition import RecordType
from hub.record.values import encode_values
from hub.sdk.http import decode_json

# What hub.domain.matching reads of a record; kept as it was, so that features can be made of it anew.
_READ = {
    "organization": (
        "legal_name", "trade_name", "street", "city", "postal_code", "country", "phone", "email", "website_domain",
        "vat_number", "registration_number", "duns", "lei",
    ),
    "person": ("first_name", "last_name", "email", "phone", "mobile", "partner"),
}  # fmt: skip


async def note_decision(
    tx: Tx,
    record_type: RecordType,
    *,
    decision: Literal["same", "apart"],
    record_id: UUID,
    others: Sequence[UUID],
    actor: str,
    review_id: int | None = None,
    merge_id: int | None = None,
) -> None:
    """Keep what was decided about a record and each of the others, as both are now."""
    stored = await records.load(tx, record_type, [record_id, *others])
    names = _READ.get(record_type.root.name, tuple(n for key in record_type.all_natural_keys for n in key))
    sides = {}
    for found in stored.values():
        links = await merges.links_of(tx, found.id)
        keys = [remote_key(row["connection_id"], row["object"], row["remote_id"]) for row in links]
        known = {name: found.values[name] for name in names if found.values.get(name) is not None}
        features: dict[str, Any] = decode_json(encode_values(known))
        sides[found.id] = Side(found.id, keys, features)
    for other in others:
        if other in sides and record_id in sides:
            await match_decisions.add(
                tx,
                record_type=record_type.name,
                decision=decision,
                left=sides[record_id],
                right=sides[other],
                by=actor,
                review_id=review_id,
                merge_id=merge_id,
            )
