"""Laws of registrations notice what was lost, doubled, judged blindly, led astray or told twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest

from hub.services.deals.receiving import Answer
from hub.simulation.deal_book import Book
from hub.simulation.deal_facts import DealFacts, Judgement
from hub.simulation.deal_laws import DealJudge

FIRST, SECOND, ACCOUNT = UUID(int=1), UUID(int=2), UUID(int=9)
START = datetime(2030, 1, 1, tzinfo=UTC)


def _registration(place: int | None, name: str) -> dict[str, Any]:
    return {"name": name, "place": place, "review_status": "conflict_review", "creations": 1, "entries": 3}


def _events(registration: UUID, minute: int) -> list[dict[str, Any]]:
    steps = [("submit", "draft", "submitted"), ("screen", "submitted", "screening")]
    steps.append(("hold", "screening", "conflict_review"))
    return [
        {
            "id": UUID(int=registration.int * 100 + n),
            "kind": kind,
            "from_status": source,
            "to_status": target,
            "happened_at": START + timedelta(minutes=minute),
        }
        for n, (kind, source, target) in enumerate(steps)
    ]


def _judgement(minute: int, *rivals: UUID) -> Judgement:
    known = frozenset(rivals)
    return Judgement(START + timedelta(minutes=minute), "hold", True, known, known, frozenset({ACCOUNT}))


def _alert(registration: UUID) -> dict[str, Any]:
    kind = "registration_on_account"
    return {
        "event_key": f"{kind}/{registration}",
        "kind": kind,
        "deal": registration,
        "owner_email": "anna@hub.example",
    }


@pytest.fixture
def book() -> Book:
    """Two partners claim the same, the second one after the first."""
    book = Book()
    for registration in (FIRST, SECOND):
        entry = book.write([UUID(int=77)], Random(1))
        book.commit([(entry, Answer(registration, "{}", new=True))])
        entry.answers.append(registration)
    return book


@pytest.fixture
def facts() -> DealFacts:
    return DealFacts(
        registrations={FIRST: _registration(1, "Deal 0"), SECOND: _registration(2, "Deal 1")},
        events={FIRST: _events(FIRST, 1), SECOND: _events(SECOND, 2)},
        judgements={FIRST: [_judgement(1)], SECOND: [_judgement(2, FIRST)]},
        alerts=[_alert(FIRST), _alert(SECOND)],
        frozen={(FIRST, SECOND), (SECOND, SECOND)},
        rechecks=0,
    )


def _broken(book: Book, facts: DealFacts) -> dict[str, str]:
    return {violation.law: violation.what for violation in DealJudge(book, facts).violations()}


def test_a_world_in_order_breaks_no_law(book: Book, facts: DealFacts) -> None:
    assert _broken(book, facts) == {}


def test_a_key_that_was_answered_with_two_registrations_is_noticed(book: Book, facts: DealFacts) -> None:
    book.entries[0].answers.append(SECOND)
    assert "2 were answered" in _broken(book, facts)["submitted once"]


def test_a_submission_that_was_lost_after_its_answer_is_noticed(book: Book, facts: DealFacts) -> None:
    nameless = replace(facts, registrations={**facts.registrations, FIRST: _registration(1, "another")})
    assert "is stored as nothing" in _broken(book, nameless)["submitted once"]


def test_a_judgement_that_does_not_know_the_earlier_one_is_noticed(book: Book, facts: DealFacts) -> None:
    blind = replace(facts, judgements={**facts.judgements, SECOND: [_judgement(2)]})
    assert "was not told of" in _broken(book, blind)["first come first"]


def test_an_earlier_one_that_had_ended_need_not_be_known(book: Book, facts: DealFacts) -> None:
    end = {"id": UUID(int=7), "kind": "withdraw", "from_status": "conflict_review", "to_status": "withdrawn"}
    ended = [*facts.events[FIRST], {**end, "happened_at": START + timedelta(minutes=1, seconds=30)}]
    blind = replace(
        facts, events={**facts.events, FIRST: ended}, judgements={**facts.judgements, SECOND: [_judgement(2)]}
    )
    assert "first come first" not in _broken(book, blind)


def test_places_against_the_order_of_commits_are_noticed(book: Book, facts: DealFacts) -> None:
    swapped = {FIRST: _registration(2, "Deal 0"), SECOND: _registration(1, "Deal 1")}
    assert "has the place 1 before 2" in _broken(book, replace(facts, registrations=swapped))["first come first"]


def test_a_step_that_the_lifecycle_does_not_have_is_noticed(book: Book, facts: DealFacts) -> None:
    leap = {**facts.events[FIRST][-1], "kind": "approve", "to_status": "conflict_review"}
    astray = replace(facts, events={**facts.events, FIRST: [*facts.events[FIRST][:-1], leap]})
    assert "approve leads from screening to conflict_review" in _broken(book, astray)["lifecycle"]


def test_a_status_that_no_event_explains_is_noticed(book: Book, facts: DealFacts) -> None:
    unexplained = {**facts.registrations, FIRST: {**_registration(1, "Deal 0"), "review_status": "pending_approval"}}
    assert "its events lead to conflict_review" in _broken(book, replace(facts, registrations=unexplained))["lifecycle"]


@pytest.mark.parametrize(("alerts", "said"), [([FIRST], "nobody was told"), ([FIRST, SECOND, SECOND], "2 times")])
def test_an_alert_that_is_missing_or_comes_twice_is_noticed(
    alerts: list[UUID], said: str, book: Book, facts: DealFacts
) -> None:
    assert said in _broken(book, replace(facts, alerts=[_alert(i) for i in alerts]))["told once"]


def test_a_conflict_with_what_has_ended_is_noticed(book: Book, facts: DealFacts) -> None:
    ended = {**facts.registrations, FIRST: {**_registration(1, "Deal 0"), "review_status": "withdrawn"}}
    assert "which is withdrawn" in _broken(book, replace(facts, registrations=ended))["nothing stuck"]
