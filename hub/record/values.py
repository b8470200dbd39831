"""Values of the Unified Partner Record and their one JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import msgspec
from msgspec import Struct


class Money(Struct, frozen=True, order=True):
    """An amount with its ISO 4217 currency; equal when both are equal as numbers and codes."""

    amount: Decimal
    currency: str


class RemoteRef(Struct, frozen=True):
    """A link as a mapping sees it: the remote id of the other record, before it is looked up."""

    remote_id: str


# A field's value. Absent is the missing key, null is None; both differ from an empty text or list.
Value = None | str | bool | int | Decimal | Money | date | datetime | UUID | RemoteRef | tuple[str, ...]
Values = Mapping[str, Value]

_encoder = msgspec.json.Encoder()


def encode_values(values: Values) -> bytes:
    """The values as JSON, in the order of the keys: decimals and dates as text, datetimes in ISO 8601 UTC."""
    return _encoder.encode(values)
