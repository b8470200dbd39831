"""The lens that turns a remote reference into a link between records."""

from __future__ import annotations

from typing import Literal

from pydantic import Field as Option
from pydantic import model_validator

from hub.mapping.errors import BadValue
from hub.mapping.lenses.base import Fast, Lens, Options, json_type, text_of
from hub.record.definition import Field
from hub.record.values import RemoteRef, Value
from hub.sdk.records import JsonValue

MAX_ID = 200


class LinkOptions(Options):
    to: str = Option(description="The record type that the remote record is.")
    many: Literal["one", "first"] = Option(
        "one", description="Of a remote list of references: there must be one, or the first counts."
    )
    list_: bool = Option(False, alias="list", description="The remote keeps a list of references.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return {"to": value} if isinstance(value, str) else value


class LinkLens(Lens):
    """A remote id ↔ a link; the engine looks up and fills in the record's own id."""

    fills = frozenset({"link"})
    remote_types = frozenset({"reference", "text", "number", "other"})

    def __init__(self, options: LinkOptions) -> None:
        self.to = options.to
        self._list = options.list_
        self._first = options.many == "first"

    def get(self, remote: JsonValue, extra: JsonValue = None) -> Value:  # noqa: ARG002
        if not self._list:
            return _ref(remote)
        if not isinstance(remote, list | tuple):
            raise BadValue(f"is {json_type(remote)}, not a list of references")
        refs = list(dict.fromkeys(ref for ref in map(_ref, remote) if ref is not None))
        if len(refs) > 1 and not self._first:
            raise BadValue(f"refers to {len(refs)} records; one is expected")
        return refs[0] if refs else None

    def put(self, value: Value) -> JsonValue:
        if not isinstance(value, RemoteRef):
            raise BadValue("is not a reference")
        return [value.remote_id] if self._list else value.remote_id

    def samples(self) -> tuple[Value, ...]:
        return (RemoteRef("0015g00000AbCdEAAV"), RemoteRef("42"))

    def fast(self, field: Field) -> Fast | None:  # noqa: ARG002
        if self._list:
            return None
        return Fast(
            "v.__class__ is str and 0 < len(v) <= {limit} and v.isalnum() and (w := {ref}(v))",
            {"ref": RemoteRef, "limit": MAX_ID},
        )


def _ref(remote: JsonValue) -> RemoteRef | None:
    if isinstance(remote, dict):
        remote = remote.get("id", remote.get("Id"))
    text = "" if remote is None else text_of(remote, limit=MAX_ID)
    return RemoteRef(text) if text else None
