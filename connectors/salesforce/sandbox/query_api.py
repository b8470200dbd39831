"""`/query`, `/queryAll` and the pages after the first."""

from __future__ import annotations

import re
from typing import Any

from connectors.salesforce.sandbox.calls import Answer, Call, VendorError
from connectors.salesforce.sandbox.org import Org, route
from connectors.salesforce.sandbox.soql import Query, parse

DEFAULT_BATCH = 2000
MIN_BATCH = 200
_BATCH_SIZE = re.compile(r"batchSize\s*=\s*(\d+)", re.IGNORECASE)
# Fields that a poisoned record keeps intact unless the fault names them: readers page by them.
_KEPT = ("attributes", "Id", "SystemModstamp", "IsDeleted", "MasterRecordId")


def query(org: Org, call: Call) -> Answer:
    return _run(org, call, deleted_too=False)


def query_all(org: Org, call: Call) -> Answer:
    return _run(org, call, deleted_too=True)


def more(org: Org, call: Call, locator: str) -> Answer:
    rows, following, total = org.locators.next(locator, call.name)
    return Answer(200, _result(org, call, rows, total, following))


def _run(org: Org, call: Call, *, deleted_too: bool) -> Answer:
    statement = call.params.get("q", "")
    if not statement.strip():
        raise VendorError("MALFORMED_QUERY", "A query string has to be specified")
    tree = parse(statement)
    if tree.columns:
        return Answer(200, _aggregate(org, tree, deleted_too=deleted_too))
    records = org.queries.run(tree, deleted_too=deleted_too)
    if not tree.fields:
        return Answer(200, {"totalSize": len(records), "done": True, "records": []})
    render = org.queries.paths.renderer(org.queries.type_of(tree), tree.fields, call.version)
    rows, following = org.locators.open(records, render, _batch_size(call))
    return Answer(200, _result(org, call, rows, len(records), following))


def _aggregate(org: Org, tree: Query, *, deleted_too: bool) -> dict[str, Any]:
    """An aggregate query has no pages: https://developer.salesforce.com/docs/platform/salesforce-soql-sosl/guide/
    sforce-api-calls-soql-select-groupby-consider.html"""
    rows = org.queries.aggregate(tree, deleted_too=deleted_too)
    if len(rows) > DEFAULT_BATCH:
        raise VendorError("EXCEEDED_ID_LIMIT", "Aggregate query does not support queryMore(), use LIMIT to restrict the"
                          " results to a single batch")  # fmt: skip
    return {"totalSize": len(rows), "done": True, "records": rows}


def _batch_size(call: Call) -> int:
    found = _BATCH_SIZE.search(call.headers.get("sforce-query-options", ""))
    return DEFAULT_BATCH if found is None else min(max(int(found[1]), MIN_BATCH), DEFAULT_BATCH)


def _result(org: Org, call: Call, rows: list[dict[str, Any]], total: int, following: str | None) -> dict[str, Any]:
    if rows and (poison := org.faults.take("poison_record", call.name)):
        place = len(rows) // 2
        rows[place] = _poisoned(rows[place], poison.options.get("field"))
    body: dict[str, Any] = {"totalSize": total, "done": following is None, "records": rows}
    if following is not None:
        body["nextRecordsUrl"] = f"/services/data/{call.version}/query/{following}"
    return body


def _poisoned(row: dict[str, Any], field: object) -> dict[str, Any]:
    """The row with one value of a JSON type that the field never has."""
    texts = [name for name, value in row.items() if name not in _KEPT and isinstance(value, str)]
    name = str(field) if field else (texts[0] if texts else "Name")
    return row | {name: [{"unexpected": row.get(name)}]}


ROUTES = [
    route("GET", "/query", query),
    route("GET", "/queryAll", query_all),
    route("GET", "/query/{locator}", more),
    route("GET", "/queryAll/{locator}", more),
]
