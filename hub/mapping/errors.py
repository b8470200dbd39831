"""What can be wrong with a mapping file, and with one value that passes through it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from hub.mapping.rules import FieldProblem
    from hub.sdk.records import JsonValue


@dataclass(frozen=True, slots=True)
class MappingIssue:
    """One fault of a mapping: where it stands (`line` counts from 1), which field, and what to do about it.

    `counter_example` shows a value that would be lost: "Acme → ACME → acme". A `warning` does not stop the mapping.
    """

    file: str
    line: int
    field: str
    message: str
    counter_example: str | None = None
    level: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}"
        where = f"{place} {self.field}" if self.field else place
        example = f" For example: {self.counter_example}" if self.counter_example else ""
        return f"{where}: {self.message}{example}"


class MappingError(ValueError):
    """A mapping that cannot be used; `issues` holds every fault that was found, in the order of the file."""

    def __init__(self, issues: tuple[MappingIssue, ...]) -> None:
        super().__init__("\n".join(str(issue) for issue in issues))
        self.issues = issues


class BadValue(ValueError):
    """A value lies outside a lens' domain; the message completes the sentence "The value …"."""


class UnmappableValues(ValueError):
    """Some values of a record cannot be written in the remote form.

    `problems` says which and why; `fields` holds what could be mapped.
    """

    def __init__(self, problems: tuple[FieldProblem, ...], fields: dict[str, JsonValue]) -> None:
        super().__init__("; ".join(f"{p.field}: the value {p.message} ({p.value})" for p in problems))
        self.problems = problems
        self.fields = fields


def shorten(value: object, *, limit: int = 80) -> str:
    """A value as an operator may read it: one line, cut after `limit` characters."""
    text = value if isinstance(value, str) else repr(value)
    flat = " ".join(text[: limit * 2].split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"
