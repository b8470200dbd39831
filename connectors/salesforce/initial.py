"""Creates that are tried again: a record that an earlier try made keeps what only a new record is given."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from connectors.salesforce.lookup import query_all
from connectors.salesforce.rest import Rest
from connectors.salesforce.soql import by_values, in_lists
from hub.sdk.records import WriteOp


async def spared(rest: Rest, object_name: str, ops: Sequence[WriteOp]) -> Sequence[WriteOp]:
    """The ops without `initial` fields where the record is there; one query for all that have such fields."""
    keys = [op.key for op in ops if op.kind == "create" and op.initial and op.key]
    if not keys:
        return ops
    field = keys[0][0]
    there: set[str] = set()
    for part in in_lists([value for _, value in keys]):
        rows = await query_all(rest, "/query", by_values(object_name, ["Id", field], field, part))
        there |= {str(row[field]).lower() for row in rows}
    return [_without_initial(op) if op.key and op.key[1].lower() in there else op for op in ops]


def _without_initial(op: WriteOp) -> WriteOp:
    return replace(op, fields={name: value for name, value in op.fields.items() if name not in op.initial})
