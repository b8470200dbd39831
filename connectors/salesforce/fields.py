"""The fields of reads and writes as the API takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def nested(fields: Mapping[str, Any]) -> dict[str, Any]:
    """`Account.Hub_Id__c` names the parent by its own key: `{"Account": {"Hub_Id__c": …}}`."""
    body: dict[str, Any] = {}
    for name, value in fields.items():
        parent, _, key = name.partition(".")
        body[parent] = {key: value} if key else value
    return body


def readable(fields: Sequence[str]) -> tuple[str, ...]:
    """Without the paths that the connector only writes: partners are rows of their own."""
    return tuple(field for field in fields if not field.startswith("Partners."))
