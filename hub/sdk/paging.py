"""Where a read stands that goes through an object by (stamp, id): the cursor most APIs allow."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from hub.sdk.errors import CursorExpired


class Keyset(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The cursor of a keyset read, as text in `Page.cursor`.

    `since` is where this run began (None: a full scan), `stamp` and `id` the last record of this run, `high` the
    newest stamp of all runs: the next run begins one overlap before it. `began` is the remote's time at the first page
    of a full scan.
    """

    since: datetime | None = None
    stamp: datetime | None = None
    id: str = ""
    high: datetime | None = None
    began: datetime | None = None

    @classmethod
    def parse(cls, cursor: str | None) -> Keyset:
        """The cursor's text back; the beginning for None. CursorExpired when it is not one of ours."""
        if cursor is None:
            return cls()
        try:
            return _decoder.decode(cursor)
        except msgspec.MsgspecError as exc:
            raise CursorExpired("The stored cursor cannot be read; the object is read again in full.") from exc

    def text(self) -> str:
        return msgspec.json.encode(self).decode()

    @property
    def full(self) -> bool:
        """Whether this run reads everything."""
        return self.since is None

    def after(self, stamp: datetime, record_id: str) -> Keyset:
        """Having seen the record `record_id`, stamped `stamp`."""
        high = stamp if self.high is None else max(stamp, self.high)
        return replace(self, stamp=stamp, id=record_id, high=high)

    def asked(self, now: datetime) -> Keyset:
        """A page was answered when the remote's clock said `now`."""
        return replace(self, began=now) if self.full and self.began is None else self

    def finished(self, *, now: datetime, overlap: timedelta) -> Keyset:
        """Where the next run begins; `now` is the remote's clock, for an object that is still empty.

        A full scan shows no deletions: what went away while it ran, however long it was interrupted, is for the next.
        """
        high = min(self.high or now, now, self.began or now)
        return Keyset(since=high - overlap, high=high)


_decoder = msgspec.json.Decoder(Keyset)
