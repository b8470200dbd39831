"""What the API says: JSON answers, and the errors it words them with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from starlette.responses import Response

from hub.sdk.http import encode_json
from hub.sdk.sandbox import StoredRecord

Json = dict[str, Any]


class Problem(Exception):
    """An error answer; `errors` are its details, `context` what it is about."""

    def __init__(
        self,
        status: int,
        category: str,
        message: str,
        *,
        code: str = "",
        field: str = "",
        context: Mapping[str, Sequence[str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.category = category
        self.message = message
        self.code = code
        self.field = field
        self.context = dict(context or {})
        self.headers = dict(headers or {})

    def body(self) -> Json:
        body: Json = {"status": "error", "message": self.message, "category": self.category}
        if self.code:
            body["errors"] = [{"message": self.message, "code": self.code, "in": self.field}]
        if self.context:
            body["context"] = self.context
        return body

    def row(self, context: Mapping[str, Sequence[str]]) -> Json:
        """This error as one row's share of a 207."""
        return {**self.body(), "id": "", "context": {**self.context, **context}}


def invalid(message: str, *, code: str, field: str = "") -> Problem:
    return Problem(400, "VALIDATION_ERROR", message, code=code, field=field)


def conflict(message: str) -> Problem:
    return Problem(409, "CONFLICT", message)


def not_found(message: str, ids: Sequence[str] = ()) -> Problem:
    return Problem(404, "OBJECT_NOT_FOUND", message, context={"ids": list(ids)} if ids else None)


def json_response(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(encode_json(body), status, headers=headers, media_type="application/json;charset=utf-8")


def iso(moment: datetime) -> str:
    """ISO with milliseconds and Z."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def millis(moment: datetime) -> int:
    """Epoch milliseconds, cut, so that a stamp and its filter agree."""
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


def record_json(record: StoredRecord, properties: Mapping[str, object]) -> Json:
    body: Json = {
        "id": record.id,
        "properties": properties,
        "createdAt": iso(record.created_at),
        "updatedAt": iso(record.modified_at),
        "archived": record.deleted_at is not None,
    }
    if record.deleted_at is not None:
        body["archivedAt"] = iso(record.deleted_at)
    return body
