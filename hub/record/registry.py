"""The record types by name, as shipped and with the fields that an admin declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hub.record.deals import DEALS
from hub.record.definition import Field, RecordType
from hub.record.enable import ENABLE
from hub.record.identity import IDENTITY
from hub.record.onboard import ONBOARD
from hub.record.programs import PROGRAMS
from hub.record.sell import SALES

RECORD_TYPES: dict[str, RecordType] = {t.name: t for t in (*IDENTITY, *ONBOARD, *PROGRAMS, *ENABLE, *DEALS, *SALES)}


class UnknownRecordType(KeyError):
    """No record type has this name."""

    def __str__(self) -> str:
        return f"There is no record type {self.args[0]!r}; there are: {', '.join(RECORD_TYPES)}."


def record_type(name: str) -> RecordType:
    """The record type of this name; raises UnknownRecordType, which lists the names there are."""
    try:
        return RECORD_TYPES[name]
    except KeyError:
        raise UnknownRecordType(name) from None


def customised(declared: Mapping[str, tuple[Field, ...]]) -> dict[str, RecordType]:
    """All record types with the custom fields declared for them, inherited ones included.

    Each type's custom fields lie in the `custom` document of that type's own table.
    """
    types: dict[str, RecordType] = {}
    for shipped in RECORD_TYPES.values():  # a base comes before what extends it
        base = types[shipped.extends.name] if shipped.extends else None
        types[shipped.name] = replace(shipped, extends=base).with_custom(declared.get(shipped.name, ()))
    return types
