"""How far a single field may move before a person has to look at it."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hub.domain.limits import FieldLimit, beyond, limit_of
from hub.domain.merge import FieldMerge, merge_record
from hub.record.values import Money, Value
from hub.services.guards.policy import default_guards, guards_of

_NUMBERS = st.decimals(-(10**6), 10**6, places=2)
_FIFTH = FieldLimit(max_change=Decimal("0.2"))


@given(_NUMBERS, _NUMBERS)
def test_a_change_is_within_its_share_exactly_as_far_as_the_share_of_the_value_before(
    before: Decimal, after: Decimal
) -> None:
    within = abs(after - before) <= Decimal("0.2") * abs(before)
    assert (beyond(_FIFTH, before=before, after=after) is None) == within
    money = (Money(before, "EUR"), Money(after, "EUR"))
    assert (beyond(_FIFTH, before=money[0], after=money[1]) is None) == within


@given(st.none() | _NUMBERS, _NUMBERS, _NUMBERS)
def test_nothing_is_larger_than_the_most_whatever_was_before(
    before: Decimal | None, after: Decimal, most: Decimal
) -> None:
    limit = FieldLimit(max=abs(most))
    assert (beyond(limit, before=before, after=after) is None) == (before == after or abs(after) <= abs(most))


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(-1000, 1000))
def test_a_day_may_move_on_and_not_back(before: date, days: int) -> None:
    after = before + timedelta(days=days)
    assert (beyond(FieldLimit(never_earlier=True), before=before, after=after) is None) == (days >= 0)


def test_a_first_value_an_emptied_one_and_another_kind_of_value_are_no_change_of_this_kind() -> None:
    every = FieldLimit(max_change=Decimal("0.1"), never_earlier=True)
    cases: list[tuple[Value, Value]] = [(None, Decimal(5)), (Decimal(5), None), ("a", "b"), (True, False)]
    assert [beyond(every, before=before, after=after) for before, after in cases] == [None] * 4


def test_another_currency_is_looked_at_whatever_the_number() -> None:
    assert beyond(_FIFTH, before=Money(Decimal(5), "EUR"), after=Money(Decimal(5), "USD")) == "in another currency"


def test_a_value_beyond_its_limit_is_a_conflict_whatever_the_policy_and_keeps_the_shadow() -> None:
    limit = FieldLimit(max_change=Decimal("0.2"), second_person=True)
    rules = {"rate": FieldMerge(policy="prefer_remote", limit=limit)}
    before: dict[str, Value] = {"rate": Decimal("0.10")}
    within = merge_record(base=before, theirs={"rate": Decimal("0.12")}, ours=before, rules=rules)
    assert (within.take, within.conflicts) == ({"rate": Decimal("0.12")}, [])
    merged = merge_record(base=before, theirs={"rate": Decimal("0.13")}, ours=before, rules=rules)
    [conflict] = merged.conflicts
    assert (merged.take, merged.shadow) == ({}, before)
    assert (conflict.rule, conflict.needs_second) == ("limit: a change of more than 20 %", True)


def test_limits_hold_for_a_type_and_those_that_extend_it_and_a_connection_has_its_own() -> None:
    shipped = default_guards().limits
    assert limit_of(shipped, ["partner", "organization"], "commission_rate") is not None
    assert limit_of(shipped, ["organization"], "commission_rate") is None
    own = guards_of({"guards": {"limits": {"organization": {"annual_revenue": {"max_change": "300 %"}}}}}).limits
    assert limit_of(own, ["partner", "organization"], "annual_revenue") == FieldLimit(max_change=Decimal(3))
    assert limit_of(own, ["partner"], "contract_end") == FieldLimit(never_earlier=True)
