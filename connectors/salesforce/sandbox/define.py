"""How the sandbox's object types and fields are written down."""

from __future__ import annotations

from collections.abc import Iterable

from connectors.salesforce.sandbox.schema import AUTHOR_FIELD, STAMP_FIELDS, Field, ObjectType

CURRENCIES = ("USD", "EUR", "GBP", "CHF", "JPY", "AUD", "CAD", "SEK", "PLN", "INR", "BRL", "CNY", "MXN", "SGD")


def text(name: str, length: int = 255, **more: object) -> Field:
    return Field(name, "string", length=length, **more)  # type: ignore[arg-type]


def picklist(name: str, *values: str, restricted: bool = False, required: bool = False) -> Field:
    return Field(name, "picklist", values=values, restricted=restricted, required=required)


def lookup(name: str, *objects: str, relationship: str | None = None, required: bool = False) -> Field:
    relationship = relationship or (name.removesuffix("__c") + "__r" if name.endswith("__c") else name[:-2])
    return Field(name, "reference", length=18, refers_to=objects, relationship=relationship, required=required)


def key(name: str) -> Field:
    return Field(name, "string", length=36, unique=True, external_id=True)


def currency() -> Field:
    return Field("CurrencyIsoCode", "picklist", values=CURRENCIES, restricted=True, default="USD")


def define(
    name: str,
    prefix: str,
    fields: Iterable[Field],
    *,
    merges: bool = False,
    creatable: bool = True,
    updateable: bool = True,
    deletable: bool = True,
) -> ObjectType:
    system = [Field("Id", "id", length=18, writable=False)]
    stamps = [Field(stamp, "datetime", writable=False) for stamp in STAMP_FIELDS]
    user = Field(
        AUTHOR_FIELD, "reference", length=18, writable=False, refers_to=("User",), relationship="LastModifiedBy"
    )
    stamps.append(user)
    if name not in ("User", "Organization"):
        stamps.append(Field("IsDeleted", "boolean", writable=False))
    if merges:
        master = Field(
            "MasterRecordId", "reference", length=18, writable=False, refers_to=(name,), relationship="MasterRecord"
        )
        stamps.append(master)
    known = {known.name: known for known in [*system, *fields, *stamps]}
    return ObjectType(
        name, prefix, known, merges=merges, creatable=creatable, updateable=updateable, deletable=deletable
    )
