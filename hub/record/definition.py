"""How a record type is defined, once: tables, API schemas, mapping checks and docs derive from it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

Kind = Literal[
    "text",  # str, one line
    "longtext",  # str, several lines
    "int",  # int
    "decimal",  # Decimal
    "money",  # Money: amount and currency, stored in two columns
    "bool",
    "date",
    "datetime",  # aware, UTC
    "choice",  # str, one of `choices`
    "choices",  # tuple of str out of `choices`, sorted, without repeats
    "texts",  # tuple of str, in order
    "link",  # UUID of a record of type `link`
]

CUSTOM_PREFIX = "custom."

_DEFAULT_LENGTH: dict[Kind, int] = {"text": 255, "texts": 255, "longtext": 32_000}

Zone = Literal["identity", "onboard", "enable", "market", "sell", "incentivize", "accelerate"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record type. `custom` fields live in the record's `custom` document, not in a column.

    `personal` marks data of a natural person. `max_length` is characters (texts: each item).
    """

    name: str
    kind: Kind
    doc: str
    required: bool = False
    max_length: int | None = None
    choices: tuple[str, ...] = ()
    link: str | None = None
    personal: bool = False
    custom: bool = False

    @property
    def length_limit(self) -> int | None:
        """The most characters a text (each item of texts) may have: `max_length`, or the default of its kind."""
        return self.max_length or _DEFAULT_LENGTH.get(self.kind)

    @property
    def document_key(self) -> str:
        """The key of a custom field in the `custom` document: its name without the prefix."""
        return self.name.removeprefix(CUSTOM_PREFIX)


VALIDITY = (
    Field("valid_from", "date", "First day on which it holds.", required=True),
    Field("valid_to", "date", "First day on which it no longer holds; empty while no end is known."),
)


@dataclass(frozen=True)
class RecordType:
    """One record type of the Unified Partner Record.

    `extends`: a record of this type is also one of that type, under the same id, with all its fields (a partner is an
    organization). `natural_keys`: groups of fields that identify a record when all are set; each is indexed and can be
    used to match. `effective_dated` adds valid_from and valid_to. `title` is the field shown as the record's name.
    """

    name: str
    zone: Zone
    doc: str
    own_fields: tuple[Field, ...]
    title: str
    extends: RecordType | None = None
    natural_keys: tuple[tuple[str, ...], ...] = ()
    effective_dated: bool = False
    custom_fields: tuple[Field, ...] = field(default=())

    def __hash__(self) -> int:
        return hash(self.name)  # record types key caches on hot paths; equal ones have equal names

    @cached_property
    def column_fields(self) -> tuple[Field, ...]:
        """The fields that are columns of this type's own table."""
        return (*self.own_fields, *VALIDITY) if self.effective_dated else self.own_fields

    @cached_property
    def fields(self) -> dict[str, Field]:
        """All fields by name: inherited ones first, custom ones last."""
        inherited = self.extends.fields if self.extends else {}
        return {**inherited, **{f.name: f for f in (*self.column_fields, *self.custom_fields)}}

    @property
    def root(self) -> RecordType:
        """The type whose table keeps the record's version, deletion and merge."""
        return self.extends.root if self.extends else self

    @cached_property
    def lineage(self) -> tuple[RecordType, ...]:
        """Root first, this type last: the tables that one record lies in."""
        return (*self.extends.lineage, self) if self.extends else (self,)

    @cached_property
    def all_natural_keys(self) -> tuple[tuple[str, ...], ...]:
        inherited = self.extends.all_natural_keys if self.extends else ()
        return (*inherited, *self.natural_keys)

    @property
    def links(self) -> dict[str, str]:
        """Link fields and the record types they point to."""
        return {f.name: f.link for f in self.fields.values() if f.kind == "link" and f.link}

    def with_custom(self, fields: tuple[Field, ...]) -> RecordType:
        """This type with the custom fields that an admin declared: each is named `custom.<name>` and hides no other."""
        named = (replace(f, name=CUSTOM_PREFIX + f.document_key, custom=True) for f in fields)
        return replace(self, custom_fields=tuple(named))
