"""Associations (v4 and dated): single, default, batches and labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.responses import Response

from connectors.hubspot.sandbox.account import ApiRoute, Call
from connectors.hubspot.sandbox.answers import Json, Problem, invalid, iso, json_response, not_found
from connectors.hubspot.sandbox.associations import HUBSPOT_DEFINED, PLAIN, Label, Node, Pair

READ_BATCH = 1000
WRITE_BATCH = 2000
MAX_PAGE = 500


def read_batch(call: Call) -> Response:
    pair = _pair(call)
    results: list[Json] = []
    errors: list[Json] = []
    for one in call.inputs(_size(call, READ_BATCH)):
        record_id = str(one.get("id"))
        rows = _rows(call, Node(pair[0], record_id), pair)
        if rows:
            results.append({"from": {"id": record_id}, "to": rows})
        else:
            message = f"No {pair[1]} is associated with {pair[0]} {record_id}."
            errors.append(Problem(404, "OBJECT_NOT_FOUND", message).row({"fromObjectId": [record_id]}))
    return _answer(call, results, errors, 200)


def create_batch(call: Call) -> Response:
    return _each(call, lambda _, one: _labels(one.get("types") or []), 201)


def associate_default_batch(call: Call) -> Response:
    return _each(call, lambda pair, _: [(HUBSPOT_DEFINED, PLAIN[pair])], 200)


def archive_labels_batch(call: Call) -> Response:
    pair = _pair(call)
    for one in call.inputs(_size(call, WRITE_BATCH)):
        here, there = Node(pair[0], str(one["from"]["id"])), Node(pair[1], str(one["to"]["id"]))
        call.account.crm.associations.remove_labels(here, there, _labels(one.get("types") or []))
        call.account.crm.association_changed(here, there, removed=True, by=call.by)
    return Response(status_code=204)


def archive_batch(call: Call) -> Response:
    pair = _pair(call)
    for one in call.inputs(_size(call, WRITE_BATCH)):
        for to in one.get("to") or []:
            _remove(call, Node(pair[0], str(one["from"]["id"])), Node(pair[1], str(to["id"])))
    return Response(status_code=204)


def read_labels(call: Call) -> Response:
    pair = _pair(call)
    known = call.account.crm.associations.labels.get(pair, {})
    results = [{"category": label[0], "typeId": label[1], "label": name} for label, name in known.items()]
    return json_response({"results": results})


def create_label(call: Call) -> Response:
    there, back = call.account.crm.associations.define_label(_pair(call), str(call.body.get("label")))
    results = [{"category": label[0], "typeId": label[1], "label": call.body.get("label")} for label in (there, back)]
    return json_response({"results": results})


def list_associations(call: Call) -> Response:
    pair = _pair(call)
    rows = _rows(call, Node(pair[0], _param(call, "id")), pair)
    start, limit = int(call.query("after", "0")), int(call.query("limit", str(MAX_PAGE)))
    if not 0 < limit <= MAX_PAGE:
        raise invalid(f"limit is at most {MAX_PAGE}", code="INVALID_PAGING", field="limit")
    body: Json = {"results": rows[start : start + limit]}
    if start + limit < len(rows):
        body["paging"] = {"next": {"after": str(start + limit)}}
    return json_response(body)


def associate_default(call: Call) -> Response:
    pair = _pair(call)
    here, there = Node(pair[0], _param(call, "id")), Node(pair[1], _param(call, "to_id"))
    row = _set(call, here, there, [(HUBSPOT_DEFINED, PLAIN[pair])])
    return _answer(call, [row], [], 200)


def associate(call: Call) -> Response:
    pair = _pair(call)
    here, there = Node(pair[0], _param(call, "id")), Node(pair[1], _param(call, "to_id"))
    return json_response(_set(call, here, there, _labels(call.listed)), 201)


def remove_association(call: Call) -> Response:
    pair = _pair(call)
    _remove(call, Node(pair[0], _param(call, "id")), Node(pair[1], _param(call, "to_id")))
    return Response(status_code=204)


def _each(call: Call, labels_of: Callable[[Pair, Json], Sequence[Label]], success: int) -> Response:
    pair = _pair(call)
    results: list[Json] = []
    errors: list[Json] = []
    for one in call.inputs(_size(call, WRITE_BATCH)):
        here, there = Node(pair[0], str(one["from"]["id"])), Node(pair[1], str(one["to"]["id"]))
        try:
            results.append(_set(call, here, there, labels_of(pair, one)))
        except Problem as problem:
            errors.append(problem.row({"fromObjectId": [here.id], "toObjectId": [there.id]}))
    return _answer(call, results, errors, success)


def _set(call: Call, here: Node, there: Node, labels: Sequence[Label]) -> Json:
    crm = call.account.crm
    pair = (here.type, there.type)
    ends: list[Node] = []
    for node in (here, there):
        record = crm.find(node.type, node.id)
        if record is None or not record.live:
            raise not_found(f"There is no {node.type} {node.id}.", [node.id])
        ends.append(Node(node.type, record.id))
    if not set(labels) <= crm.associations.labels.get(pair, {}).keys():
        raise invalid(f"An association type is unknown between {here.type} and {there.type}", code="INVALID_TYPE")
    crm.associations.set(ends[0], ends[1], labels)
    crm.association_changed(ends[0], ends[1], removed=False, by=call.by)
    names = [name for label in labels if (name := crm.associations.labels[pair][label])]
    return {
        "fromObjectTypeId": here.type,
        "fromObjectId": here.id,
        "toObjectTypeId": there.type,
        "toObjectId": there.id,
        "labels": names,
    }


def _remove(call: Call, here: Node, there: Node) -> None:
    call.account.crm.associations.remove(here, there)
    call.account.crm.association_changed(here, there, removed=True, by=call.by)


def _rows(call: Call, node: Node, pair: Pair) -> list[Json]:
    crm = call.account.crm
    record = crm.find(node.type, node.id)
    found = crm.associated(Node(node.type, record.id), pair[1]) if record is not None else {}
    return [crm.associations.to_json(pair, to_id, labels) for to_id, labels in found.items()]


def _pair(call: Call) -> Pair:
    pair = (call.object_type("from_type"), call.object_type("to_type"))
    if pair not in PLAIN:
        raise invalid(f"{pair[0]} cannot be associated with {pair[1]}", code="INVALID_ASSOCIATION")
    return pair


def _labels(types: object) -> list[Label]:
    if not isinstance(types, list | tuple):
        raise invalid("types is a list", code="INVALID_TYPE")
    return [(str(each.get("associationCategory")), int(each.get("associationTypeId"))) for each in types]


def _size(call: Call, size: int) -> int:
    return min(size, int(call.account.faults.get("association_batch_size")))


def _param(call: Call, name: str) -> str:
    return str(call.request.path_params[name])


def _answer(call: Call, results: list[Json], errors: list[Json], success: int) -> Response:
    now = iso(call.account.clock.now())
    body: Json = {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
    if not errors:
        return json_response(body, success)
    return json_response({**body, "numErrors": len(errors), "errors": errors}, 207)


_BETWEEN = "/{from_type}/{id}/associations"
ROUTES: list[ApiRoute] = [
    ("associations", "POST", "/{from_type}/{to_type}/batch/read", read_batch),
    ("associations", "POST", "/{from_type}/{to_type}/batch/create", create_batch),
    ("associations", "POST", "/{from_type}/{to_type}/batch/archive", archive_batch),
    ("associations", "POST", "/{from_type}/{to_type}/batch/associate/default", associate_default_batch),
    ("associations", "POST", "/{from_type}/{to_type}/batch/labels/archive", archive_labels_batch),
    ("labels", "GET", "/{from_type}/{to_type}/labels", read_labels),
    ("labels", "POST", "/{from_type}/{to_type}/labels", create_label),
    ("object_associations", "PUT", f"{_BETWEEN}/default/{{to_type}}/{{to_id}}", associate_default),
    ("object_associations", "GET", f"{_BETWEEN}/{{to_type}}", list_associations),
    ("object_associations", "PUT", f"{_BETWEEN}/{{to_type}}/{{to_id}}", associate),
    ("object_associations", "DELETE", f"{_BETWEEN}/{{to_type}}/{{to_id}}", remove_association),
]
