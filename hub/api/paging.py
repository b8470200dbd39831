"""Lists in pages: an opaque cursor leads to the next one."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from fastapi import Query
from pydantic import BaseModel, Field

from hub.services.refusals import invalid

T = TypeVar("T")
MOST = 500


class Page(BaseModel, Generic[T]):
    """One page of a list; without `next_cursor` it is the last."""

    items: list[T]
    next_cursor: str | None = Field(None, description="Send it as `cursor` to get the next page.")


Limit = Annotated[int, Query(ge=1, le=MOST, description="Most items of a page.")]
Cursor = Annotated[str | None, Query(max_length=1000, description="`next_cursor` of the page before.")]
IdPath = Annotated[int, Field(ge=1, lt=2**63)]


def page_of(items: Sequence[T], *, limit: int, position: Callable[[T], object]) -> Page[T]:
    """A page of at most `limit` items; `items` holds one more when there is a next page."""
    shown = list(items[:limit])
    more = len(items) > limit
    return Page[Any](items=shown, next_cursor=encode_cursor(position(shown[-1])) if more else None)


def encode_cursor(position: object) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


P = TypeVar("P")


def decode_cursor(cursor: str | None, kind: type[P]) -> P | None:
    """The position behind a cursor; raises Invalid for what this list never gave out."""
    if cursor is None:
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=kind)
    except (binascii.Error, msgspec.DecodeError, ValueError):
        raise invalid("cursor", "is not one that this list gave out; begin again without it") from None
