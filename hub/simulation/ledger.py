"""What people did: every edit with the value that they saw, so that afterwards nothing can have vanished unseen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Edit:
    """A person wrote `value`, which no other edit writes, over what stood there: `saw` (None: nothing)."""

    value: str
    field: str
    place: str
    row: str
    saw: str | None


@dataclass(slots=True)
class Ledger:
    """All edits by value.

    `ended`: rows that people deleted or merged away; edits of those ended with them. `cleared`: values that somebody
    saw and gave up.
    """

    edits: dict[str, Edit] = field(default_factory=dict)
    ended: set[tuple[str, str]] = field(default_factory=set)
    cleared: set[str] = field(default_factory=set)
    number: int = 0

    def fresh(self, name: str) -> str:
        """A value that nobody has written yet."""
        self.number += 1
        return f"{name}-{self.number}"

    def note(self, *, value: str, field_name: str, place: str, row: str, saw: object) -> None:
        self.edits[value] = Edit(value, field_name, place, row, saw if isinstance(saw, str) else None)

    def lost(self, kept: Iterable[object]) -> list[Edit]:
        """Edits that are neither among the values `kept` nor seen by whoever wrote one of those."""
        reached: set[str] = set()
        for value in (*kept, *self.cleared):
            at = value if isinstance(value, str) else None
            while at is not None and at not in reached:
                reached.add(at)
                at = self.edits[at].saw if at in self.edits else None
        return [
            edit
            for edit in self.edits.values()
            if edit.value not in reached and (edit.place, edit.row) not in self.ended
        ]
