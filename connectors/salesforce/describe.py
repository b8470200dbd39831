"""What an org's objects and fields are, in the hub's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.salesforce.rest import Rest
from hub.sdk.capabilities import RemoteField, RemoteObject
from hub.sdk.errors import RecordRejected

_TYPES = {
    "string": "text",
    "textarea": "text",
    "phone": "text",
    "email": "text",
    "url": "text",
    "id": "text",
    "encryptedstring": "text",
    "int": "number",
    "long": "number",
    "double": "number",
    "percent": "number",
    "currency": "money",
    "boolean": "bool",
    "date": "date",
    "datetime": "datetime",
    "picklist": "picklist",
    "combobox": "picklist",
    "multipicklist": "multipicklist",
    "reference": "reference",
}


async def object_names(rest: Rest) -> list[str]:
    """Objects that can be queried, in the org's order."""
    reply = await rest.get("/sobjects")
    return [
        str(shown["name"])
        for shown in reply.member("sobjects", list)
        if shown.get("queryable") and not shown.get("deprecatedAndHidden")
    ]


async def describe(rest: Rest, object_name: str) -> RemoteObject:
    """The object as the integration user sees it now; RecordRejected when it sees none of that name."""
    try:
        reply = await rest.get(f"/sobjects/{object_name}/describe")
    except RecordRejected as error:
        if error.status != 404:
            raise
        raise RecordRejected(
            f"Salesforce has no object {object_name}, or the integration user may not see it.",
            code=error.code,
            status=error.status,
        ) from error
    fields = [_field(shown) for shown in reply.member("fields", list)]
    return RemoteObject(object_name, str(reply.body.get("label", "")), {field.name: field for field in fields})


def _field(shown: Mapping[str, Any]) -> RemoteField:
    return RemoteField(
        name=str(shown["name"]),
        type=_TYPES.get(str(shown.get("type")), "other"),
        label=str(shown.get("label") or ""),
        writable=bool(shown.get("createable") or shown.get("updateable")),
        nullable=bool(shown.get("nillable", True)),
        unique=bool(shown.get("unique")),
        max_length=int(shown["length"]) if shown.get("length") else None,
        values=tuple(str(value["value"]) for value in shown.get("picklistValues") or () if value.get("active", True)),
        references=tuple(str(name) for name in shown.get("referenceTo") or ()),
    )
