"""Records that do not belong in the hub are left where they are."""

from tests.integration.engine.conftest import MAPPING, Build

SCOPED = MAPPING.replace("key:", 'scope: {when: "record.tier != null"}\nkey:')
CHILDREN_ONLY = MAPPING.replace("key:", "scope: {when: \"record.parent != null || record.city == 'Bonn'\"}\nkey:")


async def test_a_new_record_out_of_scope_is_counted_and_left_alone(build: Build) -> None:
    stage = await build(SCOPED)
    stage.left.create(name="Ordinary", website="ordinary.com")
    stage.left.create(name="Partner", website="partner.com", tier="Gold")
    counts = await stage.pull(stage.left)
    assert counts["out_of_scope"] == 1
    await stage.settle()
    assert stage.right.names() == ["Partner"]
    assert len(await stage.all("select id from partner")) == 1


async def test_a_record_that_comes_into_scope_is_taken_in(build: Build) -> None:
    stage = await build(SCOPED)
    row = stage.left.create(name="Ordinary", website="ordinary.com")
    await stage.settle()
    stage.left.edit(row, tier="Silver")
    await stage.settle()
    assert stage.right.names() == ["Ordinary"]


async def test_a_linked_record_that_leaves_the_scope_keeps_syncing(build: Build) -> None:
    stage = await build(MAPPING.replace("key:", "scope: {when: \"record.city == 'Bonn'\"}\nkey:"))
    row = stage.left.create(name="Acme", website="acme.com", city="Bonn")
    await stage.settle()
    stage.left.edit(row, city="Berlin", name="Acme Inc")
    await stage.settle()
    assert stage.right.names() == ["Acme Inc"]


async def test_a_reference_to_an_unknown_record_counts_as_none(build: Build) -> None:
    stage = await build(CHILDREN_ONLY)
    outside = stage.left.create(name="Ordinary", website="ordinary.com")
    stage.left.create(name="Its branch", website="branch.com", parent=outside)
    inside = stage.left.create(name="Holding", website="holding.com", city="Bonn")
    await stage.settle()
    stage.left.create(name="Branch", website="second.com", parent=inside)
    await stage.settle()
    assert stage.right.names() == ["Branch", "Holding"]


async def test_an_ordinary_record_is_not_quarantined_for_its_faults(build: Build) -> None:
    stage = await build(SCOPED)
    row = stage.left.create(name="Ordinary", website="ordinary.com")
    stage.left.sandbox.records.live("partners", row).fields["name"] = None
    await stage.pull(stage.left)
    assert await stage.all("select remote_id from quarantine") == []
