"""The judge of the drills sees what is wrong."""

from __future__ import annotations

from uuid import UUID

from hub.db.records import StoredRecord
from tests.drills.laws import Facts, _apart, _doubled, _lost
from tests.drills.ledger import Edit, Ledger

ONE = UUID(int=1)


def _facts(*, left: str = "Gent", right: str = "Gent", hub: str = "Gent", conflict: bool = False) -> Facts:
    """One firm everywhere; its city as given."""
    values = {"legal_name": "Acme", "city": hub, "website_domain": "acme.example"}
    return Facts(
        rows={
            name: {"1": {"name": "Acme", "city": city, "website": "acme.example", "hub_id": str(ONE)}}
            for name, city in (("left", left), ("right", right))
        },
        links=[{"system": name, "remote_id": "1", "record_id": ONE, "state": "live"} for name in ("left", "right")],
        conflicts=[{"system": "right", "record_id": ONE, "field": "city", "base": "x", "ours": hub, "theirs": right}]
        * conflict,
        open=[],
        records={ONE: StoredRecord(ONE, 1, False, None, dict(values))},
    )


def test_one_firm_that_is_the_same_everywhere_is_fine() -> None:
    assert not [*_apart(_facts()), *_doubled(_facts())]


def test_a_system_that_holds_something_else_is_seen_unless_it_is_in_conflict() -> None:
    assert _apart(_facts(right="Brugge")) == ["right 1 city: there 'Brugge', here 'Gent'"]
    assert not _apart(_facts(right="Brugge", conflict=True))


def test_a_row_that_is_there_twice_is_seen() -> None:
    facts = _facts()
    facts.rows["left"]["2"] = dict(facts.rows["left"]["1"])

    assert len(_doubled(facts)) == 2  # its key and its website
    assert _apart(facts) == ["left 2 is not linked"]


def test_a_row_that_never_came_is_seen() -> None:
    facts = _facts()
    facts.rows["right"], facts.links = {}, facts.links[:1]

    assert _apart(facts) == [f"{ONE} never came to right"]


def test_an_edit_is_lost_unless_it_stands_somewhere_or_was_seen_by_whoever_wrote_what_stands() -> None:
    ledger = Ledger()
    ledger.note(Edit("Aalst", "left", "1", None))
    ledger.note(Edit("Gent", "right", "1", "Aalst"))
    ledger.note(Edit("Brugge", "left", "1", "Aalst"))
    ledger.note(Edit("Ieper", "hub", "1", "Aalst"), answered=False)

    assert [text.split("'")[1] for text in _lost(_facts(), ledger)] == ["Brugge"]
    assert not _lost(_facts(right="Brugge", conflict=True), ledger)
