"""Pages that were looked through and not stored yet: in memory while they are few, then on disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec import Struct

from hub.sdk.records import Deletion, RemoteRecord
from hub.services.counts import Counts
from hub.services.inbound import Incoming, prepare
from hub.services.objects import ObjectSync
from hub.services.shelf import Shelf

_IN_MEMORY = 2000  # records and deletions
_A_COMMIT = 500  # pages with fewer are stored together


class _Shelved(Struct, frozen=True):
    """A page as it lies on disk."""

    cursor: str | None
    as_of: datetime
    counts: dict[str, int]
    records: list[RemoteRecord]
    deletions: list[Deletion]


@dataclass(slots=True)
class HeldPage:
    """What is worth a commit: records that differ from what was seen last, deletions, and the cursor after them.

    `counts` are of what came along unchanged. Without a `cursor`, the read does not go on from here.
    """

    cursor: str | None
    as_of: datetime
    counts: Counts
    incoming: list[Incoming]
    deletions: list[Deletion]

    @property
    def size(self) -> int:
        return len(self.incoming) + len(self.deletions)


class Held:
    """Pages in the order in which they were read. Memory stays the same however many there are."""

    def __init__(self, sync: ObjectSync) -> None:
        self._sync = sync
        self._shelf: Shelf[_Shelved] | None = None
        self._recent: list[HeldPage] = []
        self._in_memory = 0
        self.records = 0
        self.read = 0

    def add(
        self,
        *,
        as_of: datetime,
        incoming: Sequence[Incoming],
        deletions: Sequence[Deletion] = (),
        cursor: str | None = None,
        counts: Counts | None = None,
    ) -> None:
        """`as_of` never goes back; pages that are joined are as old as the oldest of them."""
        page = HeldPage(cursor, as_of, counts or Counts(), list(incoming), list(deletions))
        self.records += page.size
        self.read += page.counts["unchanged"] + len(page.incoming)
        last = self._recent[-1] if self._recent else None
        if last and last.size < _A_COMMIT and not _crosses(last, page):
            _join(last, page)
        else:
            self._recent.append(page)
        self._in_memory += page.size
        if self._in_memory > _IN_MEMORY:
            self._put_away()

    @property
    def empty(self) -> bool:
        return not self._recent and self._shelf is None

    def pages(self) -> Iterator[HeldPage]:
        """All of them, in order."""
        for page in self._shelf or ():
            yield HeldPage(
                page.cursor, page.as_of, Counts(page.counts), prepare(self._sync, page.records), page.deletions
            )
        yield from self._recent

    def close(self) -> None:
        if self._shelf:
            self._shelf.close()

    def _put_away(self) -> None:
        self._shelf = self._shelf or Shelf(_Shelved)
        for page in self._recent:
            records: list[Any] = [i.record for i in page.incoming]
            self._shelf.put(_Shelved(page.cursor, page.as_of, dict(page.counts), records, page.deletions))
        self._recent, self._in_memory = [], 0


def _crosses(before: HeldPage, page: HeldPage) -> bool:
    """Deletions are stored before records: a record that was read and then deleted must not be stored after it."""
    return not {i.remote_id for i in before.incoming}.isdisjoint(d.id for d in page.deletions)


def _join(last: HeldPage, page: HeldPage) -> None:
    last.cursor = page.cursor or last.cursor
    last.counts += page.counts
    last.incoming += page.incoming
    last.deletions += page.deletions
