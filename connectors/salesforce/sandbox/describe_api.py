"""What the org tells of itself: objects, fields, limits, who is asking."""

from __future__ import annotations

from typing import Any

from connectors.salesforce.sandbox.calls import Answer, Call
from connectors.salesforce.sandbox.org import Org, route
from connectors.salesforce.sandbox.schema import Field, ObjectType

_SOAP_TYPES = {"boolean": "xsd:boolean", "int": "xsd:int", "date": "xsd:date", "datetime": "xsd:dateTime"}


def describe_all(org: Org, call: Call) -> Answer:
    shown = [_summary(call, kind) for kind in org.schema.types.values()]
    return Answer(200, {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": shown})


def basics(org: Org, call: Call, name: str) -> Answer:
    kind = org.schema.get(name)
    recent = [record.id for record in org.records.by_stamp(kind.name) if record.live][-5:]
    base = f"/services/data/{call.version}/sobjects/{kind.name}/"
    items = [{"attributes": {"type": kind.name, "url": base + record_id}, "Id": record_id} for record_id in recent]
    return Answer(200, {"objectDescribe": _summary(call, kind), "recentItems": items})


def describe(org: Org, call: Call, name: str) -> Answer:
    kind = org.schema.get(name)
    return Answer(200, _summary(call, kind) | {"fields": [_field(field) for field in kind.fields.values()]})


def limits(org: Org, _call: Call) -> Answer:
    left = max(org.usage.quota - org.usage.used, 0)
    return Answer(
        200,
        {
            "DailyApiRequests": {"Max": org.usage.quota, "Remaining": left},
            "DailyBulkApiBatches": {"Max": 15000, "Remaining": 15000},
            "DailyBulkV2QueryJobs": {"Max": 10000, "Remaining": 10000},
            "DailyBulkV2QueryFileStorageMB": {"Max": 976562, "Remaining": 976562},
            "DailyDurableStreamingApiEvents": {"Max": 10000, "Remaining": 10000},
            "HourlyPublishedPlatformEvents": {"Max": 50000, "Remaining": 50000},
        },
    )


def _summary(call: Call, kind: ObjectType) -> dict[str, Any]:
    base = f"/services/data/{call.version}/sobjects/{kind.name}"
    return {
        "name": kind.name,
        "label": kind.label or kind.name.removesuffix("__c").replace("_", " "),
        "keyPrefix": kind.prefix,
        "custom": kind.name.endswith("__c"),
        "createable": kind.creatable,
        "updateable": kind.updateable,
        "deletable": kind.deletable,
        "mergeable": kind.merges,
        "queryable": True,
        "retrieveable": True,
        "undeletable": kind.deletable,
        "deprecatedAndHidden": False,
        "urls": {"sobject": base, "describe": base + "/describe", "rowTemplate": base + "/{ID}"},
    }


def _field(field: Field) -> dict[str, Any]:
    numeric = field.type in ("int", "double", "currency", "percent")
    return {
        "name": field.name,
        "label": field.label or field.name.removesuffix("__c").replace("_", " "),
        "type": field.type,
        "soapType": _SOAP_TYPES.get(field.type, "xsd:double" if numeric else "xsd:string"),
        "length": 0 if numeric or field.type in ("boolean", "date", "datetime") else field.length,
        "precision": field.digits if numeric else 0,
        "scale": 2 if field.type == "currency" else 0,
        "nillable": not field.required and field.type != "boolean",
        "createable": field.writable,
        "updateable": field.writable,
        "defaultedOnCreate": field.default is not None or field.type == "boolean",
        "custom": field.custom,
        "unique": field.unique,
        "externalId": field.external_id,
        "idLookup": field.external_id or field.type == "id",
        "caseSensitive": field.case_sensitive,
        "restrictedPicklist": field.restricted,
        "picklistValues": [
            {"value": value, "label": value, "active": True, "defaultValue": False, "validFor": None}
            for value in field.values
        ],
        "referenceTo": list(field.refers_to),
        "relationshipName": field.relationship,
        "filterable": True,
        "sortable": field.type not in ("textarea", "multipicklist"),
    }


ROUTES = [
    route("GET", "/sobjects", describe_all),
    route("GET", "/sobjects/{name}", basics),
    route("GET", "/sobjects/{name}/describe", describe),
    route("GET", "/limits", limits),
]
