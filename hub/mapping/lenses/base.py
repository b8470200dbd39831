"""What every lens promises.

A lens reads (`get`) and writes (`put`) on its declared domain, `samples()` being members of it, and keeps two laws:

    get(put(v)) = v                     what is written is read back as it was
    put(get(s)) = s                     what was read is written as it stood

Where a lens brings many spellings into one normal form (a web address into its domain), the second law holds modulo
unchanged fields: the engine writes only fields whose value changed, so a remote spelling whose value is the same is
never overwritten, and for every s the normal form is stable: get(put(get(s))) = get(s).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from hub.mapping.errors import BadValue
from hub.record.definition import Field, Kind
from hub.record.values import Value
from hub.sdk.records import JsonValue

TEXT_KINDS: frozenset[Kind] = frozenset({"text", "longtext"})
TEXT_REMOTES = frozenset({"text", "picklist", "other", "reference"})


@dataclass(frozen=True)
class Fast:
    """The common case of a lens as one Python condition over `v` that sets `w`; when false, `get` is asked.

    `v` is the remote value, null included, and `u` the one at the extra path for lenses that write both. A true
    condition has held the value to the field. It may raise KeyError, TypeError, ValueError or AttributeError for
    values that are not common, never for null. The condition is fixed text of this package; values from a mapping
    enter through `bindings`: `{limit}` becomes a generated variable that holds `bindings["limit"]`.
    """

    condition: str
    bindings: dict[str, object] = field(default_factory=dict)


class Options(BaseModel):
    """What may stand under a lens' name in a mapping."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class NoOptions(Options):
    """For lenses that take none."""


class Lens(ABC):
    """Both directions between a remote value and a record's value; None (null) never reaches a lens.

    `fills`: kinds of record fields it can fill. `remote_types`: described remote types it fits. `normal_form`: its
    values are a normal form that every mapping of the field shares, so only `samples()` need to survive a round trip,
    not every value that the field's kind allows.
    """

    fills: ClassVar[frozenset[Kind]]
    remote_types: ClassVar[frozenset[str]] = TEXT_REMOTES
    normal_form: ClassVar[bool] = False
    extra: str | None = None
    """A second remote path that is read with the first."""
    writes_extra: ClassVar[bool] = False

    @abstractmethod
    def get(self, remote: JsonValue, extra: JsonValue = None) -> Value:
        """Remote → record; None when the remote value means null. Raises BadValue."""

    @abstractmethod
    def put(self, value: Value) -> JsonValue:
        """Record → remote. Raises BadValue outside the domain."""

    def put_extra(self, value: Value) -> JsonValue:
        """What goes to the second remote path, for lenses that write one."""
        raise NotImplementedError(f"{type(self).__name__} writes one remote field")

    @abstractmethod
    def samples(self) -> tuple[Value, ...]:
        """Members of the domain, the awkward ones included."""

    def remote_values(self) -> tuple[str, ...] | None:
        """All texts this lens may write, where they can be listed (to hold them to a remote picklist)."""
        return None

    def fast(self, field: Field) -> Fast | None:  # noqa: ARG002
        """The common case as a condition, for fields where speed counts."""
        return None


def text_of(remote: JsonValue, *, limit: int = 1_000_000) -> str:
    """A remote text, trimmed; numbers as they are written. Raises BadValue for lists, objects and truth values."""
    if isinstance(remote, str):
        text = remote.strip()
    elif isinstance(remote, bool) or not hasattr(remote, "__int__"):
        raise BadValue(f"is {json_type(remote)}, not a text")
    else:
        text = str(remote)
    if len(text) > limit:
        raise BadValue(f"has {len(text)} characters; at most {limit} are allowed")
    if "\0" in text:
        raise BadValue("holds a zero character")
    return text


def json_type(remote: JsonValue) -> str:
    """The JSON type of a value, with its article, for messages."""
    match remote:
        case bool():
            return "a truth value"
        case str():
            return "a text"
        case list() | tuple():
            return "a list"
        case dict():
            return "an object"
        case None:
            return "null"
        case _:
            return "a number"


def expect_text(value: Value) -> str:
    if not isinstance(value, str):
        raise BadValue("is not a text")
    return value
