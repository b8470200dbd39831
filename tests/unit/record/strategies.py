"""Hypothesis strategies that make values of any record type."""

from __future__ import annotations

from datetime import UTC, date

from hypothesis import strategies as st

from hub.record.definition import Field, RecordType
from hub.record.values import Money, Value

_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
_DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**18), max_value=10**18, places=4)


def values_of_type(record_type: RecordType) -> st.SearchStrategy[dict[str, Value]]:
    """Any subset of the type's fields, each with a value of its kind or None; required ones always set."""
    fields = record_type.fields.values()
    any_values = st.fixed_dictionaries(
        {f.name: value_of(f) for f in fields if f.required},
        optional={f.name: st.none() | value_of(f) for f in fields if not f.required},
    )
    return any_values.map(_with_true_validity) if record_type.effective_dated else any_values


def _with_true_validity(values: dict[str, Value]) -> dict[str, Value]:
    begin, end = values["valid_from"], values.get("valid_to")
    ordered = not isinstance(begin, date) or not isinstance(end, date) or begin < end
    return values if ordered else {**values, "valid_to": None}


def value_of(field: Field) -> st.SearchStrategy[Value]:
    """A value of the field's kind, within its limits."""
    kind = field.kind
    if kind in ("text", "longtext"):
        return _TEXT.map(lambda s: s[: field.length_limit])
    if kind == "choice":
        return st.sampled_from(field.choices)
    if kind == "choices":
        return st.sets(st.sampled_from(field.choices)).map(lambda chosen: tuple(sorted(chosen)))
    if kind == "texts":
        return st.lists(_TEXT.map(lambda s: s[: field.length_limit]), max_size=3).map(tuple)
    return _PLAIN[kind]


_PLAIN: dict[str, st.SearchStrategy[Value]] = {
    "int": st.integers(-(2**63), 2**63 - 1),
    "decimal": _DECIMALS,
    "money": st.builds(Money, _DECIMALS, st.sampled_from(["EUR", "USD", "JPY"])),
    "bool": st.booleans(),
    "date": st.dates(),
    "datetime": st.datetimes(timezones=st.just(UTC)),
    "link": st.uuids(),
}
