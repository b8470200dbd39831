"""Writes docs/record.md from the record definitions: `python -m hub.record.docs`."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from hub.record.definition import Field, RecordType
from hub.record.registry import RECORD_TYPES

PAGE = Path(__file__).parents[2] / "docs" / "record.md"

_INTRODUCTION = """# The Unified Partner Record

Every record type with its fields. Tables, API schemas and mapping checks derive from the same definitions in
`hub/record/`; this page is written by `python -m hub.record.docs`, so change the definitions, not the page.

Every record has an `id` that is the same in every table and answer, a `version` that grows with each change, and the
times it was created and updated. A type that *extends* another shares its id and has all its fields. *Valid from–to*
types hold over a time: `valid_from` is the first day, `valid_to` the first day on which it no longer holds. A *natural
key* identifies a record when all its fields are set. Texts of no stated length hold 255 characters, long texts 32,000.
Amounts carry their currency, times are UTC, countries are ISO 3166-1 alpha-2 codes. *Personal* marks data of natural
persons. Fields that an administrator declares are kept beside these, as `custom.<name>`.
"""


def record_page() -> str:
    """The whole page as Markdown."""
    zones = groupby(RECORD_TYPES.values(), key=lambda record_type: record_type.zone)
    parts = [part for zone, types in zones for part in (f"## {zone.capitalize()}\n", *map(_section, types))]
    return "\n".join((_INTRODUCTION, *parts))


def _section(record_type: RecordType) -> str:
    rows = map(_row, record_type.column_fields)
    table = ("| field | kind | meaning |", "|---|---|---|", *rows)
    return "\n".join((f"### {record_type.name}\n", " ".join(_about(record_type)), "", *table, ""))


def _about(record_type: RecordType) -> Iterable[str]:
    yield record_type.doc
    if record_type.extends:
        yield f"Extends [{record_type.extends.name}](#{record_type.extends.name})."
    if record_type.effective_dated:
        yield "Valid from–to."
    if record_type.natural_keys:
        yield "Natural keys: " + "; ".join(" + ".join(key) for key in record_type.natural_keys) + "."


def _row(field: Field) -> str:
    marks = [mark for mark, holds in (("required", field.required), ("personal", field.personal)) if holds]
    meaning = f"{field.doc} *{', '.join(marks)}*" if marks else field.doc
    return f"| `{field.name}` | {_kind(field)} | {meaning} |"


def _kind(field: Field) -> str:
    if field.link:
        return f"[{field.link}](#{field.link})"
    if field.choices:
        several = "any of" if field.kind == "choices" else "one of"
        return f"{several} {', '.join(field.choices)}"
    return f"{field.kind}, {field.max_length}" if field.max_length else field.kind


if __name__ == "__main__":
    PAGE.write_text(record_page(), encoding="utf-8")
