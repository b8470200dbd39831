"""Which record an incoming one is linked to, and when a person is asked instead."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.matching import (
    Candidate,
    Choice,
    Decision,
    Reason,
    ScoredPair,
    Verdict,
    assign,
    choose,
    duplicate_groups,
    organization_features,
)

ACME = {"legal_name": "Acme Networks", "phone": "+49 30 901820", "street": "Hauptstraße 12", "postal_code": "10115"}


def candidate(id: str, *, taken: bool = False, **changed: object) -> Candidate[str]:
    return Candidate(id, organization_features({**ACME, **changed}), taken=taken)


def choice_among(*candidates: Candidate[str], **changed: object) -> Choice[str]:
    return choose(organization_features({**ACME, **changed}), candidates)


def test_one_sure_candidate_is_linked_with_its_evidence() -> None:
    choice = choice_among(candidate("a"), candidate("b", legal_name="Zenith", phone="+49 30 5", street="Seestr. 1"))

    assert (choice.decision, choice.reason, choice.chosen) == (Decision.LINK, Reason.SURE, "a")
    assert choice.ranked[0].verdict is Verdict.SAME
    assert {e.feature for e in choice.ranked[0].score.evidence} == {"name", "phone", "street", "place"}


def test_a_record_that_nothing_resembles_is_new() -> None:
    choice = choice_among(legal_name="Zenith Foods")

    assert (choice.decision, choice.reason, choice.chosen) == (Decision.NEW, Reason.NOTHING_ALIKE, None)


def test_another_site_of_the_group_is_new_and_the_group_is_shown() -> None:
    choice = choice_among(candidate("a"), street="Seestraße 99", postal_code="80331", legal_name="Acme Networks Data")

    assert choice.decision is Decision.NEW
    assert [ranked.verdict for ranked in choice.ranked] == [Verdict.FAMILY]


def test_a_candidate_that_may_be_the_same_waits_for_a_person() -> None:
    choice = choice_among(candidate("a", phone=None, street="Hauptstr. 14"))

    assert (choice.decision, choice.reason, choice.chosen) == (Decision.REVIEW, Reason.NOT_SURE, None)
    assert choice.ranked[0].candidate.id == "a"


def test_a_second_record_of_a_site_in_one_system_is_a_suspected_duplicate_and_not_linked() -> None:
    choice = choice_among(candidate("a", taken=True))

    assert (choice.decision, choice.reason, choice.chosen) == (Decision.REVIEW, Reason.TAKEN, None)


def test_a_free_duplicate_beside_a_taken_candidate_is_not_linked_either() -> None:
    choice = choice_among(candidate("a", taken=True), candidate("b"))

    assert (choice.decision, choice.reason) == (Decision.REVIEW, Reason.TAKEN)


def test_of_two_candidates_that_are_one_another_the_first_is_linked_and_both_are_listed() -> None:
    choice = choice_among(candidate("a"), candidate("b"))

    assert (choice.decision, choice.chosen) == (Decision.LINK, "a")
    assert [ranked.candidate.id for ranked in choice.ranked] == ["a", "b"]


def test_two_candidates_that_differ_from_each_other_and_fit_equally_well_are_ambiguous() -> None:
    east = candidate("east", legal_name="Acme Networks East")
    west = candidate("west", legal_name="Acme Networks West")

    choice = choice_among(east, west)

    assert (choice.decision, choice.reason, choice.chosen) == (Decision.REVIEW, Reason.AMBIGUOUS, None)
    assert len(choice.ranked) == 2


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_a_clearly_better_candidate_is_linked_in_any_order(order: tuple[str, str]) -> None:
    pool = {"a": candidate("a"), "b": candidate("b", legal_name="Acme Networks Data Lake")}

    assert choice_among(*(pool[id] for id in order)).chosen == "a"


messy = st.fixed_dictionaries(
    {},
    optional={
        "legal_name": st.sampled_from(["Acme Networks", "Acme", "Acme Networks East", "Zenith Foods"]),
        "phone": st.sampled_from([None, "901820", "+49 30 111111"]),
        "street": st.sampled_from([None, "Hauptstr. 12", "Hauptstraße 14"]),
        "postal_code": st.sampled_from([None, "10115", "10116"]),
    },
)


@given(messy, st.lists(st.tuples(messy, st.booleans()), max_size=5))
def test_a_link_is_always_to_the_free_best_candidate_that_is_the_same(
    incoming: dict[str, object], pool: list[tuple[dict[str, object], bool]]
) -> None:
    candidates = [candidate(str(i), taken=taken, **changed) for i, (changed, taken) in enumerate(pool)]

    choice = choice_among(*candidates, **incoming)

    assert (choice.decision is Decision.LINK) == (choice.chosen is not None)
    if choice.chosen is not None:
        best = choice.ranked[0]
        assert best.candidate.id == choice.chosen
        assert best.verdict is Verdict.SAME
        assert not best.candidate.taken


def pair(left: str, right: str, total: float, verdict: Verdict = Verdict.SAME) -> ScoredPair:
    return ScoredPair(left, right, total, verdict)


def test_a_plan_links_each_record_at_most_once_and_best_pairs_first() -> None:
    pairs = [pair("a1", "b1", 50), pair("a1", "b2", 40), pair("a2", "b2", 45), pair("a3", "b3", 20, Verdict.REVIEW)]

    plan = assign(pairs, margin=3, left_groups={}, right_groups={})

    assert [p.ends for p in plan.links] == [("a1", "b1"), ("a2", "b2")]
    assert [p.ends for p in plan.reviews] == [("a1", "b2"), ("a3", "b3")]


def test_a_plan_leaves_close_rivals_to_a_person() -> None:
    plan = assign([pair("a1", "b1", 50), pair("a1", "b2", 49)], margin=3, left_groups={}, right_groups={})

    assert plan.links == ()
    assert len(plan.reviews) == 2


def test_a_plan_links_one_of_a_systems_duplicates_and_lists_the_other() -> None:
    twins = duplicate_groups([("b1", "b2")])

    plan = assign([pair("a1", "b1", 50), pair("a1", "b2", 50)], margin=3, left_groups={}, right_groups=twins)

    assert [p.ends for p in plan.links] == [("a1", "b1")]
    assert [p.ends for p in plan.reviews] == [("a1", "b2")]


def test_duplicates_connected_through_others_are_one_group() -> None:
    groups = duplicate_groups([("c", "b"), ("e", "d"), ("b", "a")])

    assert groups == {"a": "a", "b": "a", "c": "a", "d": "d", "e": "d"}
