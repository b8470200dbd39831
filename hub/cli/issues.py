"""Faults of files and of connectors as people read them."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from hub.cli.output import tell
from hub.files.issues import Issue
from hub.services.connection_care import broken_systems


def issue_lines(issues: Iterable[Issue]) -> list[Text]:
    """Each as file, line, field, what is wrong, and an example of what would be lost."""
    return [Text.assemble((f"{i.level}: ", "red" if i.level == "error" else "yellow"), str(i)) for i in issues]


def has_errors(issues: Iterable[Issue]) -> bool:
    return any(issue.level == "error" for issue in issues)


def tell_of_broken_systems() -> None:
    """Connectors that cannot be loaded, to standard error: they concern no connection, or not only one."""
    for sentence in broken_systems().values():
        tell(Text.assemble(("error: ", "red"), sentence))
