"""Why a record is as it is: who wrote each value, and what keeps each system from having it."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from hub.db import field_policies, records, standing
from hub.db.field_policies import FieldPolicy
from hub.db.records import StoredRecord
from hub.db.session import Tx
from hub.mapping.errors import MappingError
from hub.mapping.load import load_system
from hub.mapping.model import Mapping
from hub.record.codec import decode_values
from hub.record.definition import RecordType
from hub.record.values import Value, Values, encode_values
from hub.sdk.http import decode_json
from hub.services.connection_options import creates
from hub.services.connections import Workshop
from hub.services.objects import policy_for
from hub.services.refusals import NotFound, invalid
from hub.services.standing import Rows, SystemStanding, load_rows, standing_of


@dataclass(frozen=True, slots=True)
class FieldWhy:
    """A value (JSON) and the change that made it what it is. Nothing is known of a field that was never written."""

    field: str
    value: Any
    previous: Any = None
    version: int | None = None
    at: datetime | None = None
    connection: str | None = None
    system: str | None = None
    actor: str | None = None
    remote_id: str | None = None
    run_id: int | None = None
    plan_id: int | None = None
    rule: str | None = None
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class FieldInSystem:
    """How one object of a connection treats a field. `agreed` is the shadow's value (JSON), None without a link.

    `policy`: what a person decided for the field once and for all, which overrides the mapping's policy.
    """

    object: str
    field: str
    remotes: tuple[str, ...]
    direction: str
    rule: str
    agreed: Any
    in_step: bool
    policy: str | None = None


@dataclass(frozen=True, slots=True)
class SystemWhy:
    standing: SystemStanding
    fields: tuple[FieldInSystem, ...]


@dataclass(frozen=True, slots=True)
class Why:
    """The answer for a record, or for one of its fields."""

    record_type: str
    record_id: UUID
    version: int
    deleted: bool
    merged_into: UUID | None
    fields: tuple[FieldWhy, ...]
    systems: tuple[SystemWhy, ...]


async def why(
    tx: Tx, shop: Workshop, types: MappingOf[str, RecordType], *, record_type: str, record_id: UUID, field: str | None
) -> Why:
    """Also of deleted and merged records. Raises NotFound, Invalid (no such field)."""
    if record_type not in types:
        raise NotFound(f"There is no record type {record_type!r}.")
    kind = types[record_type]
    if field is not None and field not in kind.fields:
        raise invalid("field", f"{record_type} has no field {field!r}")
    stored = (await records.load(tx, kind, [record_id])).get(record_id)
    if stored is None:
        raise NotFound(f"There is no {record_type} {record_id}.")
    origins = {row["field"]: row for row in await standing.field_origins(tx, record_id)}
    values = _json(stored.values)
    names = [field] if field else list(kind.fields)
    now = await tx.now()
    about = _About(shop, types, kind, stored, field, await field_policies.in_force(tx), now)
    return Why(
        record_type=record_type,
        record_id=record_id,
        version=stored.version,
        deleted=stored.deleted,
        merged_into=stored.merged_into,
        fields=tuple(_field(name, values.get(name), origins.get(name)) for name in names),
        systems=tuple(_system(about, rows) for rows in await load_rows(tx, record_id)),
    )


def _field(name: str, value: Any, origin: MappingOf[str, Any] | None) -> FieldWhy:
    if origin is None:
        return FieldWhy(name, value, sentence=f"{name} was never written.")
    taken = {key: origin[key] for key in _TAKEN}
    return FieldWhy(name, value, origin["old"], **taken, sentence=_sentence(name, origin))


_TAKEN = ("version", "at", "connection", "system", "actor", "remote_id", "run_id", "plan_id", "rule")


def _sentence(name: str, origin: MappingOf[str, Any]) -> str:
    writer = origin["connection"] or origin["actor"] or "nobody known"
    where = f" from {origin['remote_id']}" if origin["remote_id"] else ""
    run = f" in run {origin['run_id']}" if origin["run_id"] else ""
    run += f" (plan {origin['plan_id']})" if origin["plan_id"] else ""
    when = origin["at"].isoformat(timespec="seconds")
    return f"{name} was written by {writer}{where} at {when}{run}, by the rule {origin['rule'] or 'none'}."


@dataclass(frozen=True, slots=True)
class _About:
    """What is asked, and what is known beside the rows of each connection."""

    shop: Workshop
    types: MappingOf[str, RecordType]
    kind: RecordType
    stored: StoredRecord
    field: str | None
    policies: Sequence[FieldPolicy]
    now: datetime


def _system(about: _About, rows: Rows) -> SystemWhy:
    kind, stored, field = about.kind, about.stored, about.field
    try:
        mappings = _mappings(about.shop, about.types, rows)
    except MappingError as exc:
        first = str(exc.issues[0])
        return SystemWhy(standing_of(rows, now=about.now, further=[f"Its mappings cannot be used: {first}"]), ())
    mine = [m for m in mappings.values() if m.record.name in {t.name for t in kind.lineage}]
    fields = [f for m in mine for f in _in_system(rows, m, stored, field, about.policies)]
    further = _further(rows, kind, mine, stored, field, fields)
    return SystemWhy(standing_of(rows, now=about.now, further=further), tuple(fields))


def _mappings(shop: Workshop, types: MappingOf[str, RecordType], rows: Rows) -> dict[str, Mapping]:
    own = rows.connection.options.get("mappings")
    folder = (Path(own) if own else shop.mappings) / rows.connection.system
    stamps = tuple(sorted((path.name, path.stat().st_mtime_ns) for path in folder.glob("*.yaml")))
    return _loaded(folder, stamps, tuple(types.values()))


@lru_cache(maxsize=64)
def _loaded(
    folder: Path,
    stamps: tuple[tuple[str, int], ...],  # noqa: ARG001 - a file that was changed is loaded again
    types: tuple[RecordType, ...],
) -> dict[str, Mapping]:
    return load_system(folder.parent, folder.name, {kind.name: kind for kind in types})


def _in_system(
    rows: Rows, mapping: Mapping, stored: StoredRecord, field: str | None, policies: Sequence[FieldPolicy]
) -> list[FieldInSystem]:
    link = rows.live(mapping.object)
    shadow = decode_values(mapping.record, link["shadow"]) if link else {}
    agreed = _json(shadow)
    return [
        FieldInSystem(
            object=mapping.object,
            field=name,
            remotes=rule.remotes,
            direction=rule.direction,
            rule=rule.rule,
            agreed=agreed.get(name),
            in_step=link is not None and _in_step(name, shadow, stored, rule.direction),
            policy=decided.sentence if (decided := policy_for(policies, rows.connection.id, mapping, name)) else None,
        )
        for name, rule in mapping.rules.items()
        if field in (None, name)
    ]


def _in_step(name: str, shadow: Values, stored: StoredRecord, direction: str) -> bool:
    ours: Value = stored.values.get(name)
    return shadow.get(name) == ours or (direction == "pull" and name in shadow)


def _further(
    rows: Rows,
    kind: RecordType,
    mappings: list[Mapping],
    stored: StoredRecord,
    field: str | None,
    fields: list[FieldInSystem],
) -> list[str]:
    """Reasons that only the mapping knows."""
    if not mappings:
        return [f"No mapping of {rows.connection.system} is about {kind.name}."]
    if field is not None and not fields:
        return [f"{field} is not mapped: add it to {', '.join(m.file for m in mappings)}."]
    reasons = [reason for m in mappings for reason in _missing_link(rows, m, stored)]
    late = [f.field for f in fields if not f.in_step and f.direction != "pull" and rows.live(f.object)]
    if rows.unplanned:
        reasons.append("The newest change has not been looked at for this system yet.")
    elif late and not rows.deliveries and not rows.conflicts and not rows.rejected and stored.alive:
        reasons.append(
            f"{', '.join(late)} differ from what was last agreed on, and nothing is under way: pull it again."
        )
    return reasons


def _missing_link(rows: Rows, mapping: Mapping, stored: StoredRecord) -> list[str]:
    if any(row["object"] == mapping.object for row in rows.links) or not stored.alive:
        return []
    if mapping.create == "no" or not mapping.outbound:
        return [f"The hub creates no {mapping.object} there (create: false in {mapping.file})."]
    if "out" not in creates(rows.connection.options):
        return [
            f"The hub creates no {mapping.object} there by itself (option create of {rows.connection.name}): a plan"
            f" shows what is missing and can create it."
        ]
    if not mapping.may_make(stored.values):
        return [f"It is outside of what {mapping.object} takes (scope, or create, in {mapping.file})."]
    if not rows.deliveries and not rows.unplanned:
        return [f"It is not in {mapping.object} yet, and nothing is under way: change it, or read the object again."]
    return []


def _json(values: Values) -> dict[str, Any]:
    decoded: dict[str, Any] = decode_json(encode_values(values))
    return decoded
