"""What can be wrong with a mapping file, and with one value that passes through it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.files.issues import FileError, FileKind, Issue

if TYPE_CHECKING:
    from hub.mapping.rules import FieldProblem
    from hub.sdk.records import JsonValue


MappingIssue = Issue


class MappingError(FileError):
    """A mapping that cannot be used; `issues` holds every fault that was found, in the order of the file."""


MAPPING = FileKind("mapping", MappingError)


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
