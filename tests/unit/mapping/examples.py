"""Small mappings for tests."""

from textwrap import dedent, indent

from hub.mapping.load import load_mapping
from hub.mapping.model import Mapping
from hub.record.definition import Field, RecordType
from hub.record.registry import RECORD_TYPES

CUSTOM = (
    Field("segment", "choice", "A word of our own.", choices=("small", "large")),
    Field("score", "decimal", "A figure of our own."),
    Field("seen_at", "datetime", "A moment of our own."),
    Field("tags", "texts", "Words of our own."),
    Field("rating", "text", "Free text of our own.", max_length=20),
    Field("budget", "money", "An amount of our own."),
)
TYPES: dict[str, RecordType] = {**RECORD_TYPES, "partner": RECORD_TYPES["partner"].with_custom(CUSTOM)}


def yaml_of(fields: str, *, head: str = "create: false") -> str:
    """A mapping of Account and partner with these lines under `fields`, which begin at line 7 of the text."""
    lines = indent(dedent(fields).strip("\n"), "  ")
    name = "" if "legal_name:" in fields else "  legal_name: {remote: Name, direction: pull}\n"
    return (
        f"version: 1\nobject: Account\nrecord: partner\n{dedent(head).strip()}\n# the fields\nfields:\n{lines}\n{name}"
    )


def mapping_of(fields: str, *, head: str = "create: false") -> Mapping:
    return load_mapping(yaml_of(fields, head=head), record_types=TYPES)
