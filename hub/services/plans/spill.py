"""What a plan has read and not worked out yet lies on disk, in a file without a name that ends with the process."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from tempfile import TemporaryFile

import msgspec
from msgspec import Struct

from hub.sdk.http import encode_json
from hub.sdk.records import Deletion, RemoteRecord


class Frame(Struct, frozen=True):
    """Records and deletions of one object that were surely true at `as_of`."""

    as_of: datetime
    records: list[RemoteRecord]
    deletions: list[Deletion]


class Spill:
    """Frames in the order in which they were added; small ones are joined, so that each is worth a transaction."""

    def __init__(self, *, frame_size: int = 1000) -> None:
        self._file = TemporaryFile()  # noqa: SIM115 - it is closed by `close`
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
        self._file.seek(0)
        while length := self._file.read(8):
            yield _decoder.decode(self._file.read(int.from_bytes(length, "big")))

    def clear(self) -> None:
        """Forget what was added."""
        self._waiting = None
        self._file.seek(0)
        self._file.truncate()

    def close(self) -> None:
        self._file.close()

    def _write(self) -> None:
        if self._waiting is None:
            return
        body = encode_json(self._waiting)
        self._file.write(len(body).to_bytes(8, "big") + body)
        self._waiting = None


_decoder = msgspec.json.Decoder(Frame, float_hook=Decimal)
