from __future__ import annotations

from hub.record import RECORD_TYPES
from hub.record.docs import PAGE, record_page


def test_the_page_in_docs_is_what_the_definitions_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == record_page(), "run: python -m hub.record.docs"


def test_every_type_has_a_section_with_all_its_columns() -> None:
    sections = {part.split("\n", 1)[0]: part for part in record_page().split("\n### ")[1:]}

    assert sections.keys() == RECORD_TYPES.keys()
    for name, kind in RECORD_TYPES.items():
        assert all(f"| `{field.name}` |" in sections[name] for field in kind.column_fields)
