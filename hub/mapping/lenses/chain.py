"""Several lenses one after the other: read from left to right, written from right to left."""

from __future__ import annotations

from hub.mapping.lenses.base import Lens
from hub.record.values import Value
from hub.sdk.records import JsonValue


class ChainLens(Lens):
    """The composition of lenses; all but the last turn text into text."""

    def __init__(self, lenses: tuple[Lens, ...]) -> None:
        self._lenses = lenses
        *_, last = lenses
        self.fills = last.fills  # type: ignore[misc]
        self.remote_types = lenses[0].remote_types  # type: ignore[misc]
        self.normal_form = last.normal_form  # type: ignore[misc]
        self.extra = last.extra

    @property
    def lenses(self) -> tuple[Lens, ...]:
        return self._lenses

    def get(self, remote: JsonValue, extra: JsonValue = None) -> Value:
        value: Value = remote
        for lens in self._lenses:
            if value is None:
                return None
            value = lens.get(value, extra)
        return value

    def put(self, value: Value) -> JsonValue:
        remote: JsonValue = value
        for lens in reversed(self._lenses):
            if remote is None:
                return None
            remote = lens.put(remote)
        return remote

    def samples(self) -> tuple[Value, ...]:
        return self._lenses[-1].samples()
