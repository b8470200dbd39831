"""Limits: what reaches one, what never does, and what the shipped policy says."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.domain.guards import (
    EFFECTS,
    Effect,
    Guards,
    Threshold,
    effect_on,
    effects_of,
    excesses,
    needs_second,
    passes,
)
from hub.record.values import RemoteRef
from hub.services.connection_options import checked_options
from hub.services.guards.policy import GuardsDoc, default_guards, guards_of
from hub.services.refusals import Invalid

_NUMBERS = st.integers(0, 10_000)
_THRESHOLDS = st.builds(Threshold, st.integers(1, 500), st.decimals(0, 1, places=2))
_LIMITS = st.dictionaries(st.sampled_from(EFFECTS), _THRESHOLDS)
_EFFECTS = st.dictionaries(st.sampled_from(EFFECTS), _NUMBERS)


@given(_THRESHOLDS, _NUMBERS, _NUMBERS)
def test_a_limit_is_never_below_its_floor_and_grows_with_what_is_linked(
    threshold: Threshold, linked: int, more: int
) -> None:
    assert threshold.floor <= threshold.limit(linked) <= threshold.limit(linked + more)


@given(_LIMITS, _NUMBERS, _EFFECTS, _EFFECTS)
def test_exactly_the_effects_that_reach_their_limit_are_stopped(
    limits: dict[Effect, Threshold], linked: int, effects: dict[Effect, int], passed: dict[Effect, int]
) -> None:
    stopped = {e.effect for e in excesses(limits, linked=linked, effects=effects, passed=passed)}
    for effect, threshold in limits.items():
        count = effects.get(effect, 0)
        reached = count > 0 and count + passed.get(effect, 0) >= max(threshold.floor, int(threshold.share * linked))
        assert (effect in stopped) == reached


@given(_LIMITS, _NUMBERS, _EFFECTS, _EFFECTS, _EFFECTS)
def test_more_of_anything_never_lets_through_what_was_stopped(
    limits: dict[Effect, Threshold],
    linked: int,
    effects: dict[Effect, int],
    passed: dict[Effect, int],
    more: dict[Effect, int],
) -> None:
    grown = {effect: effects.get(effect, 0) + more.get(effect, 0) for effect in EFFECTS}
    before = {e.effect for e in excesses(limits, linked=linked, effects=effects, passed=passed)}
    after = {e.effect for e in excesses(limits, linked=linked, effects=grown, passed=passed)}
    assert before <= after


@given(_LIMITS, _NUMBERS, _EFFECTS, _EFFECTS)
def test_so_few_records_that_they_pass_unseen_are_never_too_much_whatever_they_do(
    limits: dict[Effect, Threshold], linked: int, effects: dict[Effect, int], passed: dict[Effect, int]
) -> None:
    if passes(limits, linked=linked, records=sum(effects.values()), passed=passed):
        assert excesses(limits, linked=linked, effects=effects, passed=passed) == ()


@given(st.dictionaries(st.sampled_from("abc"), st.sampled_from(["x", "y", None])), st.sampled_from("abc"))
def test_what_is_as_agreed_is_no_effect_and_an_emptied_field_outweighs_all(
    values: dict[str, str | None], name: str
) -> None:
    assert effect_on(values, values, links=()) is None
    assert effect_on({**values, name: None}, {**values, name: "was there"}, links=()) == "nulls"


def test_a_field_that_differs_is_a_change_and_a_reference_that_only_became_known_is_none() -> None:
    assert effect_on({"city": "Rom"}, {"city": "Bonn"}, links=("parent",)) == "changes"
    assert effect_on({"city": "Rom"}, {}, links=("parent",)) == "changes"
    assert effect_on({"parent": "p1"}, {}, links=("parent",)) is None
    assert effect_on({"parent": RemoteRef("1")}, {"parent": "p1"}, links=("parent",)) is None
    assert effect_on({"parent": "p2"}, {"parent": "p1"}, links=("parent",)) == "changes"
    assert effect_on({"parent": None}, {"parent": "p1"}, links=("parent",)) == "nulls"


def test_a_plans_actions_are_counted_by_the_gravest() -> None:
    actions = {"create": 1, "ambiguous": 2, "restore": 3, "change": 4, "null": 5, "delete": 6, "merge": 7, "agree": 8}
    assert effects_of(actions) == {"creates": 6, "changes": 4, "nulls": 5, "deletes": 13}  # type: ignore[arg-type]


def test_a_sentence_says_how_many_of_how_many_and_the_limit() -> None:
    limits: dict[Effect, Threshold] = {"deletes": Threshold(20, Decimal("0.05"))}
    [gone] = excesses(limits, linked=1000, effects={"deletes": 400}, passed={"deletes": 7})
    assert gone.sentence == "400 of 1,000 linked records would be gone after 7 in the hour before (limit 50)"


def test_the_shipped_policy_limits_every_effect_in_both_directions() -> None:
    for direction in ("in", "out"):
        limits = {effect: one.limit(10_000) for effect, one in default_guards().of("Account", direction).items()}
        assert limits == {"creates": 2000, "changes": 3000, "nulls": 1000, "deletes": 500}


def test_a_connection_overrides_single_limits_of_all_or_of_one_object() -> None:
    own = {
        "in": {"deletes": {"floor": 5, "share": "1 %"}},
        "objects": {"Contact": {"in": {"deletes": "unlimited"}}},
        "second_person": ["deletes"],
        "look_again_minutes": 3,
    }
    stored = checked_options({"guards": own})
    guards = guards_of(stored)
    assert guards.of("Account", "in")["deletes"] == Threshold(5, Decimal("0.01"))
    assert "deletes" not in guards.of("Contact", "in")
    assert guards.of("Contact", "in")["nulls"] == default_guards().of("Contact", "in")["nulls"]
    found = excesses(guards.of("Account", "in"), linked=1, effects={"deletes": 5}, passed={})
    assert needs_second(guards, found)
    assert not needs_second(Guards({}), found)


@pytest.mark.parametrize("share", ["5", "101 %", "-1 %", "some %"])
def test_what_is_no_share_is_refused(share: str) -> None:
    with pytest.raises(ValidationError, match="no share"):
        GuardsDoc.model_validate({"in": {"deletes": {"floor": 1, "share": share}}})
    with pytest.raises(Invalid, match="no share"):
        checked_options({"guards": {"in": {"deletes": {"floor": 1, "share": share}}}})
