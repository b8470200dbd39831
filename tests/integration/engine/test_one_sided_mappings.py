"""Mappings that keep to a part: fields written once, records only the hub makes, two mappings of one object."""

from hub.services.cycle import reread
from tests.integration.engine.conftest import MAPPING, Build, Stage

CITY = "  city: {remote: city}\n"
ONCE = MAPPING.replace(CITY, "  city: {remote: city, once: true, policy: fill_only}\n")
OWN_ONLY = MAPPING.replace("key:", "admit: false\nkey:")
OF_GOLD = MAPPING.replace("key:", "scope: {remote: \"remote.tier == 'Gold'\", reads: [tier]}\nkey:")
OTHERS = """
version: 1
name: plain_organizations
object: partners
record: organization
create: false
scope: {remote: "remote.tier != 'Gold'", reads: [tier]}
fields:
  legal_name: {remote: name, required: true, direction: pull}
  city: {remote: city, direction: pull}
"""
TWO = f"{OF_GOLD}\n---\n{OTHERS}"


async def _announced(stage: Stage, row: str) -> None:
    """What a webhook asks for: the system's own name of the object."""
    async with stage.db.transaction() as tx:
        await tx.run(
            "insert into reread (connection_id, object, remote_id, reason) values (%s, 'partners', %s, 'webhook')",
            stage.left.connection.id,
            row,
        )
    await reread(stage.db, stage.left.connection)


async def test_a_field_written_once_is_the_other_sides_afterwards(build: Build) -> None:
    stage = await build(MAPPING, ONCE)
    row = stage.left.create(name="Acme", website="acme.com", city="Bonn")
    await stage.settle()
    [there] = stage.right.rows()
    assert stage.right.row(there)["city"] == "Bonn"
    stage.left.edit(row, city="Berlin", name="Acme Inc")
    await stage.settle()
    assert stage.right.row(there)["name"] == "Acme Inc"
    assert stage.right.row(there)["city"] == "Bonn"
    stage.right.edit(there, city="Ghent")
    await stage.settle()
    assert stage.left.row(row)["city"] == "Berlin"
    assert await stage.all("select 1 from conflict where state = 'open'") == []


async def test_a_field_written_once_comes_in_with_a_record_made_there(build: Build) -> None:
    stage = await build(MAPPING, ONCE)
    stage.right.create(name="Acme", website="acme.com", city="Bonn")
    await stage.settle()
    [row] = stage.left.rows().values()
    assert row["city"] == "Bonn"


async def test_only_what_the_hub_made_comes_in_where_nothing_else_is_admitted(build: Build) -> None:
    stage = await build(MAPPING, OWN_ONLY)
    stage.right.create(name="Somebody's own", website="own.com")
    row = stage.left.create(name="Acme", website="acme.com")
    await stage.settle()
    assert stage.left.names() == ["Acme"]
    there = next(i for i, r in stage.right.rows().items() if r["name"] == "Acme")
    stage.right.edit(there, name="Acme Inc")
    await stage.settle()
    assert stage.left.row(row)["name"] == "Acme Inc"


async def test_two_mappings_part_the_records_of_one_object(build: Build) -> None:
    stage = await build(TWO, MAPPING)
    stage.left.create(name="Partner", website="partner.com", tier="Gold")
    plain = stage.left.create(name="Customer", website="customer.com", city="Bonn")
    await stage.settle()
    assert stage.right.names() == ["Partner"]
    assert [r["legal_name"] for r in await stage.all("select legal_name from organization o where not exists"
            " (select 1 from partner p where p.id = o.id)")] == ["Customer"]  # fmt: skip
    stage.left.edit(plain, city="Berlin")
    await stage.settle()
    assert await stage.all("select 1 from organization where city = 'Berlin'")


async def test_a_webhook_reaches_every_mapping_of_its_object_and_the_scope_holds(build: Build) -> None:
    stage = await build(TWO, MAPPING)
    await stage.settle()
    customer = stage.left.create(name="Customer", website="customer.com")
    partner = stage.left.create(name="Partner", website="partner.com", tier="Gold")
    for row in (customer, partner):
        await _announced(stage, row)
    linked = await stage.all(
        "select object, remote_id from link where connection_id = (select min(id) from connection)"
    )
    assert {(r["object"], r["remote_id"]) for r in linked} == {
        ("plain_organizations", customer), ("partners", partner),
    }  # fmt: skip
