"""Plans are proposed whole, decided by people, and cannot be altered in between unnoticed."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from hub.db import connections, plans
from hub.db.session import Database, Tx
from hub.domain.plan import ALLOWABLE, PlanItem, gravest, is_allowed, writing
from hub.services.plans.deciding import approve_plan, get_plan, propose_plan, reject_plan
from hub.services.refusals import NotFound, NotNow

ITEMS = [
    PlanItem("in", "partners", "partner", "create", remote_id="p1", fields={"city": (None, "Bonn"), "tier": (None, 1)}),
    PlanItem("in", "partners", "partner", "null", remote_id="p2", fields={"city": ("Rom", None), "tier": (1, 2)}),
    PlanItem("out", "partners", "partner", "change", remote_id="p3", fields={"city": ("Rom", "Bonn")}),
]


@pytest.fixture
async def tx(database_url: str) -> AsyncIterator[Tx]:
    async with Database(database_url) as db, db.transaction() as tx:
        yield tx


async def _proposed(tx: Tx, **further: Any) -> int:
    stored = await connections.add(tx, name="crm", system="sample", account_id=None, settings=b"", options={})
    return await propose_plan(tx, connection_id=stored.id, kind="sync", items=ITEMS, created_by="anna", **further)


async def test_a_proposed_plan_counts_its_items_by_action_and_its_fields_one_by_one(tx: Tx) -> None:
    plan = await get_plan(tx, plan_id=await _proposed(tx))

    assert plan.state == "proposed"
    assert plan.counts == {
        "in": {
            "partners": {
                "actions": {"create": 1, "null": 1},
                "fields": {"city": {"null": 1, "set": 1}, "tier": {"change": 1, "set": 1}},
            }
        },
        "out": {"partners": {"actions": {"change": 1}, "fields": {"city": {"change": 1}}}},
    }


async def test_the_digest_tells_when_an_item_was_altered_and_not_when_its_fate_was_settled(tx: Tx) -> None:
    plan_id = await _proposed(tx)
    before = (await get_plan(tx, plan_id=plan_id)).digest
    [first, *_] = await plans.items(tx, plan_id=plan_id)

    await plans.settle(tx, plan_id=plan_id, state="skipped", ids=[first.id], reason="changed since")
    settled = await plans.digest(tx, plan_id=plan_id)
    await tx.run("update plan_item set fields = '{}' where id = %s", first.id)

    assert settled == before
    assert await plans.digest(tx, plan_id=plan_id) != before


async def test_one_yes_approves_a_plan_and_is_audited(tx: Tx) -> None:
    plan_id = await _proposed(tx)

    plan = await approve_plan(tx, plan_id=plan_id, actor="ben")

    assert (plan.state, plan.approved_by, plan.decided_by) == ("approved", "ben", "ben")
    assert await tx.one("select from audit where action = 'plan_approved' and subject = %s", str(plan_id)) is not None
    with pytest.raises(NotNow):
        await approve_plan(tx, plan_id=plan_id, actor="ben")


async def test_a_plan_that_needs_a_second_person_is_approved_by_two_different_ones(tx: Tx) -> None:
    plan_id = await _proposed(tx, needs_second=True)

    first = await approve_plan(tx, plan_id=plan_id, actor="ben")
    with pytest.raises(NotNow, match="second person"):
        await approve_plan(tx, plan_id=plan_id, actor="ben")
    second = await approve_plan(tx, plan_id=plan_id, actor="cleo")

    assert (first.state, second.state) == ("proposed", "approved")
    assert (second.approved_by, second.decided_by) == ("ben", "cleo")


async def test_a_rejected_plan_can_be_neither_approved_nor_rejected_again(tx: Tx) -> None:
    plan_id = await _proposed(tx)

    plan = await reject_plan(tx, plan_id=plan_id, actor="ben")

    assert plan.state == "rejected"
    with pytest.raises(NotNow):
        await approve_plan(tx, plan_id=plan_id, actor="ben")
    with pytest.raises(NotNow):
        await reject_plan(tx, plan_id=plan_id, actor="ben")
    with pytest.raises(NotFound):
        await get_plan(tx, plan_id=plan_id + 1)


async def test_a_new_plan_overtakes_those_that_wait_and_no_others(tx: Tx) -> None:
    first = await _proposed(tx)
    await approve_plan(tx, plan_id=first, actor="ben")
    [plan] = await plans.listing(tx)
    kept = await propose_plan(tx, connection_id=plan.connection_id, kind="undo", items=[], created_by="anna")
    new = await propose_plan(tx, connection_id=plan.connection_id, kind="sync", items=[], created_by="anna")

    overtaken = await plans.supersede(tx, connection_id=plan.connection_id, kind="sync", by=new)

    assert overtaken == [first]
    assert [(p.id, p.state) for p in await plans.listing(tx)] == [
        (new, "proposed"), (kept, "proposed"), (first, "superseded"),
    ]  # fmt: skip


def test_the_gravest_action_names_an_item_and_decides_whether_it_is_allowed() -> None:
    assert gravest(["link", "change"]) == "change"
    assert writing({"city": ("Rom", None), "tier": (1, 2)}) == "null"
    assert writing({"city": (None, None), "tier": (1, 2)}) == "change"
    assert [allowed for allowed in ALLOWABLE if is_allowed("ambiguous", [allowed])] == ["create"]
    assert is_allowed("agree", [])
    assert not is_allowed("merge", ["change"])
