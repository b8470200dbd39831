"""Plans: what a run would do, item by item, and which of it a person allows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args
from uuid import UUID

PlanKind = Literal["sync", "guard", "undo", "repair"]
PlanState = Literal["building", "proposed", "approved", "applying", "applied", "rejected", "superseded", "failed"]
ItemState = Literal["planned", "applied", "skipped"]
Direction = Literal["in", "out"]
Action = Literal[
    "delete",
    "merge",
    "null",
    "change",
    "restore",
    "ambiguous",
    "create",
    "link",
    "conflict",
    "agree",
    "quarantine",
    "out_of_scope",
]

# The gravest first: an item is named by the gravest thing that it does.
GRAVITY: tuple[Action, ...] = get_args(Action)

DIRECTIONS: tuple[Direction, ...] = get_args(Direction)

# What a person allows or leaves out. Every other action writes nothing that anybody sees elsewhere, or belongs to one
# of these (`_ALLOWED_AS`).
Allowable = Literal["link", "create", "change", "null", "delete"]
ALLOWABLE: tuple[Allowable, ...] = get_args(Allowable)

_ALLOWED_AS: Mapping[Action, Allowable] = {
    "link": "link",
    "create": "create",
    "ambiguous": "create",
    "restore": "create",
    "change": "change",
    "null": "null",
    "delete": "delete",
    "merge": "delete",
}


@dataclass(frozen=True, slots=True)
class PlanItem:
    """What becomes of one record. `fields`: name → [before, after], JSON values.

    `basis_remote` is the fingerprint of the mapped remote values (None: nobody has read them), `basis_version` the
    version of the hub's record (None: it has none yet); both as they were when the plan was made. An item that is
    proposed with a `reason` is left out from the start, and is there to be seen.
    """

    direction: Direction
    object: str
    record_type: str
    action: Action
    remote_id: str | None = None
    record_id: UUID | None = None
    fields: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    basis_remote: bytes | None = None
    basis_version: int | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None


def gravest(actions: Iterable[Action]) -> Action:
    """The action that names an item which does all of these."""
    return min(actions, key=GRAVITY.index)


def writing(fields: Mapping[str, tuple[Any, Any]]) -> Action:
    """`null` where one of the fields is emptied, else `change`."""
    emptied = any(after is None and before is not None for before, after in fields.values())
    return "null" if emptied else "change"


def is_allowed(action: Action, allow: Collection[Allowable]) -> bool:
    """Whether an item of this action may be applied when only `allow` is."""
    return _ALLOWED_AS.get(action, None) in (None, *allow)
