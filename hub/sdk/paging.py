"""Where a read stands that goes through an object by (stamp, id): the cursor most APIs allow."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from hub.sdk.errors import CursorExpired


class Keyset(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The cursor of a keyset read, as text in `Page.cursor`.

    `since` is where this run began (None: a full scan), `stamp` and `id` the last record of this run, `high` the
    newest stamp of all runs: the next run begins one overlap before it.
    """

    since: datetime | None = None
    stamp: datetime | None = None
    id: str = ""
    high: datetime | None = None

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
        return Keyset(since=self.since, stamp=stamp, id=record_id, high=high)

    def finished(self, *, now: datetime, overlap: timedelta) -> Keyset:
        """Where the next run begins; `now` is the remote's clock, for an object that is still empty."""
        high = min(self.high or now, now)
        return Keyset(since=high - overlap, high=high)


_decoder = msgspec.json.Decoder(Keyset)
