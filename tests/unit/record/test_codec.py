from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.record import RECORD_TYPES, customised, record_type
from hub.record.codec import codec_of, decode_values, tables_for
from hub.record.definition import Field, RecordType
from hub.record.values import Money, RemoteRef, Value, encode_values
from tests.unit.record.strategies import values_of_type

_CUSTOM = (
    Field("score", "decimal", "A score."),
    Field("budget", "money", "A budget."),
    Field("reviewed_at", "datetime", "A time."),
    Field("tags", "texts", "Tags."),
)
_TYPES = [*RECORD_TYPES.values(), customised({"organization": _CUSTOM})["partner"]]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_values_of_every_record_type_survive_json(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(_TYPES))
    values = data.draw(values_of_type(kind))

    assert decode_values(kind, encode_values(values)) == values


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_values_of_every_record_type_survive_their_rows(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(_TYPES))
    values = data.draw(values_of_type(kind))

    row = [value for table in codec_of(kind).tables for value in table.to_row(values)]

    assert codec_of(kind).values_from_row(row) == {**dict.fromkeys(kind.fields), **values}


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_rows_of_the_filled_fields_alone_lose_nothing(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(_TYPES))
    values = data.draw(values_of_type(kind))

    read: dict[str, Value] = {}
    for table in tables_for(kind, values):
        row = table.to_row(values)
        assert len(row) == len(table.columns)
        read |= table.from_row(row)

    assert read == values


@pytest.mark.parametrize("kind", _TYPES, ids=lambda kind: kind.name)
def test_a_row_has_one_value_for_each_column(kind: RecordType) -> None:
    for table in codec_of(kind).tables:
        assert len(table.to_row({})) == len(table.columns)


def test_absent_and_null_stay_apart_in_json() -> None:
    partner = record_type("partner")

    assert decode_values(partner, encode_values({"phone": None})) == {"phone": None}
    assert decode_values(partner, b"{}") == {}


def test_a_link_not_yet_looked_up_stays_a_remote_id() -> None:
    values = {"partner": RemoteRef("0018d00000ABCDE")}

    assert decode_values(record_type("contact"), encode_values(values)) == values


def test_a_field_that_the_type_lost_is_left_out() -> None:
    assert decode_values(record_type("person"), b'{"last_name": "Maes", "fax": "1"}') == {"last_name": "Maes"}


def test_a_naive_time_is_refused_with_its_path() -> None:
    with pytest.raises(msgspec.ValidationError, match="submitted_at"):
        decode_values(record_type("deal_registration"), b'{"submitted_at": "2026-01-02T03:04:05"}')


def test_a_partner_lies_in_two_tables_and_custom_fields_in_the_one_of_their_type() -> None:
    partner = customised({"partner": (Field("score", "decimal", "A score."),)})["partner"]

    organization_table, partner_table = codec_of(partner).tables

    assert (organization_table.table, partner_table.table) == ("organization", "partner")
    assert "legal_name" in organization_table.columns
    assert "custom" not in organization_table.columns
    assert partner_table.columns[-1] == "custom"


def test_custom_fields_are_kept_as_json_under_their_short_names() -> None:
    person = record_type("person").with_custom(_CUSTOM)
    values: dict[str, Value] = {
        "last_name": "Maes",
        "custom.score": Decimal("1.50"),
        "custom.reviewed_at": datetime(2026, 1, 2, tzinfo=UTC),
        "custom.budget": Money(Decimal("3.00"), "EUR"),
    }

    row = codec_of(person).tables[0].to_row(values)

    assert row[-1] == (
        '{"score":"1.50","budget":{"amount":"3.00","currency":"EUR"},"reviewed_at":"2026-01-02T00:00:00Z"}'
    )
