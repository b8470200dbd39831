"""The three-way merge: the table of the design cell by cell, and laws that hold for all values."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.merge import CLOSE, FieldMerge, Merged, PolicyKind, Times, merge_record
from hub.record.values import Value

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
VALUES = st.sampled_from(["a", "b", "c", None])
POLICIES = st.builds(
    FieldMerge,
    policy=st.sampled_from(get_args(PolicyKind)),
    owner=st.sampled_from([None, True, False]),
    locked=st.sampled_from([None, lambda _: True, lambda _: False]),
    clear_on_null=st.booleans(),
)


def merge(
    base: Value, theirs: Value, ours: Value, rule: FieldMerge | None = None, times: Times | None = None
) -> Merged:
    return merge_record(
        base={"f": base},
        theirs={"f": theirs},
        ours={"f": ours},
        rules={"f": rule or FieldMerge(clear_on_null=True)},
        times={"f": times} if times else None,
    )


def meet(theirs: Value, ours: Value, rule: FieldMerge | None = None) -> Merged:
    return merge_record(base=None, theirs={"f": theirs}, ours={"f": ours}, rules={"f": rule or FieldMerge()})


@pytest.mark.parametrize(
    ("base", "theirs", "ours", "take", "shadow", "conflicts"),
    [
        ("a", "a", "a", {}, "a", 0),  # nobody changed anything
        ("a", "a", "b", {}, "a", 0),  # the hub changed it: outbound delivers it against the old shadow
        ("a", "b", "a", {"f": "b"}, "b", 0),  # they changed it
        ("a", "b", "b", {}, "b", 0),  # both changed it alike
        ("a", "b", "c", {}, "a", 1),  # both changed it differently
        ("a", None, "a", {"f": None}, None, 0),  # they emptied it, and may
        ("a", None, "b", {}, "a", 1),
        (None, "b", None, {"f": "b"}, "b", 0),
    ],
)
def test_each_cell_of_the_table(
    base: Value, theirs: Value, ours: Value, take: dict[str, Value], shadow: Value, conflicts: int
) -> None:
    merged = merge(base, theirs, ours)
    assert (merged.take, merged.shadow["f"], len(merged.conflicts)) == (take, shadow, conflicts)


@pytest.mark.parametrize(
    ("rule", "taken"),
    [
        (FieldMerge(policy="prefer_hub"), False),
        (FieldMerge(policy="prefer_remote"), True),
        (FieldMerge(policy="system_of_record", owner=True), True),
        (FieldMerge(policy="system_of_record", owner=False), False),
        (FieldMerge(policy="fill_only"), False),
        (FieldMerge(policy="locked_when", locked=lambda _: True), False),
    ],
)
def test_policies_decide_what_both_sides_changed(rule: FieldMerge, taken: bool) -> None:
    merged = merge("a", "b", "c", rule)
    assert merged.conflicts == []
    assert (merged.take, merged.refused) == (({"f": "b"}, []) if taken else ({}, ["f"]))
    assert merged.shadow["f"] == "b"  # a refused value is what the hub's own is sent against


def test_a_system_that_does_not_own_the_field_is_overruled_also_when_the_hub_did_not_change_it() -> None:
    assert merge("a", "b", "a", FieldMerge(policy="system_of_record", owner=False)).refused == ["f"]


def test_what_is_held_is_taken_by_nobody_and_stays_in_conflict_until_one_side_moves() -> None:
    held = FieldMerge(policy="prefer_remote", held="was judged")
    (conflict,) = (merged := merge("a", "b", "a", held)).conflicts
    assert (conflict.theirs, conflict.rule) == ("b", "was judged")
    assert (merged.take, merged.shadow) == ({}, {"f": "a"})
    assert merge("a", "b", "b", held).conflicts == []


@pytest.mark.parametrize(("ahead", "taken"), [(1, True), (-1, False)])
def test_latest_wins_goes_by_the_times_of_both_sides(ahead: int, taken: bool) -> None:
    times = Times(ours=NOON, theirs=NOON + timedelta(minutes=ahead))
    assert bool(merge("a", "b", "c", FieldMerge(policy="latest_wins"), times).take) is taken


@pytest.mark.parametrize(
    "times",
    [
        Times(),
        Times(ours=NOON),
        Times(theirs=NOON),
        Times(ours=NOON, theirs=NOON + CLOSE),
        Times(ours=NOON + CLOSE, theirs=NOON),
        Times(ours=NOON, theirs=NOON - timedelta(minutes=1), ours_exact=False),
    ],
)
def test_latest_wins_asks_a_person_when_the_times_do_not_tell_and_says_so(times: Times) -> None:
    (conflict,) = merge("a", "b", "c", FieldMerge(policy="latest_wins", rule="file:1"), times).conflicts
    assert conflict.rule == "file:1; latest_wins could not tell which value is newer"


def test_a_value_that_came_to_be_after_the_latest_time_of_ours_is_the_newer_one() -> None:
    times = Times(ours=NOON, theirs=NOON + timedelta(minutes=1), ours_exact=False)
    assert merge("a", "b", "c", FieldMerge(policy="latest_wins"), times).take == {"f": "b"}


def test_a_null_that_may_not_overwrite_leaves_our_value_to_be_sent_again() -> None:
    merged = merge("a", None, "a", FieldMerge(clear_on_null=False))
    assert (merged.take, merged.shadow["f"], merged.refused) == ({}, None, ["f"])


def test_a_field_that_is_absent_changes_nothing() -> None:
    merged = merge_record(base={"f": "a"}, theirs={}, ours={"f": "b"}, rules={"f": FieldMerge()})
    assert merged == Merged(shadow={"f": "a"})


def test_at_the_first_meeting_the_empty_side_is_filled() -> None:
    assert meet("a", None).take == {"f": "a"}
    assert meet(None, "a").take == {}
    assert meet(None, "a").shadow == {"f": None}


def test_at_the_first_meeting_different_values_are_a_conflict_without_a_base() -> None:
    (conflict,) = meet("a", "b").conflicts
    assert (conflict.base, conflict.ours, conflict.theirs) == (None, "b", "a")


@given(base=VALUES, theirs=VALUES, ours=VALUES, rule=POLICIES)
def test_no_value_vanishes_without_a_rule_that_says_so(
    base: Value, theirs: Value, ours: Value, rule: FieldMerge
) -> None:
    merged = merge(base, theirs, ours, rule)
    if theirs != base and theirs != ours and "f" not in merged.take:
        assert merged.refused or merged.conflicts or (theirs is None and ours is None)
    if "f" in merged.take and ours != base:
        assert rule.owner or rule.policy in ("prefer_remote", "latest_wins") or (ours is None)


@given(base=VALUES, theirs=VALUES, ours=VALUES, rule=POLICIES)
def test_the_shadow_is_their_value_or_stays(base: Value, theirs: Value, ours: Value, rule: FieldMerge) -> None:
    merged = merge(base, theirs, ours, rule)
    assert merged.shadow["f"] in (theirs, base)
    if merged.take:
        assert merged.shadow["f"] == merged.take["f"] == theirs


@given(base=VALUES, theirs=VALUES, ours=VALUES, rule=POLICIES)
def test_merging_the_same_again_changes_nothing(base: Value, theirs: Value, ours: Value, rule: FieldMerge) -> None:
    first = merge(base, theirs, ours, rule)
    second = merge(first.shadow["f"], theirs, first.take.get("f", ours), rule)
    assert second.take == {}
    assert second.refused == []
    assert second.shadow == first.shadow
    assert second.conflicts == first.conflicts


@given(base=VALUES, theirs=VALUES, ours=VALUES, rule=POLICIES)
def test_both_sides_converge_unless_a_person_is_asked(
    base: Value, theirs: Value, ours: Value, rule: FieldMerge
) -> None:
    merged = merge(base, theirs, ours, rule)
    hub = merged.take.get("f", ours)
    if merged.conflicts:
        assert (merged.conflicts[0].ours, merged.conflicts[0].theirs) == (ours, theirs)
        return
    # Outbound writes whatever differs from the shadow; then both are the same, and it is the hub's value.
    remote = hub if hub != merged.shadow["f"] else theirs
    assert remote == hub
