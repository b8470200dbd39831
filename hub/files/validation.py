"""Holds a file to its schema: every fault becomes a sentence with its line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from hub.files.issues import FileKind, Issue
from hub.files.source import Path_, Source

T = TypeVar("T")


def validated(model: type[T], source: Source, *, kind: FileKind, name_of: Callable[[Path_], str]) -> T:
    """The file as its schema. Raises the kind's error with every fault; `name_of` names what stands at a path."""
    try:
        return TypeAdapter(model).validate_python(source.data)
    except ValidationError as exc:
        issues = {_issue(source, error, kind, name_of) for error in exc.errors(include_url=False)}
        raise kind.error(tuple(sorted(issues, key=lambda issue: (issue.line, issue.field)))) from exc


def sentence(error: Any, kind: FileKind) -> str:
    """What one fault of pydantic's means to who wrote the file."""
    name = error["loc"][-1] if error["loc"] else ""
    match error["type"]:
        case "extra_forbidden":
            return f"{name!r} is not a key of the {kind.noun} language here."
        case "missing":
            return f"{name!r} is missing."
        case "string_pattern_mismatch":
            return f"{error['input']!r} is not a name that can stand here."
        case "string_type":
            return f"{error['input']!r} must be a text; put words like yes, no, on and numbers in quotes."
        case "literal_error":
            return f"{error['input']!r} is not allowed here; allowed is {error['ctx']['expected']}."
    return f"{error['msg'].removeprefix('Value error, ')}."


def _issue(source: Source, error: Any, kind: FileKind, name_of: Callable[[Path_], str]) -> Issue:
    path = tuple(step for step in error["loc"] if step != "[key]")
    while path and source.data is not None and not _exists(source.data, path) and error["type"] != "missing":
        path = path[:-1]
    return source.issue(path, name_of(path), sentence(error, kind))


def _exists(data: Any, path: tuple[str | int, ...]) -> bool:
    for step in path:
        is_item = isinstance(step, int) and isinstance(data, list) and step < len(data)
        if not is_item and not (isinstance(data, dict) and step in data):
            return False
        data = data[step]
    return True
