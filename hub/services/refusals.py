"""Why a use case says no to its caller; every door turns these into its own kind of answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class Refusal(Exception):
    """The caller asked for something that cannot be done; `detail` is one or two sentences that say what to do.

    `code` is stable, for programs.
    """

    code = "refused"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class NotFound(Refusal):
    """There is no such thing."""

    code = "not-found"


class NotNow(Refusal):
    """The thing is there, but in a state in which this cannot be done."""

    code = "not-in-this-state"


class Stale(Refusal):
    """The caller saw an older version than the one that is stored."""

    code = "stale-version"


class Gone(Refusal):
    """The record was deleted, or lives on in `merged_into`."""

    code = "record-gone"

    def __init__(self, detail: str, *, merged_into: str | None = None) -> None:
        super().__init__(detail)
        self.merged_into = merged_into


class Duplicate(Refusal):
    """There is such a record already: `existing` are the ids."""

    code = "duplicate"

    def __init__(self, detail: str, *, existing: Sequence[str] = ()) -> None:
        super().__init__(detail)
        self.existing = tuple(existing)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one field of what was sent; `field` is a dotted path, empty for the whole."""

    field: str
    message: str


class Invalid(Refusal):
    """What was sent cannot be stored; each fault names its field."""

    code = "invalid"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{f.field}: {f.message}" if f.field else f.message for f in faults))
        self.faults = tuple(faults)


def invalid(name: str, message: str) -> Invalid:
    """One fault of one field."""
    return Invalid([Fault(name, message)])
