"""Remote records that become records of another object: links, edits and references follow."""

from dataclasses import replace

from hub.mapping.load import load_mapping
from hub.record import RECORD_TYPES
from hub.services.records import patch_record
from tests.integration.engine.conftest import MAPPING, Build, Stage, System

PROSPECTS = MAPPING.replace("object: partners", "object: prospects").replace(
    "record: partner", "record: partner\ncreate: false"
)


async def _with_prospect(build: Build) -> tuple[Stage, str]:
    """A prospect on the left, where partners are mapped too but never made; it is a partner on the right."""
    stage = await build(PROSPECTS, MAPPING)
    partners = load_mapping(MAPPING + "create: false\n", record_types=RECORD_TYPES, system="sample")
    both = {**stage.left.connection.mappings, "partners": partners}
    stage.left = System(stage.left.sandbox, replace(stage.left.connection, mappings=both))
    prospect = stage.left.sandbox.human_create("prospects", {"name": "Acme", "website": "acme.com", "city": "Gent"})
    await stage.settle()
    return stage, prospect


async def _links(stage: Stage) -> dict[str, tuple[str, str, object]]:
    return {
        remote_id: (link["object"], link["state"], link["record_id"])
        for remote_id, link in (await stage.linked(stage.left)).items()
    }


async def test_what_a_record_became_stands_for_the_same_partner(build: Build) -> None:
    stage, prospect = await _with_prospect(build)
    partner = stage.left.sandbox.human_convert(prospect)
    await stage.settle()
    links = await _links(stage)
    assert links[prospect][:2] == ("prospects", "redirected")
    assert links[partner][:2] == ("partners", "live")
    assert links[partner][2] == links[prospect][2]
    assert len(await stage.all("select 1 from organization where merged_into is null")) == 1
    assert stage.right.names() == ["Acme"]
    (departure,) = await stage.all("select kind, into_object, into_id, state from departure")
    assert departure == {"kind": "converted", "into_object": "partners", "into_id": partner, "state": "done"}


async def test_edits_that_were_still_to_be_written_go_to_what_the_record_became(build: Build) -> None:
    stage, prospect = await _with_prospect(build)
    record = (await _links(stage))[prospect][2]
    partner_type = RECORD_TYPES["partner"]
    async with stage.db.transaction() as tx:
        await patch_record(tx, partner_type, record_id=record, values={"city": "Brugge"}, version=None, actor="me")  # type: ignore[arg-type]
    partner = stage.left.sandbox.human_convert(prospect)
    await stage.settle()
    assert stage.left.sandbox.rows("partners")[partner]["city"] == "Brugge"
    assert stage.left.sandbox.rows("prospects")[prospect]["city"] == "Gent"
    assert [row["city"] for row in stage.right.rows().values()] == ["Brugge"]


async def test_a_write_that_meets_a_converted_record_finds_out_where_it_went(build: Build) -> None:
    stage, prospect = await _with_prospect(build)
    stage.right.edit(next(iter(stage.right.rows())), city="Brugge")
    await stage.pull(stage.right)
    partner = stage.left.sandbox.human_convert(prospect)
    await stage.push(stage.left)  # nobody has read the conversion yet
    await stage.settle()
    assert stage.left.sandbox.rows("partners")[partner]["city"] == "Brugge"
    assert await stage.all("select 1 from delivery where state not in ('done', 'dropped')") == []


async def test_what_came_in_before_the_conversion_was_seen_becomes_one_with_its_record(build: Build) -> None:
    stage, prospect = await _with_prospect(build)
    partner = stage.left.sandbox.human_convert(prospect)
    stage.left.sandbox.human_edit("partners", partner, {"website": "acme.eu", "country": "BE"})  # nothing to match by
    only_partners = replace(stage.left.connection, mappings={"partners": stage.left.connection.mappings["partners"]})
    await stage.pull(System(stage.left.sandbox, only_partners))
    assert len(await stage.all("select 1 from organization")) == 2
    await stage.settle()
    assert len(await stage.all("select 1 from organization where merged_into is null")) == 1
    assert [row["website"] for row in stage.right.rows().values()] == ["acme.eu"]


async def test_a_converted_record_is_not_made_again_and_what_it_held_at_last_is_kept(build: Build) -> None:
    stage = await build(PROSPECTS.replace("create: false", "create: true"), MAPPING)
    prospect = stage.left.sandbox.human_create("prospects", {"name": "Acme", "website": "acme.com"})
    await stage.settle()
    stage.left.sandbox.human_edit("prospects", prospect, {"city": "Gent"})
    stage.left.sandbox.human_convert(prospect)
    await stage.settle()
    assert [row["city"] for row in stage.right.rows().values()] == ["Gent"]
    stage.right.edit(next(iter(stage.right.rows())), city="Brugge")
    await stage.settle()
    assert list(stage.left.sandbox.rows("prospects")) == [prospect]
    (link,) = (await stage.linked(stage.left)).values()
    assert (link["state"], link["redirect_object"]) == ("redirected", "partners")
