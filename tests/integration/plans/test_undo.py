"""An undo sets back every value that a run wrote, and nothing else."""

import pytest

from hub.db import records
from hub.record import RECORD_TYPES
from hub.services.plans.applying import apply_plan, begin_apply
from hub.services.plans.deciding import approve_plan, get_plan
from hub.services.plans.undo import plan_undo
from hub.services.refusals import NotFound, NotNow
from tests.integration.engine.conftest import MAPPING, Build, Stage
from tests.integration.plans.conftest import carry_out, hear_nothing, items_of, make_plan

MIRROR = MAPPING + "on_delete: mirror\n"


async def _last_run(stage: Stage, kind: str = "pull") -> int:
    [row] = await stage.all(
        f"select max(id) as id from run where kind = '{kind}' and connection_id = {stage.left.connection.id}"
    )
    return int(row["id"])


async def _undone(stage: Stage, run_id: int) -> int:
    """Undo a run; returns the plan."""
    async with stage.db.transaction() as tx:
        plan_id = await plan_undo(tx, RECORD_TYPES, run_id=run_id, actor="anna")
        await approve_plan(tx, plan_id=plan_id, actor="ben")
        await begin_apply(tx, plan_id=plan_id, actor="ben")
    await apply_plan(stage.db, stage.left.connection, plan_id=plan_id, owner="test", listener=hear_nothing)
    return plan_id


async def _run_of(stage: Stage, plan_id: int) -> int:
    async with stage.db.transaction() as tx:
        run_id = (await get_plan(tx, plan_id=plan_id)).run_id
    assert run_id is not None
    return run_id


async def _everything(stage: Stage) -> dict[str, tuple[bool, dict[str, object]]]:
    """Every living or deleted record of the hub by its name."""
    ids = [row["id"] for row in await stage.all("select id from organization")]
    async with stage.db.transaction() as tx:
        stored = await records.load(tx, RECORD_TYPES["partner"], ids)
    return {str(r.values["legal_name"]): (r.deleted, dict(r.values)) for r in stored.values()}


async def _bad_run(stage: Stage) -> tuple[dict[str, str], int]:
    """Ten partners in step; then somebody empties and overwrites five, adds two and deletes one, in one run."""
    ids = {
        f"Firm {n}": stage.left.create(name=f"Firm {n}", website=f"firm{n}.example", country="DE", city="Bonn")
        for n in range(10)
    }
    await stage.settle()
    for n in range(3):
        stage.left.edit(ids[f"Firm {n}"], city="???", tier="Gold")
    for n in range(3, 5):
        stage.left.edit(ids[f"Firm {n}"], country="XX")
    for n in range(2):
        ids[f"Wrong {n}"] = stage.left.create(name=f"Wrong {n}", website=f"wrong{n}.example", country="DE")
    stage.left.sandbox.human_delete("partners", ids["Firm 9"])
    await stage.pull(stage.left)
    return ids, await _last_run(stage)


async def test_every_value_of_a_bad_run_goes_back_everywhere_and_nothing_else_moves(build: Build) -> None:
    stage = await build(MIRROR)
    ids, run_id = await _bad_run(stage)
    await stage.settle()

    await _undone(stage, run_id)
    await stage.settle()

    found = await _everything(stage)
    assert {name for name, (deleted, _) in found.items() if deleted} == {"Wrong 0", "Wrong 1"}
    for n in range(10):
        values = found[f"Firm {n}"][1]
        assert (values["city"], values["country"], values["tier"]) == ("Bonn", "DE", None), n
    for system in (stage.left, stage.right):
        rows = {row["name"]: row for row in system.rows().values()}
        assert all(rows[f"Firm {n}"]["city"] == "Bonn" for n in range(10))
        assert all(rows[f"Firm {n}"]["country"] == "DE" for n in range(10))
        assert not any(rows[f"Firm {n}"].get("tier") for n in range(10))
    assert sorted(n for n in stage.left.names() if n.startswith("Wrong")) == ["Wrong 0", "Wrong 1"]
    assert [n for n in stage.right.names() if n.startswith("Wrong")] == []
    assert ids["Wrong 0"] in stage.left.rows()


async def test_what_changed_since_is_left_alone_and_says_so(build: Build) -> None:
    stage = await build(MIRROR)
    ids, run_id = await _bad_run(stage)
    stage.left.edit(ids["Firm 0"], city="Oslo")
    stage.left.edit(ids["Wrong 1"], city="Oslo")
    stage.left.edit(ids["Firm 5"], city="Oslo")
    await stage.settle()

    plan_id = await _undone(stage, run_id)
    await stage.settle()

    found = await _everything(stage)
    assert (found["Firm 0"][1]["city"], found["Firm 0"][1]["tier"]) == ("Oslo", None)
    assert found["Firm 5"][1]["city"] == "Oslo"
    assert not found["Wrong 1"][0]
    told = {str(i.detail["label"]): (i.state, i.reason) for i in await items_of(stage, plan_id)}
    assert told["Wrong 1"] == ("skipped", "It was changed since.")
    assert told["Firm 0"][0] == "applied"
    [left] = [i.detail["left"] for i in await items_of(stage, plan_id) if i.detail["label"] == "Firm 0"]
    assert left == ["city"]


async def test_what_changes_between_the_plan_and_its_applying_is_skipped(build: Build) -> None:
    stage = await build(MIRROR)
    ids, run_id = await _bad_run(stage)
    await stage.settle()
    async with stage.db.transaction() as tx:
        plan_id = await plan_undo(tx, RECORD_TYPES, run_id=run_id, actor="anna")
    stage.left.edit(ids["Firm 3"], city="Oslo")
    await stage.pull(stage.left)

    await carry_out(stage, stage.left, plan_id)

    skipped = {str(i.detail["label"]): i.reason for i in await items_of(stage, plan_id, state="skipped")}
    assert skipped == {"Firm 3": "The hub's record was changed since."}
    assert (await _everything(stage))["Firm 3"][1]["country"] == "XX"


async def test_an_undone_record_comes_back_only_when_somebody_edits_it_there(build: Build) -> None:
    stage = await build(MIRROR)
    ids, run_id = await _bad_run(stage)
    await _undone(stage, run_id)

    await stage.settle()
    assert "Wrong 0" not in stage.right.names()
    stage.left.edit(ids["Wrong 0"], city="Köln")
    await stage.settle()

    assert "Wrong 0" in stage.right.names()
    assert "Wrong 1" not in stage.right.names()


async def test_an_undo_can_be_undone(build: Build) -> None:
    stage = await build(MIRROR)
    _, run_id = await _bad_run(stage)
    await stage.settle()
    before = await _everything(stage)
    links = {k: (v["record_id"], v["state"]) for k, v in (await stage.linked(stage.left)).items()}

    first = await _undone(stage, run_id)
    await _undone(stage, await _run_of(stage, first))

    after = await _everything(stage)
    assert after == before
    now = {k: (v["record_id"], v["state"]) for k, v in (await stage.linked(stage.left)).items()}
    assert now == links
    await stage.settle()
    assert len(stage.left.rows()) == len(set(stage.left.names()))


async def test_links_that_a_run_made_are_taken_apart_and_no_twin_is_created(stage: Stage) -> None:
    stage.right.create(name="Acme", website="acme.com", country="DE")
    await stage.settle()
    (twin,) = stage.left.rows()
    stage.left.sandbox.human_delete("partners", twin)
    await stage.settle()
    acme = stage.left.create(name="Acme", website="acme.com", country="DE", tier="Gold")
    await stage.pull(stage.left)
    assert (await stage.linked(stage.left))[acme]["state"] == "live"

    await _undone(stage, await _last_run(stage))
    await stage.settle()

    assert (await stage.linked(stage.left))[acme]["state"] == "parted"
    assert list(stage.left.rows()) == [acme]
    assert (await _everything(stage))["Acme"][1]["tier"] is None
    assert stage.left.row(acme)["tier"] == "Gold"


async def test_an_applied_plan_is_undone_like_any_run(stage: Stage) -> None:
    stage.left.create(name="Acme", website="acme.com", country="DE")
    plan = await make_plan(stage, stage.left)
    await carry_out(stage, stage.left, plan.id)

    await _undone(stage, await _run_of(stage, plan.id))

    assert [deleted for deleted, _ in (await _everything(stage)).values()] == [True]


async def test_only_a_run_that_is_over_and_wrote_into_the_hub_can_be_undone(stage: Stage) -> None:
    stage.left.create(name="Acme", website="acme.com", country="DE")
    await stage.settle()
    [push] = await stage.all("select max(id) as id from run where kind = 'push'")
    async with stage.db.transaction() as tx:
        with pytest.raises(NotNow, match="wrote nothing into the hub"):
            await plan_undo(tx, RECORD_TYPES, run_id=push["id"], actor="anna")
    async with stage.db.transaction() as tx:
        with pytest.raises(NotFound):
            await plan_undo(tx, RECORD_TYPES, run_id=4711, actor="anna")
        await tx.run("update run set state = 'running'")
        with pytest.raises(NotNow, match="not over"):
            await plan_undo(tx, RECORD_TYPES, run_id=await _last_run(stage), actor="anna")
