"""Schema drift: what no longer fits stops and says so, the rest goes on, and what was held back flows when it fits."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.domain.guards import NO_GUARDS
from hub.mapping.load import load_mapping
from hub.record import RECORD_TYPES
from hub.services.counts import Counts
from hub.services.cycle import pull, push, reread
from hub.services.fitting import fit
from tests.integration.engine.conftest import MAPPING, Build, Stage, System


@pytest.fixture
async def linked(stage: Stage) -> Stage:
    """One partner on both sides, linked, and both schemas seen."""
    stage.left.create(name="Acme", website="https://acme.example", tier="Gold", country="DE", city="Ulm")
    await stage.settle()
    return stage


async def look(stage: Stage, system: System) -> None:
    """What the first run after the interval does before anything else."""
    await fit(stage.db, system.connection, every=timedelta(0))


async def findings(stage: Stage, *, state: str = "open") -> list[tuple[str, str, str]]:
    rows = await stage.all(f"select kind, field, stops from drift where state = '{state}' order by id")
    return [(row["kind"], row["field"], row["stops"]) for row in rows]


async def waiting(stage: Stage) -> list[str]:
    return [row["message"] for row in await stage.all("select message from delivery where state = 'waiting'")]


def only(system: System) -> tuple[str, dict[str, Any]]:
    [(remote_id, row)] = system.rows().items()
    return remote_id, row


async def work(stage: Stage, system: System) -> Counts:
    counts = await pull(stage.db, system.connection, owner="test")
    counts += await reread(stage.db, system.connection)
    return counts + await push(stage.db, system.connection, owner="test")


async def test_a_removed_field_stops_alone_and_nulls_nothing(linked: Stage) -> None:
    left_id, _ = only(linked.left)
    linked.right.sandbox.remove_field("partners", "tier")
    await look(linked, linked.right)

    linked.left.edit(left_id, name="Acme GmbH", tier="Platinum")
    await linked.settle()

    right_id, row = only(linked.right)
    assert await findings(linked) == [("removed", "tier", "both")]
    assert row["name"] == "Acme GmbH"
    assert (await linked.values(linked.right, right_id))["tier"] == "platinum"
    assert only(linked.left)[1]["tier"] == "Platinum"
    assert await waiting(linked) == [
        "tier is held back: partners has no field tier any more, or the connection's user may not see it."
    ]


async def test_a_field_that_comes_back_lets_the_held_back_values_flow(linked: Stage) -> None:
    left_id, _ = only(linked.left)
    right_id, _ = only(linked.right)
    schema = linked.right.sandbox.records.schema["partners"]
    tier = schema["tier"]
    linked.right.sandbox.remove_field("partners", "tier")
    await look(linked, linked.right)
    linked.left.edit(left_id, tier="Platinum")
    linked.right.edit(right_id, city="Bonn")
    await linked.settle()

    schema["tier"] = tier
    await look(linked, linked.right)
    await linked.settle()

    assert await findings(linked, state="settled") == [("removed", "tier", "both")]
    assert await findings(linked) == []
    assert only(linked.right)[1]["tier"] == "Platinum"
    assert only(linked.left)[1]["city"] == "Bonn"
    assert await waiting(linked) == []


async def test_what_a_person_wrote_into_a_stopped_field_comes_in_when_it_fits_again(linked: Stage) -> None:
    right_id, _ = only(linked.right)
    linked.right.sandbox.change_field("partners", "city", {"type": "number"})
    await look(linked, linked.right)
    linked.right.edit(right_id, city="Kiel")
    await linked.settle()
    assert only(linked.left)[1]["city"] == "Ulm"
    assert await findings(linked) == [("retyped", "city", "both")]

    linked.right.sandbox.change_field("partners", "city", {"type": "text"})
    await look(linked, linked.right)
    await linked.settle()

    assert only(linked.left)[1]["city"] == "Kiel"


async def test_a_read_only_field_is_still_read(linked: Stage) -> None:
    left_id, _ = only(linked.left)
    right_id, _ = only(linked.right)
    linked.right.sandbox.change_field("partners", "city", {"writable": False})
    await look(linked, linked.right)

    linked.right.edit(right_id, city="Kiel")
    await linked.settle()
    assert only(linked.left)[1]["city"] == "Kiel"

    linked.left.edit(left_id, city="Bonn", name="Acme AG")
    await linked.settle()
    assert (only(linked.right)[1]["city"], only(linked.right)[1]["name"]) == ("Kiel", "Acme AG")
    assert await findings(linked) == [("read_only", "city", "push")]

    linked.right.sandbox.change_field("partners", "city", {"writable": True})
    await look(linked, linked.right)
    await linked.settle()
    assert only(linked.right)[1]["city"] == "Bonn"


async def test_a_shortened_field_holds_back_only_what_is_too_long(linked: Stage) -> None:
    left_id, _ = only(linked.left)
    linked.right.sandbox.change_field("partners", "city", {"max_length": 10})
    await look(linked, linked.right)
    assert await findings(linked) == [("shorter", "city", "push")]

    linked.left.edit(left_id, city="Kiel")
    await linked.settle()
    assert only(linked.right)[1]["city"] == "Kiel"

    linked.left.edit(left_id, city="Rothenburg ob der Tauber", name="Acme AG")
    await linked.settle()
    assert (only(linked.right)[1]["city"], only(linked.right)[1]["name"]) == ("Kiel", "Acme AG")
    assert await waiting(linked) == ["city is held back: city holds 10 characters now, city up to 120."]


async def test_a_removed_word_holds_back_only_that_word(linked: Stage) -> None:
    left_id, _ = only(linked.left)
    linked.right.sandbox.set_picklist("partners", "tier", ["Registered", "Silver", "Gold"])
    await look(linked, linked.right)

    linked.left.edit(left_id, tier="Silver")
    await linked.settle()
    assert only(linked.right)[1]["tier"] == "Silver"

    linked.left.edit(left_id, tier="Platinum")
    await linked.settle()
    assert only(linked.right)[1]["tier"] == "Silver"
    assert await waiting(linked) == ["tier is held back: tier does not allow Platinum any more."]


async def test_a_new_word_is_reported_and_taken_in_when_the_mapping_knows_it(linked: Stage) -> None:
    right_id, _ = only(linked.right)
    linked.right.sandbox.set_picklist("partners", "tier", ["Registered", "Silver", "Gold", "Platinum", "Plat. Plus"])
    await look(linked, linked.right)
    linked.right.edit(right_id, tier="Plat. Plus")
    await linked.settle()
    assert await findings(linked) == [("values_added", "tier", "nothing")]
    assert only(linked.left)[1]["tier"] == "Gold"

    text = MAPPING.replace("platinum: Platinum", "platinum: Plat. Plus")
    mapping = load_mapping(text, record_types=RECORD_TYPES, system="sample")
    linked.right.connection = replace(linked.right.connection, mappings={"partners": mapping})
    await linked.settle()

    assert await findings(linked) == []
    assert only(linked.left)[1]["tier"] == "Platinum"


async def test_without_its_key_field_nothing_is_created_until_it_is_back(linked: Stage) -> None:
    schema = linked.right.sandbox.records.schema["partners"]
    key = schema["hub_id"]
    linked.right.sandbox.remove_field("partners", "hub_id")
    await look(linked, linked.right)
    linked.left.create(name="Beta", website="https://beta.example", country="DE")
    left_id = next(i for i, row in linked.left.rows().items() if row["name"] == "Acme")
    linked.left.edit(left_id, city="Bonn")
    await linked.settle()
    assert linked.right.names() == ["Acme"]
    assert only(linked.right)[1]["city"] == "Bonn"

    schema["hub_id"] = key
    await look(linked, linked.right)
    await linked.settle()
    assert linked.right.names() == ["Acme", "Beta"]


async def test_a_refused_read_looks_at_the_fields_at_once_and_goes_on_without_the_one_that_is_gone(
    linked: Stage,
) -> None:
    right_id, _ = only(linked.right)
    linked.right.edit(right_id, name="Acme AG")
    linked.right.sandbox.remove_field("partners", "tier")
    await long_ago(linked)

    await linked.pull(linked.right)

    assert await findings(linked) == [("removed", "tier", "both")]
    assert (await linked.values(linked.right, right_id))["legal_name"] == "Acme AG"


async def test_a_write_that_was_refused_for_a_field_that_is_gone_is_done_without_it(linked: Stage) -> None:
    left_id, _ = only(linked.left)
    linked.left.edit(left_id, name="Acme AG", city="Bonn")
    await linked.pull(linked.left)
    linked.right.sandbox.change_field("partners", "city", {"writable": False})
    await long_ago(linked)

    await linked.push(linked.right)

    assert only(linked.right)[1]["name"] == "Acme AG"
    assert await findings(linked) == [("read_only", "city", "push")]
    assert await linked.all("select * from delivery where state = 'dead'") == []


async def long_ago(stage: Stage) -> None:
    """The fields were looked at a while ago, though not so long that it is time again."""
    async with stage.db.transaction() as tx:
        await tx.run("update schema_snapshot set asked_at = asked_at - interval '2 minutes'")


async def test_the_system_is_asked_for_its_fields_once_in_a_while_only(linked: Stage) -> None:
    calls = linked.right.sandbox.calls
    before = calls["GET /v1/objects/partners"]
    await work(linked, linked.right)
    await work(linked, linked.right)
    assert calls["GET /v1/objects/partners"] == before == 1

    async with linked.db.transaction() as tx:
        await tx.run("update schema_snapshot set asked_at = asked_at - interval '15 minutes'")
    await work(linked, linked.right)
    assert calls["GET /v1/objects/partners"] == 2


async def test_a_system_that_cannot_be_asked_is_worked_with_as_it_was(linked: Stage) -> None:
    left_id, _ = only(linked.left)
    linked.right.sandbox.remove_field("partners", "tier")
    await look(linked, linked.right)
    linked.right.sandbox.faults.arm("unavailable", times=3, match="/v1/objects/partners")

    await look(linked, linked.right)
    linked.left.edit(left_id, city="Bonn", tier="Silver")
    await linked.settle()

    assert only(linked.right)[1]["city"] == "Bonn"
    assert await findings(linked) == [("removed", "tier", "both")]


async def test_a_field_that_became_required_is_told_and_stops_nothing(linked: Stage) -> None:
    left_id, _ = only(linked.left)
    linked.right.sandbox.change_field("partners", "city", {"nullable": False})
    await look(linked, linked.right)
    linked.left.edit(left_id, city="Bonn")
    await linked.settle()

    assert await findings(linked) == [("required", "city", "nothing")]
    assert only(linked.right)[1]["city"] == "Bonn"


async def test_two_hundred_partners_wait_for_a_field_and_all_flow_when_it_is_back(build: Build) -> None:
    stage = await build(MAPPING)
    for system in (stage.left, stage.right):
        system.connection = replace(system.connection, guards=NO_GUARDS)
    for n in range(200):
        stage.left.create(name=f"P{n}", website=f"https://p{n}.example", country="DE", city="Ulm")
    await stage.settle()
    stage.right.sandbox.change_field("partners", "city", {"writable": False})
    await look(stage, stage.right)
    for remote_id in stage.left.rows():
        stage.left.edit(remote_id, city="Bonn")
    await stage.settle()
    assert {row["city"] for row in stage.right.rows().values()} == {"Ulm"}
    assert len(await waiting(stage)) == 200

    stage.right.sandbox.change_field("partners", "city", {"writable": True})
    await look(stage, stage.right)
    await stage.settle()
    assert {row["city"] for row in stage.right.rows().values()} == {"Bonn"}
    assert len(stage.right.rows()) == 200
