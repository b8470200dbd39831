"""Reading, writing, searching and merging single objects."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from itertools import islice

from starlette.responses import Response

from connectors.hubspot.sandbox.account import ApiRoute, Call, answered_properties, visible_record
from connectors.hubspot.sandbox.answers import Json, Problem, invalid, json_response, record_json
from connectors.hubspot.sandbox.associations import HUBSPOT_DEFINED, PRIMARY, Node
from connectors.hubspot.sandbox.schema import SINGULAR, type_of
from hub.sdk.sandbox import StoredRecord

MAX_PAGE = 100
MAX_PAGE_WITH_HISTORY = 50


def list_objects(call: Call) -> Response:
    object_type = call.object_type()
    limit, after = _page_of(call)
    found = list(islice(_listed(call, object_type, after), limit + 1))
    body: Json = {"results": [_listed_json(call, object_type, record) for record in found[:limit]]}
    if len(found) > limit:
        token = base64.urlsafe_b64encode(f"id:{found[limit - 1].id}".encode()).decode()
        body["paging"] = {"next": {"after": token, "link": str(call.request.url.include_query_params(after=token))}}
    return json_response(body)


def _page_of(call: Call) -> tuple[int, str | None]:
    maximum = MAX_PAGE_WITH_HISTORY if call.names("propertiesWithHistory") else MAX_PAGE
    text = call.query("limit", "10")
    if not text.isdigit() or not 0 < int(text) <= maximum:
        raise invalid(f"limit is at most {maximum}", code="INVALID_PAGING", field="limit")
    token = call.query("after")
    if not token:
        return int(text), None
    try:
        kind, _, record_id = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
    except ValueError as exc:
        raise invalid("The paging token is invalid", code="INVALID_PAGING", field="after") from exc
    if kind != "id" or not record_id.isdigit() or call.account.faults.take("expire_cursor", call.name):
        raise invalid("The paging token is invalid or has expired", code="INVALID_PAGING", field="after")
    return int(text), record_id


def _listed(call: Call, object_type: str, after: str | None) -> Iterator[StoredRecord]:
    crm = call.account.crm
    table = crm.tables[object_type]
    if call.archived:
        ids: Iterator[str] = iter(sorted(table.archived, key=int))
        ids = (record_id for record_id in ids if after is None or int(record_id) > int(after))
    else:
        ids = table.ids_after(after)
    for record_id in ids:
        record = crm.world.get(object_type, record_id)
        if record is not None and record.merged_into is None and not record.purged and record.live != call.archived:
            yield record


def _listed_json(call: Call, object_type: str, record: StoredRecord) -> Json:
    body = record_json(record, answered_properties(call, object_type, record, call.names("properties")))
    if asked := call.names("associations"):
        body["associations"] = {name: _associated(call, object_type, record, name) for name in asked}
    return body


def _associated(call: Call, object_type: str, record: StoredRecord, name: str) -> Json:
    to_type = type_of(name)
    if to_type is None:
        raise invalid(f"Unable to infer object type from: {name}", code="INVALID_ASSOCIATION", field="associations")
    label = (HUBSPOT_DEFINED, PRIMARY.get((object_type, to_type)))
    kind = f"{SINGULAR[object_type]}_to_{SINGULAR[to_type]}"
    rows = call.account.crm.associated(Node(object_type, record.id), to_type).items()
    return {"results": [{"id": id, "type": kind if label in labels else f"{kind}_unlabeled"} for id, labels in rows]}


def create_object(call: Call) -> Response:
    object_type = call.object_type()
    properties = _properties(call.body)
    record = call.account.crm.create(object_type, properties, by=call.by)
    associate_created(call, object_type, record, call.body.get("associations") or [])
    return json_response(_written_json(call, object_type, record, properties), 201)


def associate_created(call: Call, object_type: str, record: StoredRecord, associations: list[Json]) -> None:
    """Set the associations that a create request brought along."""
    for one in associations:
        types = one.get("types") or []
        to_id = str((one.get("to") or {}).get("id"))
        labels = [(str(each["associationCategory"]), int(each["associationTypeId"])) for each in types]
        to_type = next(
            (
                pair[1]
                for pair, known in call.account.crm.associations.labels.items()
                if pair[0] == object_type and set(labels) <= known.keys()
            ),
            None,
        )
        if to_type is None or call.account.crm.find_by(to_type, None, to_id) is None:
            raise invalid(f"The association to {to_id} is invalid", code="INVALID_ASSOCIATION", field="associations")
        call.account.crm.associations.set(Node(object_type, record.id), Node(to_type, to_id), labels)


def read_object(call: Call) -> Response:
    object_type = call.object_type()
    record = visible_record(call, object_type, call.request.path_params["id"], call.query("idProperty") or None)
    return json_response(_listed_json(call, object_type, record))


def update_object(call: Call) -> Response:
    object_type = call.object_type()
    record = visible_record(call, object_type, call.request.path_params["id"], call.query("idProperty") or None)
    properties = _properties(call.body)
    call.account.crm.update(object_type, record, properties, by=call.by)
    return json_response(_written_json(call, object_type, record, properties))


def archive_object(call: Call) -> Response:
    call.account.crm.archive(call.object_type(), call.request.path_params["id"], by=call.by)
    return Response(status_code=204)


def search_objects(call: Call) -> Response:
    object_type = call.object_type()
    if call.body.get("after") and call.account.faults.take("expire_cursor", call.name):
        raise invalid("The paging token has expired", code="INVALID_PAGING", field="after")
    found = call.account.search.run(object_type, call.body)
    names = [str(name) for name in call.body.get("properties") or []]
    results = []
    for state in found.states:
        row = record_json(state.record, answered_properties(call, object_type, state.record, names, state.fields))
        results.append(row)
    body: Json = {"total": found.total, "results": results}
    if found.after is not None:
        body["paging"] = {"next": {"after": found.after}}
    return json_response(body)


def merge_objects(call: Call) -> Response:
    object_type = call.object_type()
    primary, other = str(call.body.get("primaryObjectId")), str(call.body.get("objectIdToMerge"))
    record = call.account.crm.merge(object_type, primary, other, by=call.by)
    return json_response(_written_json(call, object_type, record, {}))


def delete_for_privacy(call: Call) -> Response:
    object_type = call.object_type()
    record = call.account.crm.find_by(object_type, call.body.get("idProperty"), str(call.body.get("objectId")))
    if record is not None:
        call.account.crm.purge(object_type, record.id, by=call.by)
    return Response(status_code=204)


def _properties(body: Json) -> Json:
    properties = body.get("properties")
    if not isinstance(properties, dict):
        raise Problem(400, "VALIDATION_ERROR", "properties is required")
    return properties


def _written_json(call: Call, object_type: str, record: StoredRecord, properties: Json) -> Json:
    return record_json(record, answered_properties(call, object_type, record, list(properties)))


ROUTES: list[ApiRoute] = [
    ("objects", "GET", "/{object_type}", list_objects),
    ("objects", "POST", "/{object_type}", create_object),
    ("objects", "POST", "/{object_type}/search", search_objects),
    ("objects", "POST", "/{object_type}/merge", merge_objects),
    ("objects", "POST", "/{object_type}/gdpr-delete", delete_for_privacy),
    ("objects", "GET", "/{object_type}/{id}", read_object),
    ("objects", "PATCH", "/{object_type}/{id}", update_object),
    ("objects", "DELETE", "/{object_type}/{id}", archive_object),
]
