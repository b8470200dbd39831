"""What people did: every edit with the value that they saw, so that afterwards nothing can have vanished unseen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from hub.record.values import Money, Value, encode_values

# (record type at the root, field, value in one text form)
Key = tuple[str, str, str]


def key_of(root: str, name: str, value: Value) -> Key | None:
    """How a value is told from all others of its field; None for nothing."""
    if value is None:
        return None
    if isinstance(value, Money):
        return root, name, f"{value.amount.normalize()} {value.currency}"
    if isinstance(value, Decimal):
        return root, name, str(value.normalize())
    return root, name, encode_values({"": value}).decode()[4:-1]


@dataclass(frozen=True, slots=True)
class Edit:
    """A person wrote `value`, which no other edit writes, over what stood there: `saw` (None: nothing).

    Not `acknowledged`: the person was not told that it is stored, and must not rely on it.
    """

    value: Key
    place: str
    row: str
    saw: Key | None
    acknowledged: bool = True


@dataclass(slots=True)
class Ledger:
    """All edits by value.

    `ended`: rows that people deleted or merged away; edits of those ended with them. `given_up`: values that somebody
    saw and gave up, or that no engine could have noticed.
    """

    edits: dict[Key, Edit] = field(default_factory=dict)
    ended: set[tuple[str, str]] = field(default_factory=set)
    given_up: set[Key] = field(default_factory=set)

    def note(self, value: Key | None, *, place: str, row: str, saw: Key | None, acknowledged: bool = True) -> None:
        if value is not None:
            self.edits[value] = Edit(value, place, row, saw, acknowledged)

    def acknowledge(self, values: Iterable[Key | None]) -> None:
        for value in values:
            if value is not None:
                self.edits[value] = replace(self.edits[value], acknowledged=True)

    def give_up(self, values: Iterable[Key | None]) -> None:
        self.given_up |= {value for value in values if value is not None}

    def saw(self, later: Key, earlier: Key) -> bool:
        """Whether who typed `later` saw `earlier`, or something typed over it."""
        at: Key | None = later
        seen: set[Key] = set()
        while at is not None and at in self.edits and at not in seen:
            seen.add(at)
            at = self.edits[at].saw
            if at == earlier:
                return True
        return False

    def lost(self, kept: Iterable[Key | None]) -> list[Edit]:
        """Edits that are neither among the values `kept` nor seen by whoever wrote one of those."""
        reached: set[Key] = set()
        for value in (*kept, *self.given_up):
            at = value
            while at is not None and at not in reached:
                reached.add(at)
                at = self.edits[at].saw if at in self.edits else None
        return [
            edit
            for edit in self.edits.values()
            if edit.acknowledged and edit.value not in reached and (edit.place, edit.row) not in self.ended
        ]
