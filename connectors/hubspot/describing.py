"""What an account's objects look like now: properties, stages of pipelines, owners, associations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.hubspot.associations import PREFIX
from connectors.hubspot.library import VendorLibrary
from hub.sdk.capabilities import RemoteField, RemoteObject
from hub.sdk.errors import AuthFailed, RecordGone, RecordRejected

OBJECTS = ("companies", "contacts", "deals", "notes", "tasks")

_TYPES = {
    "string": "text",
    "phone_number": "text",
    "number": "number",
    "bool": "bool",
    "date": "date",
    "datetime": "datetime",
}
_ASSOCIATED = {
    "contacts": ("companies",),
    "deals": ("companies", "contacts"),
    "notes": ("companies", "contacts", "deals"),
    "tasks": ("companies", "contacts", "deals"),
}
# What is read in words of an id, and the property with the id.
_IN_WORDS = (
    (RemoteField("owner.email", "text", label="Owner's e-mail"), "hubspot_owner_id"),
    (RemoteField("owner.name", "text", label="Owner's name", writable=False), "hubspot_owner_id"),
    (RemoteField("stage.pipeline", "text", label="Pipeline by name"), "dealstage"),
    (RemoteField("stage.label", "text", label="Stage by name"), "dealstage"),
    (RemoteField("stage.closed", "bool", label="In a closed stage", writable=False), "dealstage"),
    (RemoteField("stage.won", "bool", label="In a won stage", writable=False), "dealstage"),
)
# HubSpot keeps 65,536 characters of a text.
_MAX_TEXT = 65_536


class Describing:
    """Descriptions of one account."""

    def __init__(self, library: VendorLibrary) -> None:
        self._library = library

    async def objects(self) -> list[str]:
        """Standard objects, and custom ones where the account has any and shows them."""
        try:
            custom = [str(schema.fully_qualified_name) for schema in await self._library.schemas()]
        except AuthFailed as exc:
            if exc.status != 403:
                raise
            custom = []  # custom objects need an Enterprise account and a scope of their own
        return [*OBJECTS, *custom]

    async def describe(self, object_name: str) -> RemoteObject:
        try:
            properties = await self._library.properties(object_name)
        except RecordGone as exc:
            raise RecordRejected(f"HubSpot has no object {object_name!r}.", code=exc.code, status=exc.status) from exc
        values = await self._values(object_name, {str(each.name) for each in properties})
        fields = [_field(each, values.get(each.name)) for each in properties]
        fields += [
            RemoteField(f"{PREFIX}{to_type}", "reference", label=to_type, references=(to_type,))
            for to_type in _ASSOCIATED.get(object_name, ())
        ]
        names = {each.name for each in fields}
        fields += [each for each, held_as in _IN_WORDS if held_as in names]
        return RemoteObject(object_name, object_name.capitalize(), {each.name: each for each in fields})

    async def _values(self, object_name: str, names: set[str]) -> dict[str, tuple[str, ...]]:
        """Values that lie outside a property: stages and pipelines, owners."""
        values: dict[str, tuple[str, ...]] = {}
        if {"pipeline", "dealstage"} <= names:
            pipelines = await self._library.pipelines(object_name)
            values["pipeline"] = tuple(str(each.id) for each in pipelines)
            values["dealstage"] = tuple(str(stage.id) for each in pipelines for stage in each.stages)
        if "hubspot_owner_id" in names:
            values["hubspot_owner_id"] = tuple(str(owner.id) for owner in await self._library.owners())
        return values


def _field(each: Any, values: Sequence[str] | None) -> RemoteField:
    options = [str(option.value) for option in each.options or []] if values is None else values
    kind = _type(each, options)
    metadata = each.modification_metadata
    return RemoteField(
        str(each.name),
        kind,
        label=str(each.label),
        writable=not (each.calculated or (metadata is not None and metadata.read_only_value)),
        unique=bool(each.has_unique_value) or each.name == "hs_object_id",
        max_length=_MAX_TEXT if kind == "text" else None,
        values=tuple(options) if kind != "bool" else (),
        references=("owners",) if each.name == "hubspot_owner_id" else (),
    )


def _type(each: Any, options: Sequence[str]) -> str:
    if each.name == "hubspot_owner_id":
        return "reference"
    if each.type == "enumeration" and options:
        return "multipicklist" if each.field_type == "checkbox" else "picklist"
    return _TYPES.get(each.type, "other")
