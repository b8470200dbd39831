"""One record that the database refuses does not hold up its page."""

import pytest

from tests.integration.engine.conftest import Stage


@pytest.mark.parametrize("bad", [0, 3, 6])
async def test_a_record_with_a_nul_character_is_set_aside_and_the_page_goes_on(stage: Stage, bad: int) -> None:
    for number in range(7):
        city = "Bo\x00nn" if number == bad else "Bonn"
        stage.left.create(name=f"Partner {number}", website=f"p{number}.com", city=city)
    counts = await stage.pull(stage.left)
    assert (counts["read"], counts["created"], counts["quarantined"]) == (7, 6, 1)
    (held,) = await stage.all("select problems, fields, held from quarantine")
    assert held["held"]
    assert "cannot be stored" in held["problems"][0]["message"]
    assert held["fields"]["city"] == "Bo\ufffdnn"


async def test_a_corrected_record_comes_in(stage: Stage) -> None:
    row = stage.left.create(name="Acme\x00", website="acme.com")
    await stage.settle()
    stage.left.edit(row, name="Acme")
    await stage.settle()
    assert stage.right.names() == ["Acme"]
    assert await stage.all("select remote_id from quarantine") == []


async def test_a_bad_edit_of_a_linked_record_keeps_the_last_good_state(stage: Stage) -> None:
    row = stage.left.create(name="Acme", website="acme.com", city="Bonn")
    await stage.settle()
    stage.left.edit(row, city="Ber\x00lin")
    await stage.settle()
    assert (await stage.values(stage.left, row))["city"] == "Bonn"


async def test_an_edit_taken_back_leaves_no_quarantine(stage: Stage) -> None:
    row = stage.left.create(name="Acme", website="acme.com", city="Bonn")
    await stage.settle()
    stage.left.edit(row, city="Ber\x00lin")
    await stage.settle()
    stage.left.edit(row, city="Bonn")
    await stage.settle()
    assert await stage.all("select remote_id from quarantine") == []


async def test_a_record_that_never_came_in_leaves_the_quarantine_when_it_is_deleted(stage: Stage) -> None:
    row = stage.left.create(name="Acme\x00", website="acme.com")
    await stage.settle()
    stage.left.sandbox.human_delete("partners", row)
    await stage.settle()
    assert await stage.all("select remote_id from quarantine") == []


async def test_a_linked_record_leaves_the_quarantine_when_it_is_merged(stage: Stage) -> None:
    winner = stage.left.create(name="Acme", website="acme.com")
    loser = stage.left.create(name="Acme GmbH", website="acme.de")
    await stage.settle()
    stage.left.edit(loser, name="Acme\x00")
    await stage.settle()
    stage.left.sandbox.human_merge("partners", winner, loser)
    await stage.settle()
    assert await stage.all("select remote_id from quarantine") == []
