from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.record import RECORD_TYPES, customised, record_type
from hub.record.definition import Field, RecordType
from hub.record.schemas import create_schema, patch_schema, read_schema
from hub.record.values import Money, Values
from tests.unit.record.strategies import values_of_type

_NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
_CUSTOM = (
    Field("score", "decimal", "A score.", required=True),
    Field("copy", "text", "A name that the model itself uses."),
)
_CUSTOMISED = customised({"partner": _CUSTOM})["partner"]
_every_type = pytest.mark.parametrize("kind", [*RECORD_TYPES.values(), _CUSTOMISED], ids=lambda kind: kind.name)


def _create(kind: str, **sent: Any) -> dict[str, Any]:
    return dict(create_schema(record_type(kind)).model_validate(sent).to_values())


def _errors(kind: str, **sent: Any) -> set[str]:
    with pytest.raises(ValidationError) as refused:
        create_schema(record_type(kind)).model_validate(sent)
    return {".".join(map(str, error["loc"])) for error in refused.value.errors()}


@_every_type
def test_every_schema_can_be_published_with_the_docs_of_its_fields(kind: RecordType) -> None:
    for schema in (create_schema(kind), patch_schema(kind), read_schema(kind)):
        published = schema.model_json_schema()["properties"]

        for field in kind.fields.values():
            if not field.custom:
                assert published[field.name]["description"] == field.doc
                assert "default" not in published[field.name]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_what_is_stored_can_be_given_whatever_its_type(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from([*RECORD_TYPES.values(), _CUSTOMISED]))
    values = data.draw(values_of_type(kind))

    given_out = _read(kind, values)

    assert {"id", "version"} | {n for n in kind.fields if "." not in n} <= set(given_out)


def test_money_goes_out_as_text_with_all_its_digits() -> None:
    shown = _read(record_type("opportunity"), {"name": "Renewal", "amount": Money(Decimal("1E+3"), "EUR")})

    assert shown["amount"] == {"amount": "1000", "currency": "EUR"}


def test_money_comes_in_with_all_its_digits() -> None:
    values = _create("opportunity", name="Renewal", amount={"amount": "12.30", "currency": "EUR"})

    assert values["amount"] == Money(Decimal("12.30"), "EUR")
    assert str(values["amount"].amount) == "12.30"


@pytest.mark.parametrize(
    "amount",
    [{"amount": 12.3, "currency": "EUR"}, {"amount": "NaN", "currency": "EUR"}, {"amount": "1", "currency": "euro"}],
    ids=["a float", "no number", "no currency code"],
)
def test_money_that_is_not_exact_is_refused(amount: dict[str, Any]) -> None:
    assert any(path.startswith("amount") for path in _errors("opportunity", name="Renewal", amount=amount))


def test_a_field_left_out_of_a_patch_is_not_a_null() -> None:
    patch = patch_schema(record_type("partner"))

    assert patch.model_validate({}).to_values() == {}
    assert patch.model_validate({"phone": None}).to_values() == {"phone": None}


def test_a_required_field_can_be_left_out_of_a_patch_but_not_cleared() -> None:
    with pytest.raises(ValidationError, match="legal_name"):
        patch_schema(record_type("partner")).model_validate({"legal_name": None})


def test_a_required_field_must_be_there_in_a_new_record() -> None:
    assert _errors("partner", phone="+3291234567") == {"legal_name"}
    assert _errors("partner", legal_name="") == {"legal_name"}


def test_an_unknown_field_is_refused_by_its_name() -> None:
    assert _errors("partner", legal_name="Delta", fax="1") == {"fax"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("country", "BEL"),
        ("trade_name", "x" * 256),
        ("trade_name", "two\nlines"),
        ("description", "nil \x00"),
        ("employees", 2**63),
        ("employees", True),
        ("status", "lapsed"),
        ("roles", ["florist"]),
        ("contract_end", 20_000),
        ("parent", "not an id"),
    ],
)
def test_a_value_that_cannot_be_stored_is_refused(field: str, value: object) -> None:
    assert {path.split(".")[0] for path in _errors("partner", legal_name="Delta", **{field: value})} == {field}


def test_several_choices_are_sorted_and_not_repeated() -> None:
    assert _create("partner", legal_name="Delta", roles=["msp", "agent", "msp"])["roles"] == ("agent", "msp")


def test_a_time_needs_its_zone_and_becomes_utc() -> None:
    paris = datetime(2026, 3, 1, 13, 30, tzinfo=timezone(timedelta(hours=1)))

    assert _create("deal_registration", name="X", submitted_at=paris.isoformat())["submitted_at"].tzinfo is UTC
    assert _errors("deal_registration", name="X", submitted_at="2026-03-01T13:30:00") == {"submitted_at"}


def test_a_validity_that_ends_before_it_began_is_refused() -> None:
    with pytest.raises(ValidationError, match="valid_to must be after valid_from"):
        _create(
            "partner_role", partner=str(uuid4()), role="msp", valid_from=date(2026, 2, 1), valid_to=date(2026, 1, 1)
        )


def test_custom_fields_come_and_go_in_their_own_document() -> None:
    sent = {"legal_name": "Delta", "custom": {"score": "1.50", "copy": None}}

    values = create_schema(_CUSTOMISED).model_validate(sent).to_values()

    assert values == {"legal_name": "Delta", "custom.score": Decimal("1.50"), "custom.copy": None}
    assert _read(_CUSTOMISED, values)["custom"] == {"score": "1.50", "copy": None}


@pytest.mark.parametrize("custom", [{}, {"score": "1", "colour": "red"}], ids=["required one missing", "unknown one"])
def test_custom_fields_are_held_to_their_declaration(custom: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="custom"):
        create_schema(_CUSTOMISED).model_validate({"legal_name": "Delta", "custom": custom})


def test_custom_fields_can_be_left_out_of_a_patch() -> None:
    assert patch_schema(_CUSTOMISED).model_validate({"city": "Gent"}).to_values() == {"city": "Gent"}


def _read(kind: RecordType, values: Values) -> dict[str, Any]:
    model = read_schema(kind).of(values, record_id=UUID(int=1), version=3, created_at=_NOW, updated_at=_NOW)
    return model.model_dump(mode="json")
