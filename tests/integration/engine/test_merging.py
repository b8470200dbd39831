"""Two partners of the hub become one, and two again, while systems go on around them."""

from typing import Any
from uuid import UUID

import pytest

from hub.record import RECORD_TYPES
from hub.services.hub_merges import MergePreview, merge_pair, preview_merge
from hub.services.records import create_record, patch_record
from hub.services.refusals import Gone, Invalid, NotFound, NotNow
from hub.services.unmerging import Unmerged, unmerge
from tests.integration.engine.conftest import Stage

PARTNER = RECORD_TYPES["partner"]


async def _two(stage: Stage, loser: dict[str, Any], survivor: dict[str, Any]) -> tuple[str, str]:
    """One partner that only the left has, and one that only the right has: nothing brings them to the other side."""
    left = stage.left.create(**loser)
    await stage.pull(stage.left)
    right = stage.right.create(**survivor)
    await stage.pull(stage.right)
    return left, right


async def _ids(stage: Stage, left: str, right: str) -> tuple[UUID, UUID]:
    return (await stage.linked(stage.left))[left]["record_id"], (await stage.linked(stage.right))[right]["record_id"]


async def _preview(stage: Stage, loser: UUID, survivor: UUID) -> MergePreview:
    async with stage.db.transaction() as tx:
        return await preview_merge(tx, PARTNER, loser=loser, survivor=survivor)


async def _merge(stage: Stage, loser: UUID, survivor: UUID) -> None:
    async with stage.db.transaction() as tx:
        await merge_pair(tx, PARTNER, loser=loser, survivor=survivor, actor="ann")


async def _unmerge(stage: Stage, loser: UUID) -> Unmerged:
    async with stage.db.transaction() as tx:
        return await unmerge(tx, PARTNER, loser=loser, actor="bob")


async def _add(stage: Stage, record_type: str, **values: Any) -> UUID:
    async with stage.db.transaction() as tx:
        return (await create_record(tx, RECORD_TYPES[record_type], values=values, actor="ann")).id


async def _patch(stage: Stage, record_type: str, record_id: UUID, **values: Any) -> None:
    async with stage.db.transaction() as tx:
        await patch_record(
            tx, RECORD_TYPES[record_type], record_id=record_id, values=values, version=None, actor="carl"
        )


async def _partner_of(stage: Stage, contact: UUID) -> UUID:
    [row] = await stage.all(f"select partner from contact where id = '{contact}'")
    partner: UUID = row["partner"]
    return partner


async def test_a_preview_shows_what_would_move_and_moves_nothing(stage: Stage) -> None:
    left, right = await _two(stage, {"name": "Acme", "city": "Bonn"}, {"name": "ACME Inc", "tier": "Gold"})
    loser, survivor = await _ids(stage, left, right)
    await _add(stage, "contact", last_name="Peeters", partner=loser)
    await _add(stage, "contact", last_name="Janssens", partner=loser)
    found = await _preview(stage, loser, survivor)
    assert (found.loser_name, found.survivor_name) == ("Acme", "ACME Inc")
    assert found.takes == {"city": "Bonn"}
    assert [(d.field, d.survivor, d.loser) for d in found.differs] == [("legal_name", "ACME Inc", "Acme")]
    assert [(p.connection, p.remote_id) for p in found.links] == [("left", left)]
    assert [(r.record_type, r.field, r.count, r.stay) for r in found.references] == [("contact", "partner", 2, 0)]
    assert (found.twins, found.refusal) == ((), None)
    assert await stage.all("select id from record_merge") == []
    assert len(await stage.all("select id from organization where merged_into is null")) == 2


async def test_two_that_one_system_holds_both_are_merged_there_and_the_preview_says_so(stage: Stage) -> None:
    first = stage.left.create(name="Acme")
    second = stage.left.create(name="Acme again")
    await stage.pull(stage.left)
    linked = await stage.linked(stage.left)
    loser, survivor = linked[first]["record_id"], linked[second]["record_id"]
    found = await _preview(stage, loser, survivor)
    assert [(t.connection, t.remote_id, t.twin) for t in found.twins] == [("left", first, second)]
    assert "merge them there" in (found.refusal or "")
    with pytest.raises(NotNow, match="merge them there"):
        await _merge(stage, loser, survivor)


async def test_an_undone_merge_gives_back_records_links_references_and_values(stage: Stage) -> None:
    left, right = await _two(stage, {"name": "Acme", "city": "Bonn"}, {"name": "ACME Inc", "tier": "Gold"})
    loser, survivor = await _ids(stage, left, right)
    contact = await _add(stage, "contact", last_name="Peeters", partner=loser)
    await _merge(stage, loser, survivor)
    assert await _ids(stage, left, right) == (survivor, survivor)
    assert (await stage.values(stage.right, right))["city"] == "Bonn"
    assert await _partner_of(stage, contact) == survivor
    undone = await _unmerge(stage, loser)
    assert (undone.links, undone.references, undone.values, undone.left_alone) == (1, 1, ("city",), ())
    assert await _ids(stage, left, right) == (loser, survivor)
    assert await _partner_of(stage, contact) == loser
    assert (await stage.values(stage.right, right))["city"] is None
    assert (await stage.values(stage.left, left))["legal_name"] == "Acme"


async def test_a_merge_that_was_delivered_is_taken_back_everywhere(stage: Stage) -> None:
    left, right = await _two(stage, {"name": "Acme", "city": "Bonn"}, {"name": "ACME Inc", "tier": "Gold"})
    loser, survivor = await _ids(stage, left, right)
    await _merge(stage, loser, survivor)
    await stage.settle()
    assert stage.right.row(right)["city"] == "Bonn"
    assert stage.left.row(left)["tier"] == "Gold"
    assert (len(stage.left.rows()), len(stage.right.rows())) == (1, 1)
    undone = await _unmerge(stage, loser)
    await stage.settle()
    await stage.settle()
    assert undone.left_alone == ()
    assert (await _ids(stage, left, right)) == (loser, survivor)
    assert (stage.left.row(left)["name"], stage.left.row(left)["city"]) == ("Acme", "Bonn")
    assert (stage.right.row(right)["name"], stage.right.row(right)["tier"]) == ("ACME Inc", "Gold")
    assert stage.left.row(left)["tier"] is None
    assert stage.right.row(right)["city"] is None
    # Two records go their own ways: each is made at the other side, once.
    assert stage.left.names() == stage.right.names() == ["ACME Inc", "Acme"]


async def test_what_changed_since_the_merge_is_left_alone_and_named(stage: Stage) -> None:
    left, right = await _two(stage, {"name": "Acme", "city": "Bonn", "country": "DE"}, {"name": "ACME Inc"})
    loser, survivor = await _ids(stage, left, right)
    stays = await _add(stage, "contact", last_name="Peeters", partner=loser)
    other = await _add(stage, "partner", legal_name="Other")
    goes = await _add(stage, "contact", last_name="Janssens", partner=loser)
    await _merge(stage, loser, survivor)
    await _patch(stage, "partner", survivor, city="Gent")
    await _patch(stage, "contact", stays, partner=other)
    undone = await _unmerge(stage, loser)
    assert undone.values == ("country",)
    assert any("city of the survivor stays: carl changed it" in sentence for sentence in undone.left_alone)
    assert any(f"contact {stays} stays" in sentence for sentence in undone.left_alone)
    assert len(undone.left_alone) == 2
    values = await stage.values(stage.right, right)
    assert (values["city"], values["country"]) == ("Gent", None)
    assert (await stage.values(stage.left, left))["city"] == "Bonn"
    assert (await _partner_of(stage, stays), await _partner_of(stage, goes)) == (other, loser)


async def test_edits_of_the_losers_own_remote_record_go_with_it(stage: Stage) -> None:
    left, right = await _two(stage, {"name": "Acme", "city": "Bonn"}, {"name": "Acme"})
    loser, survivor = await _ids(stage, left, right)
    await _merge(stage, loser, survivor)
    await stage.settle()
    stage.left.edit(left, city="Berlin")
    await stage.settle()
    assert stage.right.row(right)["city"] == "Berlin"
    undone = await _unmerge(stage, loser)
    await stage.settle()
    assert stage.left.row(left)["city"] == "Berlin"
    assert (await stage.values(stage.left, left))["city"] == "Berlin"
    assert [s for s in undone.left_alone if "city" in s]
    assert stage.right.row(right)["city"] == "Berlin"


async def test_a_conflict_of_the_loser_waits_again_when_the_merge_is_undone(stage: Stage) -> None:
    left, right = await _two(stage, {"name": "Acme", "city": "Bonn"}, {"name": "Acme"})
    loser, survivor = await _ids(stage, left, right)
    await _patch(stage, "partner", loser, city="Ulm")
    stage.left.edit(left, city="Berlin")
    await stage.pull(stage.left)
    [conflict] = await stage.all("select id, record_id from conflict where state = 'open'")
    assert conflict["record_id"] == loser
    await _merge(stage, loser, survivor)
    assert [c["record_id"] for c in await stage.all("select record_id from conflict where state = 'open'")] == [
        survivor
    ]
    await _unmerge(stage, loser)
    assert await stage.all("select id, record_id from conflict where state = 'open'") == [conflict]


async def test_a_period_that_both_have_stays_with_the_loser(stage: Stage) -> None:
    from datetime import date

    left, right = await _two(stage, {"name": "Acme"}, {"name": "ACME Inc"})
    loser, survivor = await _ids(stage, left, right)
    begin = date(2026, 1, 1)
    mine = await _add(stage, "partner_role", partner=loser, role="reseller", valid_from=begin)
    other = await _add(stage, "partner_role", partner=loser, role="msp", valid_from=begin)
    await _add(stage, "partner_role", partner=survivor, role="reseller", valid_from=date(2025, 1, 1))
    found = await _preview(stage, loser, survivor)
    assert [(r.record_type, r.count, r.stay) for r in found.references] == [("partner_role", 2, 1)]
    await _merge(stage, loser, survivor)
    partners = {row["id"]: row["partner"] for row in await stage.all("select id, partner from partner_role")}
    assert (partners[mine], partners[other]) == (loser, survivor)


async def test_what_cannot_be_merged_or_unmerged_says_why(stage: Stage) -> None:
    left, right = await _two(stage, {"name": "Acme"}, {"name": "ACME Inc"})
    loser, survivor = await _ids(stage, left, right)
    third = await _add(stage, "partner", legal_name="Third")
    with pytest.raises(Invalid, match="another record"):
        await _merge(stage, loser, loser)
    with pytest.raises(NotFound):
        await _merge(stage, loser, UUID(int=7))
    with pytest.raises(NotNow, match="was not merged"):
        await _unmerge(stage, loser)
    await _merge(stage, loser, survivor)
    with pytest.raises(Gone, match="was merged into"):
        await _merge(stage, loser, third)
    await _merge(stage, survivor, third)
    with pytest.raises(NotNow, match=f"unmerge {survivor} first"):
        await _unmerge(stage, loser)
    await _unmerge(stage, survivor)
    await _unmerge(stage, loser)
    assert await _ids(stage, left, right) == (loser, survivor)


async def test_a_merge_of_a_system_is_taken_apart_there(stage: Stage) -> None:
    winner = stage.left.create(name="Acme", website="acme.com")
    loser = stage.left.create(name="Acme GmbH", website="acme.de")
    await stage.settle()
    record_id = (await stage.linked(stage.left))[loser]["record_id"]
    stage.left.sandbox.human_merge("partners", winner, loser)
    await stage.settle()
    with pytest.raises(NotNow, match="were merged in left"):
        await _unmerge(stage, record_id)
