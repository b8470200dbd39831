"""The parts of a mapping that other code reads: field rules with their policies, and what a read yields."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Literal

from msgspec import Struct

from hub.record.definition import Field
from hub.record.values import Value, Values
from hub.sdk.records import JsonValue, RemoteFields

Direction = Literal["both", "pull", "push"]
PolicyKind = Literal[
    "review", "system_of_record", "prefer_hub", "prefer_remote", "latest_wins", "fill_only", "locked_when"
]


@dataclass(frozen=True, slots=True)
class DeletePolicy:
    """What a deletion on one side does to the other: `deactivate` sets `values` there instead of deleting."""

    kind: Literal["mirror", "deactivate", "unlink", "ask"] = "unlink"
    values: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OnDelete:
    """`pull`: what a deletion there does to the hub's record; `push`: what one in the hub does there, never `ask`."""

    pull: DeletePolicy = field(default_factory=DeletePolicy)
    push: DeletePolicy = field(default_factory=DeletePolicy)

    @property
    def fields(self) -> frozenset[str]:
        """Every field that a deactivation sets."""
        return frozenset((*self.pull.values, *self.push.values))


@dataclass(frozen=True, slots=True)
class FieldPolicy:
    """Who wins when both sides changed a field.

    `system` belongs to system_of_record, `condition` to locked_when, `stamp` to latest_wins: the remote field that
    tells when this field was changed there.
    """

    kind: PolicyKind = "review"
    system: str | None = None
    condition: str | None = None
    stamp: str | None = None


@dataclass(frozen=True, slots=True)
class FieldRule:
    """One line under `fields`.

    `name` is the record's field, custom ones as `custom.<name>`. `remotes` are the remote paths it reads and writes.
    `on_null` says what an incoming null does: `keep` ours, or `clear` it. `once`: written when the hub makes the remote
    record, and never again. `rule` is the provenance shown to people.
    """

    name: str
    field: Field
    remotes: tuple[str, ...]
    direction: Direction
    on_null: Literal["keep", "clear"]
    policy: FieldPolicy
    required: bool
    line: int
    rule: str
    once: bool = False


@dataclass(frozen=True, slots=True)
class MatchRule:
    """One way to find the record that a new remote record is: equal fields, or a score over all evidence."""

    on: tuple[str, ...] = ()
    scored: bool = False


class FieldProblem(Struct, frozen=True):
    """A value that could not be mapped: `message` completes "The value …"; `value` is shortened for the operator."""

    field: str
    remote: str
    message: str
    value: str


class Mapped(Struct, frozen=True):
    """One remote record as the hub sees it.

    Absent fields are missing keys, nulls are None, link fields hold a RemoteRef. A field with a problem is absent.
    """

    values: dict[str, Value]
    problems: tuple[FieldProblem, ...]


Getter = Callable[[RemoteFields], Mapped]
Putter = Callable[[Values, Collection[str]], dict[str, JsonValue]]
