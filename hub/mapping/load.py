"""Loads mappings from YAML: read, check everything, compile."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from hub.files.source import Path_, Source, read_source
from hub.files.validation import validated
from hub.mapping.build import build
from hub.mapping.errors import MAPPING, MappingError, MappingIssue
from hub.mapping.model import Mapping
from hub.mapping.schema import MappingDoc
from hub.record.definition import RecordType

LANGUAGE = 1


def load_mapping(
    path_or_text: Path | str, *, record_types: dict[str, RecordType], system: str | None = None
) -> Mapping:
    """The mapping in a file, or in YAML text. Raises MappingError with every fault that was found.

    `system` defaults to the name of the file's folder.
    """
    source = read_source(path_or_text, kind=MAPPING)
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
    return validated(MappingDoc, source, kind=MAPPING, name_of=_field_of)


def _field_of(path: Path_) -> str:
    return str(path[1]) if len(path) > 1 and path[0] == "fields" else str(path[0]) if path else ""


def _digest(source: Source, record_types: dict[str, RecordType], doc: MappingDoc) -> str:
    """Changes when the mapping or the record type means something else; not with comments or layout."""
    record = record_types.get(doc.record)
    fields = sorted(repr(field) for field in record.fields.values()) if record else []
    meaning = json.dumps([LANGUAGE, source.data, fields], sort_keys=True, default=str)
    return hashlib.sha256(meaning.encode()).hexdigest()[:32]
