"""What the platform checks and computes before it saves a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.salesforce.sandbox.calls import VendorError
from connectors.salesforce.sandbox.checks import stored_value
from connectors.salesforce.sandbox.index import Index
from connectors.salesforce.sandbox.objects import OPPORTUNITY_STAGES
from connectors.salesforce.sandbox.schema import Field, ObjectType, Schema
from connectors.salesforce.stamps import format_stamp
from hub.sdk.sandbox import World


class SaveRules:
    """The rules of one org; every method raises VendorError where the platform refuses."""

    def __init__(self, *, world: World, schema: Schema, index: Index) -> None:
        self._world = world
        self._schema = schema
        self._index = index

    def new(self, kind: ObjectType, fields: Mapping[str, Any]) -> dict[str, Any]:
        """All values of a record that is created with `fields`."""
        values = self._checked(kind, fields)
        for field in kind.fields.values():
            if field.default is not None:
                values.setdefault(field.name, field.default)
        missing = [field.name for field in kind.fields.values() if field.required and values.get(field.name) is None]
        if missing:
            raise _required(missing)
        self._refuse_doubles(kind, values, own_id="")
        return self._derived(kind, values)

    def changed(
        self, kind: ObjectType, record_id: str, stored: Mapping[str, Any], fields: Mapping[str, Any]
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        """All values of a record that is saved with `fields`, and the names of the fields that were given."""
        values = self._checked(kind, fields)
        cleared = [name for name, value in values.items() if value is None and kind.fields[name].required]
        if cleared:
            raise _required(cleared)
        self._refuse_doubles(kind, values, own_id=record_id)
        return self._derived(kind, {**stored, **values}), tuple(values)

    def _checked(self, kind: ObjectType, fields: Mapping[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, value in fields.items():
            if name == "attributes":
                continue
            if isinstance(value, Mapping):
                field, value = self._parent_by_key(kind, name, value)
            else:
                field = self._field_to_write(kind, name)
            values[field.name] = stored_value(field, value)
            if field.type == "reference" and values[field.name] is not None:
                self._check_reference(field, values[field.name])
        return values

    def _field_to_write(self, kind: ObjectType, name: str) -> Field:
        field = kind.find(name)
        if field is None:
            raise VendorError("INVALID_FIELD", f"No such column '{name}' on sobject of type {kind.name}")
        if not field.writable:
            raise VendorError(
                "INVALID_FIELD_FOR_INSERT_UPDATE",
                f"Unable to create/update fields: {field.name}. Please check the security settings of this field and "
                "verify that it is read/write for your profile or permission set.",
                fields=(field.name,),
            )
        return field

    def _parent_by_key(self, kind: ObjectType, name: str, by_key: Mapping[str, Any]) -> tuple[Field, str]:
        field = kind.parent(name)
        keys = [key for key in by_key if key != "attributes"]
        if field is None or len(keys) != 1:
            raise VendorError("INVALID_FIELD", f"No such column '{name}' on sobject of type {kind.name}")
        parent = self._schema.get(field.refers_to[0])
        found = self._index.with_value(parent.name, parent.field(keys[0]), by_key[keys[0]])
        if len(found) != 1:
            raise VendorError(
                "INVALID_FIELD",
                f"Foreign key external ID: {by_key[keys[0]]} not found for field {keys[0]} in entity {parent.name}",
            )
        return field, next(iter(found))

    def _check_reference(self, field: Field, value: str) -> None:
        kind = self._schema.of_id(value)
        if kind is None or kind.name not in field.refers_to:
            raise VendorError(
                "FIELD_INTEGRITY_EXCEPTION",
                f"{field.name}: id value of incorrect type: {value}",
                fields=(field.name,),
            )
        target = self._world.get(kind.name, value)
        if target is None or not target.live:
            raise VendorError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", fields=(field.name,))

    def _refuse_doubles(self, kind: ObjectType, values: Mapping[str, Any], *, own_id: str) -> None:
        for field in kind.fields.values():
            value = values.get(field.name)
            if not field.unique or value is None:
                continue
            ids = self._index.with_value(kind.name, field, value) - {own_id}
            if ids:
                raise duplicate_value(field.name, min(ids))

    def _derived(self, kind: ObjectType, values: dict[str, Any]) -> dict[str, Any]:
        """`values` with the fields that the platform computes at save."""
        if kind.name == "Opportunity":
            probability, closed, won = OPPORTUNITY_STAGES.get(str(values.get("StageName")), (50, False, False))
            values.setdefault("Probability", probability)
            values["IsClosed"], values["IsWon"] = closed, won
        if kind.name in ("Contact", "Lead"):
            values["Name"] = " ".join(str(values[part]) for part in ("FirstName", "LastName") if values.get(part))
        if kind.name in ("Task", "Event"):
            values["AccountId"] = self._account_of_activity(values)
        if kind.name == "Task":
            values["IsClosed"] = values.get("Status") == "Completed"
            done = values.get("CompletedDateTime") or format_stamp(self._world.clock.now())
            values["CompletedDateTime"] = done if values["IsClosed"] else None
        return values

    def _account_of_activity(self, values: Mapping[str, Any]) -> str | None:
        """Of what it is about, else of whom it is with."""
        for name in ("WhatId", "WhoId"):
            target = self._schema.of_id(str(values.get(name) or ""))
            record = self._world.get(target.name, values[name]) if target else None
            if target and target.name == "Account":
                return str(values[name])
            if record is not None and record.fields.get("AccountId"):
                return str(record.fields["AccountId"])
        return None


def duplicate_value(field_name: str, existing_id: str) -> VendorError:
    """The unique-field clash; the message ends with the id that is in the way."""
    return VendorError(
        "DUPLICATE_VALUE",
        f"duplicate value found: {field_name} duplicates value on record with id: {existing_id}",
    )


def _required(names: list[str]) -> VendorError:
    return VendorError(
        "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(names)}]", fields=tuple(names)
    )
