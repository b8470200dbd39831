"""Loads mappings from YAML: read, check everything, compile."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hub.mapping.build import build
from hub.mapping.errors import MappingError, MappingIssue
from hub.mapping.model import Mapping
from hub.mapping.schema import MappingDoc
from hub.mapping.source import Source, read_source
from hub.record.definition import RecordType

LANGUAGE = 1


def load_mapping(
    path_or_text: Path | str, *, record_types: dict[str, RecordType], system: str | None = None
) -> Mapping:
    """The mapping in a file, or in YAML text. Raises MappingError with every fault that was found.

    `system` defaults to the name of the file's folder.
    """
    source = read_source(path_or_text)
    name = system or (path_or_text.parent.name if isinstance(path_or_text, Path) else "remote")
    doc = _validated(source)
    return build(doc, source=source, system=name, record_types=record_types, digest=_digest(source, record_types, doc))


def load_system(directory: Path, system: str, record_types: dict[str, RecordType]) -> dict[str, Mapping]:
    """All mappings of a system, by remote object, from `<directory>/<system>/*.yaml`.

    Raises MappingError with the faults of all its files.
    """
    issues: list[MappingIssue] = []
    found: dict[str, Mapping] = {}
    folder = directory / system
    for path in sorted(folder.glob("*.yaml")):
        try:
            mapping = load_mapping(path, record_types=record_types, system=system)
        except MappingError as exc:
            issues.extend(exc.issues)
            continue
        if mapping.object in found:
            message = f"{mapping.object} is mapped by {found[mapping.object].file} already; keep one of the two."
            issues.append(MappingIssue(mapping.file, 1, "object", message))
        found[mapping.object] = mapping
    if not found and not issues:
        issues.append(MappingIssue(str(folder), 1, "", "There is no mapping in this folder."))
    if issues:
        raise MappingError(tuple(issues))
    return found


def _validated(source: Source) -> MappingDoc:
    if not isinstance(source.data, dict):
        raise MappingError((source.issue((), "", "A mapping begins with keys like version, object, record, fields."),))
    try:
        return MappingDoc.model_validate(source.data)
    except ValidationError as exc:
        issues = {_issue(source, error) for error in exc.errors(include_url=False)}
        raise MappingError(tuple(sorted(issues, key=lambda issue: (issue.line, issue.field)))) from exc


def _issue(source: Source, error: Any) -> MappingIssue:
    path = tuple(step for step in error["loc"] if step != "[key]")
    while path and source.data is not None and not _exists(source.data, path) and error["type"] != "missing":
        path = path[:-1]
    field = str(path[1]) if len(path) > 1 and path[0] == "fields" else str(path[0]) if path else ""
    return source.issue(path, field, _sentence(error))


def _exists(data: Any, path: tuple[str | int, ...]) -> bool:
    for step in path:
        is_item = isinstance(step, int) and isinstance(data, list) and step < len(data)
        if not is_item and not (isinstance(data, dict) and step in data):
            return False
        data = data[step]
    return True


def _sentence(error: Any) -> str:
    name = error["loc"][-1] if error["loc"] else ""
    match error["type"]:
        case "extra_forbidden":
            return f"{name!r} is not a key of the mapping language here."
        case "missing":
            return f"{name!r} is missing."
        case "string_pattern_mismatch":
            return f"{error['input']!r} is not a name that can stand here."
        case "string_type":
            return f"{error['input']!r} must be a text; put words like yes, no, on and numbers in quotes."
        case "literal_error":
            return f"{error['input']!r} is not allowed here; allowed is {error['ctx']['expected']}."
    return f"{error['msg'].removeprefix('Value error, ')}."


def _digest(source: Source, record_types: dict[str, RecordType], doc: MappingDoc) -> str:
    """Changes when the mapping or the record type means something else; not with comments or layout."""
    record = record_types.get(doc.record)
    fields = sorted(repr(field) for field in record.fields.values()) if record else []
    meaning = json.dumps([LANGUAGE, source.data, fields], sort_keys=True, default=str)
    return hashlib.sha256(meaning.encode()).hexdigest()[:32]
