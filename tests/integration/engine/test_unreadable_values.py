"""A value that the mapping cannot take is somebody's value all the same."""

from __future__ import annotations

from tests.integration.engine.conftest import MAPPING, Build, Stage


async def _pair_with_an_unknown_tier(stage: Stage) -> tuple[str, str]:
    """A firm on both sides; on the right somebody chose a tier of which the mapping knows nothing."""
    left = stage.left.create(name="Acme", website="acme.com", city="Bonn", tier="Silver")
    await stage.settle()
    [right] = stage.right.rows()
    stage.right.sandbox.records.schema["partners"]["tier"]["values"].append("Diamond")
    stage.right.edit(right, tier="Diamond")
    await stage.pull(stage.right)
    stage.left.edit(left, tier="Gold", city="Berlin")
    await stage.pull(stage.left)
    await stage.push(stage.right)
    return left, right


async def test_it_is_not_overwritten_and_the_other_fields_go_on(stage: Stage) -> None:
    _, right = await _pair_with_an_unknown_tier(stage)
    assert (stage.right.row(right)["tier"], stage.right.row(right)["city"]) == ("Diamond", "Berlin")
    [delivery] = await stage.all("select state, message from delivery where state <> 'done'")
    assert (delivery["state"], "tier" in delivery["message"]) == ("waiting", True)


async def test_its_correction_meets_the_hubs_value_as_a_conflict(stage: Stage) -> None:
    _, right = await _pair_with_an_unknown_tier(stage)
    stage.right.edit(right, tier="Platinum")
    await stage.db_ready()
    await stage.settle()
    assert await stage.all("select field, ours, theirs from conflict") == [
        {"field": "tier", "ours": "gold", "theirs": "platinum"}
    ]
    assert await stage.all("select remote_id from quarantine") == []


async def test_the_hubs_value_goes_out_all_the_same_where_it_would_win_anyway(build: Build) -> None:
    stage = await build(MAPPING.replace("platinum: Platinum}}", "platinum: Platinum}}, policy: prefer_hub"))
    _, right = await _pair_with_an_unknown_tier(stage)
    assert stage.right.row(right)["tier"] == "Gold"


async def test_a_record_that_was_garbled_on_the_way_is_read_again_before_it_is_written(stage: Stage) -> None:
    left = stage.left.create(name="Acme", website="acme.com", city="Bonn")
    await stage.settle()
    [right] = stage.right.rows()
    stage.right.edit(right, city="Hamburg")
    stage.right.sandbox.faults.arm("poison_record")
    await stage.pull(stage.right)
    stage.left.edit(left, city="Berlin")
    await stage.pull(stage.left)
    await stage.push(stage.right)
    assert stage.right.row(right)["city"] == "Hamburg"
    await stage.settle()
    assert await stage.all("select ours, theirs from conflict") == [{"ours": "Berlin", "theirs": "Hamburg"}]
