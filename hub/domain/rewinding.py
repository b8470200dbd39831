"""A record as it once was: its later changes taken back, the newest first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from hub.record.values import Value, Values


def rewound(values: Values, taken_back: Iterable[Values]) -> dict[str, Value]:
    """`values` before changes, newest first, of which each is given by what it replaced.

    Only fields of `values` come back: what has been taken away from the record type stays away.
    """
    state = dict(values)
    for replaced in taken_back:
        state |= {name: value for name, value in replaced.items() if name in state}
    return state


@dataclass(frozen=True, slots=True)
class Life:
    """Whether a record lived, after a number of changes."""

    deleted: bool = False
    merged_into: UUID | None = None

    @property
    def alive(self) -> bool:
        return not self.deleted and self.merged_into is None


def life_after(changes: Iterable[tuple[str, UUID | None]]) -> Life:
    """`changes`, oldest first: what each did (`op`), and for a merge the survivor."""
    life = Life()
    for op, into in changes:
        match op:
            case "delete":
                life = Life(deleted=True, merged_into=life.merged_into)
            case "merge":
                life = Life(deleted=life.deleted, merged_into=into)
            case "restore":
                life = Life()
    return life
