"""`on_delete`: what the end of one side's record does to the other side's, held to the record type."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from pydantic import ValidationError

from hub.files.source import Path_
from hub.mapping.rules import DeletePolicy, OnDelete
from hub.mapping.schema import DeactivateDoc, OnDeleteDoc
from hub.record.definition import CUSTOM_PREFIX, RecordType
from hub.record.schemas import patch_schema
from hub.record.values import Value

# Where a fault stands under `on_delete`, and what to do about it.
Fault = tuple[Path_, str]
_Side = str | DeactivateDoc


def deletion_rules(
    doc: str | DeactivateDoc | OnDeleteDoc, *, record: RecordType, outbound: Collection[str]
) -> tuple[OnDelete, list[Fault]]:
    """The compiled policies, and everything that is wrong with them; `outbound` are the fields that are written there.

    One word for both: `mirror` deletes on either side. The others say what a deletion there does to the hub's record,
    and leave the remote record alone when the hub's ends.
    """
    by_direction = isinstance(doc, OnDeleteDoc)
    pull: _Side = doc.pull if isinstance(doc, OnDeleteDoc) else doc
    push: _Side = doc.push if isinstance(doc, OnDeleteDoc) else "mirror" if doc == "mirror" else "unlink"
    here: Path_ = ("pull", "deactivate") if by_direction else ("deactivate",)
    there: Path_ = ("push", "deactivate")
    faults = [*_faults(pull, record, here), *_faults(push, record, there), *_unwritten(push, outbound, there)]
    if faults:
        return OnDelete(), faults
    return OnDelete(pull=_policy(pull, record), push=_policy(push, record)), []


def _policy(side: _Side, record: RecordType) -> DeletePolicy:
    if isinstance(side, DeactivateDoc):
        values = {name: _value(record, name, raw) for name, raw in side.deactivate.items()}
        return DeletePolicy("deactivate", values)
    return DeletePolicy(side)  # type: ignore[arg-type]  # the schema allows these words only


def _faults(side: _Side, record: RecordType, at: Path_) -> Iterator[Fault]:
    """Values that the record type does not take."""
    if not isinstance(side, DeactivateDoc):
        return
    for name, raw in side.deactivate.items():
        field = record.fields.get(name)
        if field is None:
            yield (*at, name), f"The record type {record.name} has no field {name!r}."
        elif field.kind == "link":
            yield (*at, name), f"{name} links to a record; deactivate sets plain values only."
        elif raw is None and field.required:
            yield (*at, name), f"{name} is required and cannot be emptied."
        else:
            try:
                _value(record, name, raw)
            except ValidationError as exc:
                message = exc.errors(include_url=False)[0]["msg"]
                yield (*at, name), f"{name} cannot be {raw!r}: {message[:1].lower()}{message[1:]}."


def _unwritten(side: _Side, outbound: Collection[str], at: Path_) -> Iterator[Fault]:
    if isinstance(side, DeactivateDoc):
        for name in side.deactivate:
            if name not in outbound:
                yield (*at, name), f"{name} is not written there: map it, without direction: pull."


def _value(record: RecordType, name: str, raw: Any) -> Value:
    """A value as it stands in YAML, held to the field's definition; raises ValidationError."""
    custom = name.startswith(CUSTOM_PREFIX)
    sent = {"custom": {name.removeprefix(CUSTOM_PREFIX): raw}} if custom else {name: raw}
    return patch_schema(record).model_validate(sent).to_values()[name]
