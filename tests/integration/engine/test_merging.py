"""Rows that people merge in one system, while others hold values which those people could not see."""

from __future__ import annotations

import pytest

from hub.services.records import patch_record
from tests.integration.engine.conftest import MAPPING, Build, Stage


@pytest.fixture
async def twin(stage: Stage) -> str:
    """A row on the left, known to the hub as the same firm as a row on the right that lacks its city."""
    stage.right.create(name="Acme", website="acme.com", country="DE", city="Bonn")
    stage.right.create(name="Acme GmbH", website="acme.de", country="DE")
    await stage.pull(stage.right)
    return stage.left.create(name="Acme GmbH", website="acme.de", country="DE", city="Köln")


async def _merge_on_the_right(stage: Stage) -> None:
    await stage.pull(stage.left)
    loser, winner = sorted(stage.right.rows(), key=lambda row: str(stage.right.row(row)["name"]), reverse=True)
    stage.right.sandbox.human_merge("partners", winner, loser)
    await stage.pull(stage.right)


async def _edit_hub(stage: Stage, name: str, **values: str) -> None:
    partner = stage.left.connection.object("partners").record_type
    [row] = await stage.all(f"select id from organization where legal_name = '{name}'")
    async with stage.db.transaction() as tx:
        await patch_record(tx, partner, record_id=row["id"], values=values, version=None, actor="somebody")


async def test_an_edit_that_was_not_planned_yet_meets_the_survivors_value_as_a_conflict(
    stage: Stage, twin: str
) -> None:
    await _merge_on_the_right(stage)
    await stage.settle()
    [conflict] = await stage.all("select field, ours, theirs from conflict where state = 'open'")
    assert conflict == {"field": "city", "ours": "Köln", "theirs": "Bonn"}
    assert stage.left.row(twin)["city"] == "Köln"


async def test_an_edit_of_each_that_nobody_compared_is_a_conflict(stage: Stage, twin: str) -> None:
    await _edit_hub(stage, "Acme", city="Trier")
    await _merge_on_the_right(stage)
    await stage.settle()
    [conflict] = await stage.all("select field, ours, theirs from conflict where state = 'open'")
    assert conflict == {"field": "city", "ours": "Trier", "theirs": "Köln"}
    assert stage.left.row(twin)["city"] == "Köln"


async def test_what_the_merging_system_does_not_have_is_not_overwritten_elsewhere(build: Build) -> None:
    stage = await build(MAPPING, MAPPING.replace("  city: {remote: city}\n", ""))
    stage.right.create(name="Acme", website="acme.com", country="DE")
    stage.right.create(name="Acme GmbH", website="acme.de", country="DE")
    await stage.pull(stage.right)
    twin = stage.left.create(name="Acme GmbH", website="acme.de", country="DE", city="Köln")
    await _edit_hub(stage, "Acme", city="Trier")
    await _merge_on_the_right(stage)
    await stage.settle()
    [conflict] = await stage.all("select field, ours, theirs from conflict where state = 'open'")
    assert conflict == {"field": "city", "ours": "Trier", "theirs": "Köln"}
    assert stage.left.row(twin)["city"] == "Köln"
