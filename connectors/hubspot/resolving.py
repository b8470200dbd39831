"""From the words of a mapping to what HubSpot takes, before a batch is written.

Beside the words that are read (see `words`), a new record may be given

- `copy.<field>: <source>`: where <field> has no value of its own it gets what <source> holds, another field of the same
  record, or `<association>.<field>` of the record that it is associated with;
- `contact.email: <address>`: an association with the contact of this address, where there is one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from connectors.hubspot.associations import PREFIX, associated
from connectors.hubspot.lookup import Lookup
from connectors.hubspot.owners import Owners
from connectors.hubspot.records import OWNER_ID
from connectors.hubspot.stages import Stages
from hub.sdk.errors import RecordRejected
from hub.sdk.records import WriteOp

COPY = "copy."
CONTACT = "contact.email"
# Objects that somebody has to look after.
_OWNED = ("deals", "tasks")
# A day is taken for these only with a time.
_MOMENTS = ("closedate", "hs_timestamp")
_DAY = len("2026-12-31")

Fields = dict[str, Any]
Resolved = WriteOp | RecordRejected


class Resolving:
    """Makes ops ready for one account. `fallback_owner`: the address of whom gets deals and tasks without an owner."""

    def __init__(self, *, lookup: Lookup, owners: Owners, stages: Stages, fallback_owner: str | None) -> None:
        self._lookup = lookup
        self._owners = owners
        self._stages = stages
        self._fallback = fallback_owner

    async def resolve(self, object_name: str, ops: Sequence[WriteOp]) -> list[Resolved]:
        """Each op with HubSpot's own fields only, or why it cannot be written. Raises RemoteErrors of the reads."""
        there = await self._made_before(object_name, ops)
        fields = [_without_initial(op) if op.key in there else dict(op.fields) for op in ops]
        await self._copy(fields)
        await self._find_contacts(fields)
        return [await self._worded(object_name, op, own) for op, own in zip(ops, fields, strict=True)]

    async def _made_before(self, object_name: str, ops: Sequence[WriteOp]) -> set[tuple[str, str]]:
        """Keys under which a record is there already: its first values are other people's by now."""
        keys: dict[str, list[str]] = {}
        for op in ops:
            if op.kind == "create" and op.key is not None and op.initial:
                keys.setdefault(op.key[0], []).append(op.key[1])
        return {
            (name, str(record.fields.get(name)))
            for name, values in keys.items()
            for record in await self._lookup.by_key(object_name, name, values, (name,))
        }

    async def _copy(self, rows: Sequence[Fields]) -> None:
        copies = [{n.removeprefix(COPY): str(row.pop(n)) for n in list(row) if n.startswith(COPY)} for row in rows]
        distant = await self._distant(rows, copies)
        for row, wanted in zip(rows, copies, strict=True):
            for target, source in wanted.items():
                held = distant.get(_place(row, source)) if "." in source else row.get(source)
                if held is not None and row.get(target) is None:
                    row[target] = f"{held}T00:00:00Z" if target in _MOMENTS and len(str(held)) == _DAY else held

    async def _distant(self, rows: Sequence[Fields], copies: Sequence[Mapping[str, str]]) -> dict[_Place, Any]:
        """What associated records hold, by their type, id and field; one read for each type."""
        asked: dict[str, dict[str, set[str]]] = {}
        for row, wanted in zip(rows, copies, strict=True):
            for source in wanted.values():
                if "." in source and (place := _place(row, source))[1]:
                    asked.setdefault(place[0], {}).setdefault(place[2], set()).add(place[1])
        found: dict[_Place, Any] = {}
        for to_type, fields in asked.items():
            ids = sorted(set().union(*fields.values()))
            for record in (await self._lookup.by_id(to_type, ids, tuple(fields))).records:
                known = (record.requested_id or record.id, record.id)
                found |= {(to_type, one, name): _held(record.fields, name) for name in fields for one in known}
        return found

    async def _find_contacts(self, rows: Sequence[Fields]) -> None:
        asked = [(row, str(email).lower()) for row in rows if (email := row.pop(CONTACT, None))]
        if not asked:
            return
        contacts = await self._lookup.by_key("contacts", "email", [email for _, email in asked], ("email",))
        ids = {str(contact.fields.get("email")).lower(): contact.id for contact in contacts}
        for row, email in asked:
            if email in ids:
                row[f"{PREFIX}contacts"] = ids[email]

    async def _worded(self, object_name: str, op: WriteOp, fields: Fields) -> Resolved:
        try:
            fields |= await self._stage(fields.pop("stage.pipeline", None), fields.pop("stage.label", None))
        except RecordRejected as rejected:
            return rejected
        if "owner.email" in fields:
            email = fields.pop("owner.email")
            owner_id = await self._owners.id_of(str(email)) if email else None
            if owner_id or not email:
                fields[OWNER_ID] = owner_id
        if op.kind == "create" and object_name in _OWNED and not fields.get(OWNER_ID) and self._fallback:
            fields[OWNER_ID] = await self._owners.id_of(self._fallback)
        return replace(op, fields=fields)

    async def _stage(self, pipeline: object, label: object) -> Fields:
        if pipeline is None:
            return {}
        stage = await self._stages.called(str(pipeline), str(label) if label else None)
        return {"pipeline": stage.pipeline_id, "dealstage": stage.id}


# Type, id and field of an associated record.
_Place = tuple[str, str, str]


def _place(row: Fields, source: str) -> _Place:
    target, _, name = source.partition(".")
    return target.partition(":")[0], associated(row).get(target) or "", name


def _held(fields: Mapping[str, Any], path: str) -> Any:
    value: Any = fields
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _without_initial(op: WriteOp) -> Fields:
    return {name: value for name, value in op.fields.items() if name not in op.initial}
