"""One emulated org: what the parts of its API share."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from connectors.salesforce.sandbox.calls import Answer, Call, VendorError
from connectors.salesforce.sandbox.feed import ChangeFeed
from connectors.salesforce.sandbox.jobs import Jobs
from connectors.salesforce.sandbox.locators import Locators
from connectors.salesforce.sandbox.oauth import OAuth
from connectors.salesforce.sandbox.query import QueryEngine
from connectors.salesforce.sandbox.records import Records
from connectors.salesforce.sandbox.schema import Schema
from connectors.salesforce.sandbox.usage import Usage
from hub.sdk.sandbox import Faults, SandboxClock


@dataclass(slots=True)
class Org:
    """The state behind the API, new after every reset."""

    clock: SandboxClock
    faults: Faults
    schema: Schema
    records: Records
    queries: QueryEngine
    oauth: OAuth
    locators: Locators
    jobs: Jobs
    usage: Usage
    feed: ChangeFeed


Handler = Callable[..., Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """One address of the API: `pattern` is matched against the path below `/services/data/vNN.0`."""

    method: str
    pattern: re.Pattern[str]
    handler: Handler


def route(method: str, path: str, handler: Handler) -> Route:
    """`path` holds `{name}` for one segment; `{value}` takes the rest, slashes too."""
    expression = re.sub(r"\{(\w+)\}", lambda found: f"(?P<{found[1]}>{_segment(found[1])})", path)
    return Route(method, re.compile(expression + "/?"), handler)


def _segment(name: str) -> str:
    return ".+" if name == "value" else "[^/]+"


def dispatch(routes: list[Route], org: Org, call: Call) -> Answer:
    """The answer to one call; raises VendorError where the API refuses it."""
    matched = False
    for known in routes:
        found = known.pattern.fullmatch(call.path)
        if found is None:
            continue
        matched = True
        if known.method == call.method:
            return known.handler(org, call, **found.groupdict())
    if matched:
        raise VendorError("METHOD_NOT_ALLOWED", f"HTTP Method '{call.method}' not allowed.", status=405)
    raise VendorError("NOT_FOUND", "The requested resource does not exist", status=404)


def row_trouble(org: Org, call: Call, object_name: str, record_id: str = "") -> None:
    """Raise the row fault that is armed for this write, if one is."""
    lock = org.faults.take("lock_row", call.name)
    if lock is not None:
        raise VendorError(
            "UNABLE_TO_LOCK_ROW",
            f"unable to obtain exclusive access to this record or 1 records: {record_id or '001000000000000AAA'}",
            status=int(org.faults.get("lock_row_status")),
        )
    rejected = org.faults.take("reject_row", call.name)
    if rejected is not None:
        message = str(rejected.options.get("message", "The record does not meet a validation rule."))
        raise VendorError("FIELD_CUSTOM_VALIDATION_EXCEPTION", message)
    _double_trouble(org, call, object_name)


def _double_trouble(org: Org, call: Call, object_name: str) -> None:
    unique = org.faults.take("duplicate_value", call.name)
    if unique is not None:
        raise VendorError(
            "DUPLICATE_VALUE",
            f"duplicate value found: {unique.options.get('field', 'Hub_Id__c')} duplicates value on record with id: "
            f"{unique.options.get('existing_id') or _any_id(org, object_name)}",
        )
    rule = org.faults.take("duplicate_rule", call.name)
    if rule is not None and "allowsave=true" not in call.headers.get("sforce-duplicate-rule-header", "").lower():
        existing = str(rule.options.get("existing_id") or _any_id(org, object_name))
        raise duplicates_detected(org, object_name, existing)


def _any_id(org: Org, object_name: str) -> str:
    return next((record.id for record in org.records.by_stamp(object_name) if record.live), "001000000000000AAA")


def duplicates_detected(org: Org, object_name: str, existing_id: str) -> VendorError:
    """A duplicate rule's hit; the body's key is misspelt on the wire."""
    found = {
        "allowSave": True,
        "duplicateRule": f"Standard_{object_name}_Duplicate_Rule",
        "duplicateRuleEntityType": object_name,
        "errorMessage": "Use one of these records?",
        "matchResults": [
            {
                "entityType": object_name,
                "matchRecords": [{"record": {"attributes": {"type": object_name}, "Id": existing_id}}],
            }
        ],
    }
    return VendorError(
        "DUPLICATES_DETECTED", "Use one of these records?", extra={str(org.faults.get("duplicate_body_key")): found}
    )
