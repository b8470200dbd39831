"""What the API takes and gives for each record type: pydantic models derived from the definitions."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal, Required, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator
from typing_extensions import TypedDict

from hub.record.definition import CUSTOM_PREFIX, RecordType
from hub.record.definition import Field as RecordField
from hub.record.schema_types import MoneyIn, input_type, output_type
from hub.record.values import Money, Value, Values

_CUSTOM_DOC = "Fields that an administrator declared."
_typed_dict: Any = TypedDict  # called with names that are known at run time only


class RecordInput(BaseModel):
    """A record as a caller sends it: a field that is left out is not the same as one that is null."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    def to_values(self) -> dict[str, Value]:
        """What was sent, as values of the record; custom fields under their full names."""
        sent = {name: getattr(self, name) for name in self.model_fields_set - {"custom"}}
        custom = {CUSTOM_PREFIX + key: value for key, value in getattr(self, "custom", {}).items()}
        return {name: _value(value) for name, value in {**sent, **custom}.items()}

    @model_validator(mode="after")
    def _ends_after_it_began(self) -> Self:
        begin, end = getattr(self, "valid_from", None), getattr(self, "valid_to", None)
        if begin is not None and end is not None and end <= begin:
            raise ValueError("valid_to must be after valid_from")
        return self


class RecordOutput(BaseModel):
    """A record as the API gives it: every field is there, null where nothing is known."""

    model_config = ConfigDict(protected_namespaces=())

    id: UUID = Field(description="Id of the record, the same in every table and answer.")
    version: int = Field(description="Grows with every change; send it back to change only what you saw.")
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, values: Values, *, record_id: UUID, version: int, created_at: datetime, updated_at: datetime) -> Self:
        """The model of a stored record."""
        given: dict[str, Any] = {
            "id": record_id,
            "version": version,
            "created_at": created_at,
            "updated_at": updated_at,
        }
        for name, value in values.items():
            if name.startswith(CUSTOM_PREFIX):
                given.setdefault("custom", {})[name.removeprefix(CUSTOM_PREFIX)] = value
            else:
                given[name] = value
        return cls.model_validate(given)


@cache
def create_schema(record_type: RecordType) -> type[RecordInput]:
    """What makes a new record: required fields must be there and not null."""
    return _input_model(record_type, "Create", complete=True)


@cache
def patch_schema(record_type: RecordType) -> type[RecordInput]:
    """What changes a record: only what is sent is written, null clears, required fields cannot be cleared."""
    return _input_model(record_type, "Patch", complete=False)


@cache
def read_schema(record_type: RecordType) -> type[RecordOutput]:
    """A stored record. Limits are not checked again: what was stored under older rules can be read."""
    fields: dict[str, Any] = {f.name: (output_type(f) | None, _optional(f)) for f in _plain_fields(record_type)}
    if custom := [f for f in record_type.fields.values() if f.custom]:
        hints = {f.document_key: Annotated[output_type(f) | None, Field(description=f.doc)] for f in custom}
        document = _document(f"{_title(record_type)}CustomRead", hints, extra="ignore")
        fields["custom"] = (document, Field(default={}, description=_CUSTOM_DOC))
    return create_model(f"{_title(record_type)}Read", __base__=RecordOutput, __doc__=record_type.doc, **fields)


def _input_model(record_type: RecordType, use: str, *, complete: bool) -> type[RecordInput]:
    fields: dict[str, Any] = {
        f.name: (_sent_type(f), Field(description=f.doc) if complete and f.required else _optional(f))
        for f in _plain_fields(record_type)
    }
    if custom := [f for f in record_type.fields.values() if f.custom]:
        needed = {f.document_key for f in custom if complete and f.required}
        hints = {f.document_key: Annotated[_sent_type(f), Field(description=f.doc)] for f in custom}
        hints |= {key: Required[hints[key]] for key in needed}
        document = _document(f"{_title(record_type)}Custom{use}", hints, extra="forbid")
        fields["custom"] = (document, Field(default=... if needed else {}, description=_CUSTOM_DOC))
    return create_model(f"{_title(record_type)}{use}", __base__=RecordInput, __doc__=record_type.doc, **fields)


def _document(name: str, hints: dict[str, Any], *, extra: Literal["ignore", "forbid"]) -> Any:
    document = _typed_dict(name, hints, total=False)
    document.__pydantic_config__ = ConfigDict(extra=extra)
    return document


def _sent_type(field: RecordField) -> Any:
    """Null may be sent unless the record needs the field."""
    return input_type(field) if field.required else input_type(field) | None


def _optional(field: RecordField) -> Any:
    return Field(default=None, description=field.doc, json_schema_extra=_hide_default)


def _hide_default(schema: dict[str, Any]) -> None:
    """The default makes leaving out possible and is never read: the published schema does not show it."""
    schema.pop("default", None)


def _plain_fields(record_type: RecordType) -> list[RecordField]:
    return [f for f in record_type.fields.values() if not f.custom]


def _title(record_type: RecordType) -> str:
    return record_type.name.title().replace("_", "")


def _value(sent: Any) -> Value:
    return Money(sent.amount, sent.currency) if isinstance(sent, MoneyIn) else sent
