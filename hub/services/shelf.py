"""What does not fit into memory lies on disk, in a file without a name that ends with the process."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from tempfile import TemporaryFile
from typing import Generic, TypeVar

import msgspec

from hub.sdk.http import encode_json

T = TypeVar("T", bound=msgspec.Struct)


class Shelf(Generic[T]):
    """Structs of one kind, in the order in which they were put there."""

    def __init__(self, kind: type[T]) -> None:
        self._file = TemporaryFile()  # noqa: SIM115 - it is closed by `close`
        self._decoder = msgspec.json.Decoder(kind, float_hook=Decimal)

    def put(self, item: T) -> None:
        body = encode_json(item)
        self._file.seek(0, 2)
        self._file.write(len(body).to_bytes(8, "big") + body)

    def __iter__(self) -> Iterator[T]:
        self._file.seek(0)
        while length := self._file.read(8):
            yield self._decoder.decode(self._file.read(int.from_bytes(length, "big")))

    def clear(self) -> None:
        self._file.seek(0)
        self._file.truncate()

    def close(self) -> None:
        self._file.close()
