"""Faults on demand: each is armed for the next N times it could happen, so every misbehaviour replays exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any


@dataclass(slots=True)
class Fault:
    """One armed fault. `match` is a substring of "METHOD path" (empty matches all); `options` is the fault's own."""

    name: str
    times: int
    match: str = ""
    after: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)


class Faults:
    """The armed faults of one sandbox and its standing switches.

    A *fault* fires a counted number of times (`arm`, `take`). A *switch* is a standing value (`set`, `get`): the
    open points of a vendor's contract, with the contract's default.
    """

    def __init__(self, switches: Mapping[str, Any]) -> None:
        self._defaults = dict(switches)
        self._switches = dict(switches)
        self._armed: list[Fault] = []
        self._lock = Lock()
        self.fired: dict[str, int] = {}

    def arm(
        self,
        name: str,
        *,
        times: int = 1,
        match: str = "",
        after: int = 0,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Let `name` happen the next `times` times that it could, after letting `after` chances pass."""
        with self._lock:
            self._armed.append(Fault(name, times, match, after, dict(options or {})))

    def take(self, name: str, request: str = "") -> Fault | None:
        """The armed fault, used up by one; None when it is not armed for `request` ("METHOD path")."""
        with self._lock:
            for fault in self._armed:
                if fault.name != name or fault.match not in request:
                    continue
                if fault.after:
                    fault.after -= 1
                    return None
                fault.times -= 1
                if fault.times <= 0:
                    self._armed.remove(fault)
                self.fired[name] = self.fired.get(name, 0) + 1
                return fault
            return None

    def armed(self) -> list[Fault]:
        with self._lock:
            return list(self._armed)

    def clear(self) -> None:
        """Disarm all faults and put all switches back to their defaults."""
        with self._lock:
            self._armed.clear()
            self._switches = dict(self._defaults)
            self.fired = {}

    def set(self, switch: str, value: Any) -> None:
        """Turn a standing switch; KeyError when the sandbox has none of that name."""
        if switch not in self._defaults:
            raise KeyError(switch)
        self._switches[switch] = value

    def get(self, switch: str) -> Any:
        return self._switches[switch]

    def switches(self) -> dict[str, Any]:
        return dict(self._switches)
