"""One API call inside the sandbox, its answer, and the vendor's error shapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hub.sdk.http import decode_json, encode_json


class VendorError(Exception):
    """An error as the API words it: rows use the key `errorCode`, collections `statusCode` for the same code."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 400,
        fields: tuple[str, ...] = (),
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields
        self.extra = dict(extra or {})

    def as_row(self) -> dict[str, Any]:
        body: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields:
            body["fields"] = list(self.fields)
        return body | self.extra

    def as_save_error(self) -> dict[str, Any]:
        return {"statusCode": self.code, "message": self.message, "fields": list(self.fields)} | self.extra


@dataclass(frozen=True, slots=True)
class Call:
    """A request below `/services/data/vNN.0`; header names are lower-case, `path` begins with a slash."""

    method: str
    path: str
    version: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    client: str = "unknown"

    @property
    def name(self) -> str:
        """What faults are matched against."""
        return f"{self.method} /services/data/{self.version}{self.path}"

    @property
    def release(self) -> float:
        return float(self.version[1:])

    def json(self) -> Any:
        try:
            return decode_json(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            raise VendorError("JSON_PARSER_ERROR", f"Unexpected character or end of input: {exc}") from exc

    def json_object(self) -> dict[str, Any]:
        body = self.json()
        if not isinstance(body, dict):
            raise VendorError("JSON_PARSER_ERROR", "Can not deserialize instance: expected an object")
        return body


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: `body` is JSON unless it is bytes; None is an empty body."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media: str = "application/json;charset=UTF-8"

    def content(self) -> bytes:
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else encode_json(self.body)


def refusal(error: VendorError) -> Answer:
    """The error as the answer to a whole call."""
    return Answer(error.status, [error.as_row()])


def not_found() -> VendorError:
    return VendorError("NOT_FOUND", "The requested resource does not exist", status=404)
