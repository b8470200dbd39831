"""The laws of lenses, for every lens on its declared domain."""

import contextlib
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.mapping.conform import conformer
from hub.mapping.errors import BadValue
from hub.mapping.lenses.base import Lens
from hub.mapping.lenses.registry import LENSES, make_lens
from hub.record.definition import Field
from hub.record.values import Value
from hub.sdk.records import JsonValue
from tests.unit.mapping.lens_cases import CASES, LensCase

per_case = pytest.mark.parametrize("case", CASES, ids=[f"{i}-{c.name}" for i, c in enumerate(CASES)])
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.text(max_size=30), st.decimals(allow_nan=True),
        st.sampled_from(["1e999999", "-1e400", Decimal("1E+500"), 10**400, "9999-99-99", "+" * 300, "http://[", "NaN"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=5,
)  # fmt: skip


def write(lens: Lens, value: Value) -> tuple[JsonValue, JsonValue]:
    return lens.put(value), lens.put_extra(value) if lens.writes_extra else None


def test_every_lens_has_a_case_here() -> None:
    assert {case.name for case in CASES} == set(LENSES)


@per_case
def test_what_is_written_is_read_back_as_it_was(case: LensCase) -> None:
    lens = make_lens(case.spec)

    @quick
    @given(case.values)
    def law(value: Value) -> None:
        remote, extra = write(lens, value)
        back = lens.get(remote, extra)
        assert back == value
        assert type(back) is type(value)

    law()


@per_case
def test_what_was_read_is_written_as_it_stood_or_in_a_stable_normal_form(case: LensCase) -> None:
    lens = make_lens(case.spec)

    @quick
    @given(case.sources)
    def law(source: tuple[JsonValue, JsonValue]) -> None:
        value = lens.get(*source)
        if value is None:
            return
        written = write(lens, value)
        if case.exact:
            assert written[0] == source[0]
        assert lens.get(*written) == value

    law()


@per_case
def test_samples_belong_to_the_domain(case: LensCase) -> None:
    lens = make_lens(case.spec)
    for value in lens.samples():
        remote, extra = write(lens, value)
        assert lens.get(remote, extra) == value


@per_case
def test_any_json_is_read_or_refused_and_never_breaks_the_lens(case: LensCase) -> None:
    lens = make_lens(case.spec)

    @quick
    @given(JSON.filter(lambda v: v is not None), JSON)
    def law(remote: JsonValue, extra: JsonValue) -> None:
        with contextlib.suppress(BadValue):
            lens.get(remote, extra)

    law()


@quick
@given(st.one_of(JSON, st.text(max_size=300)))
def test_a_conforming_value_has_the_kind_and_length_of_its_field(value: JsonValue) -> None:
    conform = conformer(Field("name", "text", "A name.", max_length=5))
    try:
        result = conform(value)
    except BadValue:
        return
    assert result is None or (isinstance(result, str) and len(result) <= 5)
