"""Fields whose decision was undone: they stay in conflict while neither side says anything new."""

from __future__ import annotations

from collections.abc import Mapping

from hub.db.findings import NewConflict, OpenConflict
from hub.db.records import StoredRecord
from hub.record.values import Value
from hub.sdk.http import decode_json, encode_json
from hub.sdk.records import JsonValue


def still_undecided(open_fields: Mapping[str, OpenConflict], incoming: Mapping[str, Value]) -> dict[str, OpenConflict]:
    """Of the open conflicts, those undone whose system still holds their value, or has got the undone one."""
    return {
        name: conflict
        for name, conflict in open_fields.items()
        if conflict.undone is not None
        and name in incoming
        and as_json(incoming[name]) in (_parsed(conflict.undone), _parsed(conflict.theirs))
    }


def moved_on(
    undecided: Mapping[str, OpenConflict], mine: StoredRecord, *, remote_id: str, rule: str
) -> list[NewConflict]:
    """Those of the conflicts whose value in the hub has changed since: the other two values stay."""
    return [
        NewConflict(remote_id, mine.id, name, "null", ours, conflict.theirs, rule)
        for name, conflict in undecided.items()
        if _parsed(ours := encode_json(mine.values[name]).decode()) != _parsed(conflict.ours)
    ]


def as_json(value: Value) -> JsonValue:
    """A value as it comes back from a column of JSON."""
    return decode_json(encode_json(value))


def _parsed(text: str) -> JsonValue:
    return decode_json(text.encode())
