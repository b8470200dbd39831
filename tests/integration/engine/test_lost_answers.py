"""Writes whose answer was lost: what they left in the other system is the hub's own, whatever happens meanwhile."""

from __future__ import annotations

import pytest

from tests.integration.engine.conftest import Stage


@pytest.fixture
async def right_id(stage: Stage) -> str:
    """The record's id in the right system; both sides know it."""
    stage.left.create(name="Acme", website="acme.com", city="Bonn")
    await stage.settle()
    return next(iter(stage.right.rows()))


async def test_a_change_after_a_lost_answer_is_no_conflict_with_what_the_hub_itself_wrote(
    stage: Stage, right_id: str
) -> None:
    left_id = next(iter(stage.left.rows()))
    stage.left.edit(left_id, city="Köln")
    await stage.pull(stage.left)
    stage.right.sandbox.faults.arm("lose_response", match="/batch")
    await stage.push(stage.right)
    assert stage.right.row(right_id)["city"] == "Köln"

    stage.left.edit(left_id, city="Trier")
    await stage.pull(stage.left)
    await stage.pull(stage.right)
    await stage.db_ready()
    await stage.settle()

    assert await stage.all("select field from conflict") == []
    assert [s.rows()[i]["city"] for s, i in ((stage.left, left_id), (stage.right, right_id))] == ["Trier", "Trier"]


async def test_a_change_after_a_lost_answer_is_no_conflict_when_the_write_is_verified_first(
    stage: Stage, right_id: str
) -> None:
    left_id = next(iter(stage.left.rows()))
    stage.left.edit(left_id, city="Köln")
    await stage.pull(stage.left)
    stage.right.sandbox.faults.arm("lose_response", match="/batch")
    await stage.push(stage.right)

    stage.left.edit(left_id, city="Trier")
    await stage.pull(stage.left)
    await stage.db_ready()
    await stage.push(stage.right)
    await stage.settle()

    assert await stage.all("select field from conflict") == []
    assert stage.right.row(right_id)["city"] == "Trier"


async def test_a_change_after_a_lost_answer_to_a_create_is_no_conflict(stage: Stage) -> None:
    left_id = stage.left.create(name="Acme", website="acme.com", city="Bonn")
    await stage.pull(stage.left)
    stage.right.sandbox.faults.arm("lose_response", match="/batch")
    await stage.push(stage.right)

    stage.left.edit(left_id, city="Trier")
    await stage.pull(stage.left)
    await stage.pull(stage.right)
    await stage.db_ready()
    await stage.settle()

    assert await stage.all("select field from conflict") == []
    assert [row["city"] for row in stage.right.rows().values()] == ["Trier"]


async def test_a_person_who_edits_what_the_hub_wrote_without_an_answer_is_heard(stage: Stage, right_id: str) -> None:
    left_id = next(iter(stage.left.rows()))
    stage.left.edit(left_id, city="Köln")
    await stage.pull(stage.left)
    stage.right.sandbox.faults.arm("lose_response", match="/batch")
    await stage.push(stage.right)

    stage.left.edit(left_id, city="Trier")
    stage.right.edit(right_id, city="Mainz")
    await stage.pull(stage.left)
    await stage.pull(stage.right)

    [conflict] = await stage.all("select ours, theirs from conflict")
    assert conflict == {"ours": "Trier", "theirs": "Mainz"}


async def test_a_row_merged_into_one_that_the_hub_made_without_an_answer_is_the_same_partner(stage: Stage) -> None:
    beta = stage.right.create(name="Beta", website="beta.com", city="Bonn")
    await stage.pull(stage.right)
    stage.left.create(name="Acme", website="acme.com")
    await stage.pull(stage.left)
    stage.right.sandbox.faults.arm("lose_response", match="/batch")
    await stage.push(stage.right)
    [made] = stage.right.rows().keys() - {beta}
    stage.right.sandbox.human_merge("partners", made, beta)

    await stage.db_ready()
    await stage.settle()

    [right], [left] = stage.right.rows().values(), stage.left.rows().values()
    assert (right["name"], left["name"]) == ("Acme", "Acme")
    assert await stage.all("select message from delivery where state = 'dead'") == []
    assert len(await stage.all("select id from organization where merged_into is null")) == 1


async def test_what_somebody_changes_in_a_row_that_was_made_without_an_answer_is_no_conflict(stage: Stage) -> None:
    left_id = stage.left.create(name="Acme", website="acme.com", city="Bonn")
    await stage.pull(stage.left)
    stage.right.sandbox.faults.arm("lose_response", match="/batch")
    await stage.push(stage.right)

    stage.right.edit(next(iter(stage.right.rows())), city="Trier")
    await stage.db_ready()
    await stage.settle()

    assert await stage.all("select field from conflict") == []
    assert stage.left.row(left_id)["city"] == "Trier"
