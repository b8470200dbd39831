from __future__ import annotations

import pytest

from hub.record import RECORD_TYPES, UnknownRecordType, customised, record_type
from hub.record.definition import Field, RecordType

_BOOKKEEPING = {"id", "version", "created_at", "updated_at", "deleted_at", "merged_into", "custom"}
_every_type = pytest.mark.parametrize("kind", RECORD_TYPES.values(), ids=lambda kind: kind.name)


@_every_type
def test_links_lead_to_record_types_that_exist(kind: RecordType) -> None:
    assert set(kind.links.values()) <= set(RECORD_TYPES)
    assert set(kind.links) == {f.name for f in kind.fields.values() if f.kind == "link"}


@_every_type
def test_title_and_natural_keys_are_fields(kind: RecordType) -> None:
    assert {kind.title, *(name for key in kind.all_natural_keys for name in key)} <= set(kind.fields)


@_every_type
def test_no_column_is_defined_twice(kind: RecordType) -> None:
    names = [f.name for t in kind.lineage for f in t.column_fields]
    columns = names + [f"{f.name}_currency" for f in kind.fields.values() if f.kind == "money"]

    assert len(columns) == len(set(columns))
    assert not _BOOKKEEPING & set(columns)


@_every_type
def test_choices_and_nothing_else_list_what_may_be_chosen(kind: RecordType) -> None:
    assert {f.name for f in kind.fields.values() if f.choices} == {
        f.name for f in kind.fields.values() if f.kind in ("choice", "choices")
    }


@_every_type
def test_every_type_and_field_is_documented_by_a_sentence(kind: RecordType) -> None:
    assert all(doc.endswith(".") for doc in (kind.doc, *(f.doc for f in kind.fields.values())))


@_every_type
def test_a_base_comes_before_what_extends_it(kind: RecordType) -> None:
    order = list(RECORD_TYPES)

    assert [order.index(t.name) for t in kind.lineage] == sorted(order.index(t.name) for t in kind.lineage)


def test_an_effective_dated_type_has_its_validity_as_fields() -> None:
    role = record_type("partner_role")

    assert role.fields["valid_from"].required
    assert not role.fields["valid_to"].required
    assert "valid_from" not in record_type("partner").fields


def test_mail_alone_identifies_nobody() -> None:
    assert ("email",) not in record_type("contact").all_natural_keys


def test_an_unknown_name_is_answered_with_the_names_there_are() -> None:
    with pytest.raises(UnknownRecordType, match=r"'partnr'; there are: .*partner,"):
        record_type("partnr")


def test_custom_fields_of_a_base_are_fields_of_what_extends_it() -> None:
    types = customised({"organization": (Field("segment", "text", "A segment."),)})

    assert types["partner"].fields["custom.segment"].custom
    assert types["organization"].fields["custom.segment"].custom
    assert "custom.segment" not in types["person"].fields


def test_a_custom_field_hides_no_other() -> None:
    partner = record_type("partner").with_custom((Field("phone", "int", "Phones per employee."),))

    assert partner.fields["phone"].kind == "text"
    assert partner.fields["custom.phone"].kind == "int"
