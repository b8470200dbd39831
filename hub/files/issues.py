"""What can be wrong with a file that people write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Issue:
    """One fault of a file: where it stands (`line` counts from 1), which field or rule, and what to do about it.

    `counter_example` shows a value that would be lost: "Acme → ACME → acme". A `warning` does not stop the file.
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


class FileError(ValueError):
    """A file that cannot be used; `issues` holds every fault that was found, in the order of the file."""

    def __init__(self, issues: tuple[Issue, ...]) -> None:
        super().__init__("\n".join(str(issue) for issue in issues))
        self.issues = issues


@dataclass(frozen=True, slots=True)
class FileKind:
    """What a file is: the noun that its faults call it by, and the error that they are raised as."""

    noun: str
    error: type[FileError]
