"""The fields of a write as the API takes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def nested(fields: Mapping[str, Any]) -> dict[str, Any]:
    """`Account.Hub_Id__c` names the parent by its own key: `{"Account": {"Hub_Id__c": …}}`."""
    body: dict[str, Any] = {}
    for name, value in fields.items():
        parent, _, key = name.partition(".")
        body[parent] = {key: value} if key else value
    return body
