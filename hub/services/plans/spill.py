"""What a plan has read and not worked out yet: frames of one object, on disk."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from hub.sdk.records import Deletion, RemoteRecord
from hub.services.shelf import Shelf


class Frame(Struct, frozen=True):
    """Records and deletions of one object that were surely true at `as_of`."""

    as_of: datetime
    records: list[RemoteRecord]
    deletions: list[Deletion]


class Spill:
    """Frames in the order in which they were added; small ones are joined, so that each is worth a transaction."""

    def __init__(self, *, frame_size: int = 1000) -> None:
        self._shelf = Shelf(Frame)
        self._size = frame_size
        self._waiting: Frame | None = None

    def add(self, as_of: datetime, records: list[RemoteRecord], deletions: list[Deletion]) -> None:
        """`as_of` never goes back; joined frames are as old as the oldest of them."""
        if not records and not deletions:
            return
        before = self._waiting
        joined = (
            Frame(before.as_of, [*before.records, *records], [*before.deletions, *deletions])
            if before
            else Frame(as_of, records, deletions)
        )
        self._waiting = joined
        if len(joined.records) + len(joined.deletions) >= self._size:
            self._write()

    def frames(self) -> Iterator[Frame]:
        """All of them, once everything has been added."""
        self._write()
        yield from self._shelf

    def clear(self) -> None:
        """Forget what was added."""
        self._waiting = None
        self._shelf.clear()

    def close(self) -> None:
        self._shelf.close()

    def _write(self) -> None:
        if self._waiting is not None:
            self._shelf.put(self._waiting)
            self._waiting = None
