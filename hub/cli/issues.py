"""Faults of mappings as people read them."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from hub.mapping.errors import MappingIssue


def issue_lines(issues: Iterable[MappingIssue]) -> list[Text]:
    """Each as file, line, field, what is wrong, and an example of what would be lost."""
    return [Text.assemble((f"{i.level}: ", "red" if i.level == "error" else "yellow"), str(i)) for i in issues]


def has_errors(issues: Iterable[MappingIssue]) -> bool:
    return any(issue.level == "error" for issue in issues)
