"""What people did in a drill: every edit with the value that they saw, so that none can have vanished unseen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Edit:
    """Somebody wrote `value`, which no other edit writes, over what stood there: `saw` (None: nothing)."""

    value: str
    place: str
    row: str
    saw: str | None


@dataclass(slots=True)
class Ledger:
    """Edits by value. `unanswered`: asked for, and no answer came; they may be lost, but not what they replaced.

    `ended`: rows that people deleted; the edits of those ended with them.
    """

    edits: dict[str, Edit] = field(default_factory=dict)
    unanswered: set[str] = field(default_factory=set)
    ended: set[tuple[str, str]] = field(default_factory=set)
    number: int = 0

    def fresh(self, word: str) -> str:
        """A value that nobody has written yet."""
        self.number += 1
        return f"{word} {self.number}"

    def note(self, edit: Edit, *, answered: bool = True) -> None:
        self.edits[edit.value] = edit
        if not answered:
            self.unanswered.add(edit.value)

    def acknowledged(self) -> int:
        return len(self.edits) - len(self.unanswered)

    def lost(self, kept: Iterable[object]) -> list[Edit]:
        """Acknowledged edits that are neither among the values `kept` nor seen by whoever wrote one of those."""
        reached: set[str] = set()
        for value in kept:
            at = value if isinstance(value, str) else None
            while at is not None and at not in reached:
                reached.add(at)
                at = self.edits[at].saw if at in self.edits else None
        return [
            edit
            for edit in self.edits.values()
            if edit.value not in reached | self.unanswered and (edit.place, edit.row) not in self.ended
        ]
