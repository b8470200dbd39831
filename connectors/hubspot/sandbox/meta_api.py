"""What describes the account: properties, pipelines, owners, schemas and the account itself."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from connectors.hubspot.sandbox.account import PORTAL_ID, ApiRoute, Call
from connectors.hubspot.sandbox.answers import Json, Problem, invalid, iso, json_response, not_found
from connectors.hubspot.sandbox.schema import OWNERS, SINGULAR, TYPE_IDS, Owner, Pipeline, Property

_TYPES = ("bool", "date", "datetime", "enumeration", "number", "phone_number", "string")
MAX_UNIQUE = 10


def list_properties(call: Call) -> Response:
    object_type = call.object_type()
    properties = call.account.crm.properties[object_type].values()
    return json_response({"results": [_property_json(call, object_type, each) for each in properties]})


def read_property(call: Call) -> Response:
    object_type = call.object_type()
    return json_response(_property_json(call, object_type, _property(call, object_type)))


def create_property(call: Call) -> Response:
    object_type = call.object_type()
    name, kind = str(call.body.get("name")), str(call.body.get("type"))
    known = call.account.crm.properties[object_type]
    if kind not in _TYPES:
        raise invalid(f"{kind!r} is no property type", code="INVALID_TYPE", field="type")
    if name in known:
        raise Problem(409, "OBJECT_ALREADY_EXISTS", f"A property named {name!r} already exists.")
    unique = bool(call.body.get("hasUniqueValue"))
    if unique and sum(each.unique and each.custom for each in known.values()) >= MAX_UNIQUE:
        raise invalid(f"At most {MAX_UNIQUE} unique properties are allowed", code="LIMIT", field="hasUniqueValue")
    options = [str(each["value"]) for each in call.body.get("options") or []]
    field_type = str(call.body.get("fieldType") or "text")
    known[name] = Property(name, kind, field_type, options, unique=unique, custom=True)
    return json_response(_property_json(call, object_type, known[name]), 201)


def update_property(call: Call) -> Response:
    object_type = call.object_type()
    property = _property(call, object_type)
    if "options" in call.body:
        options = [str(each["value"]) for each in call.body["options"]]
        property = call.account.crm.properties[object_type][property.name] = replace(property, options=options)
    return json_response(_property_json(call, object_type, property))


def archive_property(call: Call) -> Response:
    object_type = call.object_type()
    property = _property(call, object_type)
    if not property.custom:
        raise invalid("A property of HubSpot cannot be archived", code="READ_ONLY", field=property.name)
    del call.account.crm.properties[object_type][property.name]
    return Response(status_code=204)


def _property(call: Call, object_type: str) -> Property:
    name = str(call.request.path_params["name"])
    property = call.account.crm.properties[object_type].get(name)
    if property is None:
        raise not_found(f'Property "{name}" does not exist')
    return property


def _property_json(call: Call, object_type: str, property: Property) -> Json:
    values = call.account.crm.rules.options(object_type, property)
    return {
        "name": property.name,
        "label": property.label,
        "type": property.type,
        "fieldType": property.field_type,
        "groupName": f"{SINGULAR[object_type]}information",
        "description": "",
        "options": [
            {"label": value, "value": value, "displayOrder": n, "hidden": False} for n, value in enumerate(values)
        ],
        "hasUniqueValue": property.unique,
        "hidden": False,
        "calculated": False,
        "externalOptions": bool(property.referenced),
        "hubspotDefined": not property.custom,
        "archived": False,
        "formField": False,
        "modificationMetadata": {
            "archivable": property.custom,
            "readOnlyDefinition": not property.custom,
            "readOnlyValue": property.read_only,
        },
    }


def list_pipelines(call: Call) -> Response:
    pipelines = call.account.crm.pipelines.get(call.object_type(), [])
    return json_response({"results": [_pipeline_json(call, each, n) for n, each in enumerate(pipelines)]})


def read_pipeline(call: Call) -> Response:
    wanted = call.request.path_params["id"]
    for number, each in enumerate(call.account.crm.pipelines.get(call.object_type(), [])):
        if each.id == wanted:
            return json_response(_pipeline_json(call, each, number))
    raise not_found(f"There is no pipeline {wanted}.")


def _pipeline_json(call: Call, pipeline: Pipeline, number: int) -> Json:
    born = iso(call.account.clock.now())
    common = {"createdAt": born, "updatedAt": born, "archived": False}
    stages = [
        {
            **common,
            "id": stage.id,
            "label": stage.label,
            "displayOrder": place,
            "metadata": {"probability": stage.probability, "isClosed": "true" if stage.closed else "false"},
        }
        for place, stage in enumerate(pipeline.stages)
    ]
    return {**common, "id": pipeline.id, "label": pipeline.label, "displayOrder": number, "stages": stages}


def list_owners(call: Call) -> Response:
    email = call.query("email")
    start, limit = int(call.query("after", "0")), int(call.query("limit", "100"))
    found = [owner for owner in OWNERS if not email or owner.email == email]
    found = [] if call.archived else found
    body: Json = {"results": [_owner_json(call, each) for each in found[start : start + limit]]}
    if start + limit < len(found):
        body["paging"] = {"next": {"after": str(start + limit)}}
    return json_response(body)


def read_owner(call: Call) -> Response:
    wanted = call.request.path_params["id"]
    for owner in OWNERS:
        if owner.id == wanted:
            return json_response(_owner_json(call, owner))
    raise not_found(f"There is no owner {wanted}.")


def _owner_json(call: Call, owner: Owner) -> Json:
    born = iso(call.account.clock.now())
    return {
        "id": owner.id,
        "userId": owner.user_id,
        "email": owner.email,
        "firstName": owner.first_name,
        "lastName": owner.last_name,
        "type": "PERSON",
        "createdAt": born,
        "updatedAt": born,
        "archived": False,
    }


def list_schemas(_: Call) -> Response:
    return json_response({"results": []})  # custom objects only, and this account has none


def read_schema(call: Call) -> Response:
    object_type = call.object_type()
    properties = call.account.crm.properties[object_type].values()
    return json_response(
        {
            "id": TYPE_IDS[object_type],
            "objectTypeId": TYPE_IDS[object_type],
            "name": object_type,
            "fullyQualifiedName": object_type,
            "labels": {"singular": SINGULAR[object_type].capitalize(), "plural": object_type.capitalize()},
            "requiredProperties": [],
            "associations": [],
            "properties": [_property_json(call, object_type, each) for each in properties],
        }
    )


def account_details(_: Call) -> Response:
    return json_response(
        {
            "portalId": PORTAL_ID,
            "accountType": "SANDBOX",
            "timeZone": "US/Eastern",
            "companyCurrency": "USD",
            "additionalCurrencies": ["EUR"],
            "utcOffset": "-05:00",
            "utcOffsetMilliseconds": -18_000_000,
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": "na1",
        }
    )


ROUTES: list[ApiRoute] = [
    ("properties", "GET", "/{object_type}", list_properties),
    ("properties", "POST", "/{object_type}", create_property),
    ("properties", "GET", "/{object_type}/{name}", read_property),
    ("properties", "PATCH", "/{object_type}/{name}", update_property),
    ("properties", "DELETE", "/{object_type}/{name}", archive_property),
    ("pipelines", "GET", "/{object_type}", list_pipelines),
    ("pipelines", "GET", "/{object_type}/{id}", read_pipeline),
    ("owners", "GET", "", list_owners),
    ("owners", "GET", "/", list_owners),
    ("owners", "GET", "/{id}", read_owner),
    ("schemas", "GET", "", list_schemas),
    ("schemas", "GET", "/{object_type}", read_schema),
    ("account", "GET", "/details", account_details),
]
