"""The sandbox's object types and fields, as an org's Setup holds them; fields can come and go while it runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from connectors.salesforce.sandbox.calls import VendorError
from hub.sdk.sandbox import FieldChanges

# The platform's name of a type by what it is to the hub, where the two differ.
_TYPES = {"text": "string", "number": "double", "money": "currency", "bool": "boolean"}

STAMP_FIELDS = ("CreatedDate", "LastModifiedDate", "SystemModstamp")
AUTHOR_FIELD = "LastModifiedById"


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `type` is the type name that describe shows; `relationship` names the parent in dotted paths."""

    name: str
    type: str = "string"
    label: str = ""
    length: int = 255
    digits: int = 18
    required: bool = False
    unique: bool = False
    external_id: bool = False
    case_sensitive: bool = False
    writable: bool = True
    values: tuple[str, ...] = ()
    restricted: bool = False
    refers_to: tuple[str, ...] = ()
    relationship: str | None = None
    default: object = None

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")


@dataclass(slots=True)
class ObjectType:
    """One object type. `prefix` begins its ids; `merges` types carry MasterRecordId."""

    name: str
    prefix: str
    fields: dict[str, Field] = field(default_factory=dict)
    label: str = ""
    updateable: bool = True
    creatable: bool = True
    deletable: bool = True
    merges: bool = False
    _spelling: dict[str, str] = field(default_factory=dict)

    def find(self, name: str) -> Field | None:
        """The field by name; API names ignore case."""
        found = self.fields.get(name)
        if found is not None:
            return found
        if len(self._spelling) != len(self.fields):
            self._spelling = {known.lower(): known for known in self.fields}
        return self.fields.get(self._spelling.get(name.lower(), ""))

    def field(self, name: str) -> Field:
        found = self.find(name)
        if found is None:
            raise VendorError(
                "INVALID_FIELD",
                f"No such column '{name}' on entity '{self.name}'. If you are attempting to use a custom field, be "
                "sure to append the '__c' after the custom field name.",
            )
        return found

    def parent(self, relationship: str) -> Field | None:
        """The lookup field behind a relationship name such as `Account` or `Partner_Account__r`."""
        wanted = relationship.lower()
        for known in self.fields.values():
            if known.relationship and known.relationship.lower() == wanted:
                return known
        return None


class Schema:
    """All object types of the org."""

    def __init__(self, types: Iterable[ObjectType]) -> None:
        self.types = {kind.name: kind for kind in types}

    def find(self, name: str) -> ObjectType | None:
        kind = self.types.get(name)
        if kind is not None:
            return kind
        return next((known for known in self.types.values() if known.name.lower() == name.lower()), None)

    def get(self, name: str) -> ObjectType:
        """The type by name as a row address uses it."""
        kind = self.find(name)
        if kind is None:
            raise VendorError("NOT_FOUND", "The requested resource does not exist", status=404)
        return kind

    def of_id(self, record_id: str) -> ObjectType | None:
        return next((kind for kind in self.types.values() if kind.prefix == record_id[:3]), None)

    def add_field(self, object_name: str, added: Field) -> None:
        """What an admin does in Setup: a new field."""
        kind = self.get(object_name)
        kind.fields = {**kind.fields, added.name: added}
        kind._spelling = {}

    def remove_field(self, object_name: str, field_name: str) -> None:
        """An admin deletes a field, or field-level security hides it."""
        kind = self.get(object_name)
        kind.fields = {name: known for name, known in kind.fields.items() if name != field_name}
        kind._spelling = {}

    def change_field(self, object_name: str, field_name: str, changes: FieldChanges) -> None:
        """An admin changes a field, makes one, or field-level security makes it read-only."""
        known = self.get(object_name).find(field_name) or Field(field_name)
        type_ = changes.get("type", known.type)
        self.add_field(
            object_name,
            replace(
                known,
                type=_TYPES.get(type_, type_),
                label=changes.get("label", known.label),
                length=changes.get("max_length", known.length),
                writable=changes.get("writable", known.writable),
                required=not changes.get("nullable", not known.required),
                values=tuple(changes.get("values", known.values)),
            ),
        )

    def set_values(self, object_name: str, field_name: str, values: Iterable[str]) -> None:
        """An admin changes a picklist's values."""
        kind = self.get(object_name)
        self.add_field(object_name, replace(kind.field(field_name), values=tuple(values)))
