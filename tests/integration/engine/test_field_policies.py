"""Always so for this field: a decision that became a policy rules what comes, until it is revoked."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from hub.db import field_policies
from hub.services.conflicts import ConflictView, list_conflicts
from hub.services.deciding import Decision, Outcome
from hub.services.deciding_many import decide_always
from hub.services.field_policies import PolicyName, revoke_policy
from hub.services.waking import Wakes
from tests.integration.engine.conftest import Stage


class _Asleep:
    async def wake(self, *_: object, **__: object) -> None:
        """The stage works by itself."""


async def _heed(stage: Stage) -> None:
    """Open both connections anew, as a worker does that hears of a policy."""
    async with stage.db.transaction() as tx:
        known = await field_policies.in_force(tx)
    for system in (stage.left, stage.right):
        system.connection = replace(system.connection, policies=known)


async def _partners(stage: Stage, number: int) -> list[tuple[str, str]]:
    """Partners that are the same at the left and at the right."""
    left = [stage.left.create(name=f"P{n}", website=f"p{n}.com", city="Bonn") for n in range(number)]
    await stage.settle()
    there = {row["name"]: remote_id for remote_id, row in stage.right.rows().items()}
    return [(remote_id, there[stage.left.row(remote_id)["name"]]) for remote_id in left]


async def _disagree(stage: Stage, pairs: Sequence[tuple[str, str]], **fields: tuple[str, str]) -> list[ConflictView]:
    for left, right in pairs:
        stage.left.edit(left, **{name: values[0] for name, values in fields.items()})
        stage.right.edit(right, **{name: values[1] for name, values in fields.items()})
    await stage.settle()
    return await _open(stage)


async def _open(stage: Stage) -> list[ConflictView]:
    async with stage.db.transaction() as tx:
        return await list_conflicts(tx)


async def _always(stage: Stage, conflict: ConflictView, choice: Any, policy: PolicyName | None = None) -> list[Outcome]:
    others = await decide_always(
        stage.db,
        cast(Wakes, _Asleep()),
        conflict_id=conflict.id,
        decision=Decision(choice),
        policy=policy,
        actor="ann",
    )
    await _heed(stage)
    return others


def _cities(stage: Stage) -> tuple[set[str], set[str]]:
    return {r["city"] for r in stage.left.rows().values()}, {r["city"] for r in stage.right.rows().values()}


async def test_a_decision_for_always_settles_the_fields_other_conflicts_and_those_to_come(stage: Stage) -> None:
    pairs = await _partners(stage, 3)
    conflicts = await _disagree(stage, pairs, city=("Berlin", "Hamburg"))
    others = await _always(stage, conflicts[0], "theirs")
    await stage.settle()
    assert [o.resolved for o in others] == [True, True]
    assert _cities(stage) == ({"Hamburg"}, {"Hamburg"})
    assert await _disagree(stage, pairs, city=("Kiel", "Ulm")) == []
    assert _cities(stage) == ({"Ulm"}, {"Ulm"})


async def test_a_policy_is_about_its_field_alone(stage: Stage) -> None:
    pairs = await _partners(stage, 1)
    conflicts = await _disagree(stage, pairs, city=("Berlin", "Hamburg"), tier=("Gold", "Silver"))
    city = next(c for c in conflicts if c.field == "city")
    assert await _always(stage, city, "ours") == []
    await stage.settle()
    [left] = await _open(stage)
    assert left.field == "tier"


async def test_the_hub_may_be_right_for_always(stage: Stage) -> None:
    pairs = await _partners(stage, 1)
    [conflict] = await _disagree(stage, pairs, city=("Berlin", "Hamburg"))
    await _always(stage, conflict, "ours")
    await stage.settle()
    assert _cities(stage) == ({"Berlin"}, {"Berlin"})
    assert await _disagree(stage, pairs, city=("Kiel", "Ulm")) == []
    assert _cities(stage) == ({"Kiel"}, {"Kiel"})


async def test_a_change_by_policy_names_the_policy_and_the_conflict(stage: Stage) -> None:
    pairs = await _partners(stage, 1)
    [conflict] = await _disagree(stage, pairs, city=("Berlin", "Hamburg"))
    await _always(stage, conflict, "theirs")
    await _disagree(stage, pairs, city=("Kiel", "Ulm"))
    [change] = await stage.all("select rules from change where new ->> 'city' = 'Ulm'")
    assert change["rules"]["city"] == f"policy 1 prefer_remote of right, decided by ann, from conflict {conflict.id}"


async def test_a_system_of_record_overrules_every_other_system(stage: Stage) -> None:
    pairs = await _partners(stage, 1)
    [conflict] = await _disagree(stage, pairs, city=("Berlin", "Hamburg"))
    await _always(stage, conflict, "theirs", "system_of_record")
    await stage.settle()
    [(left, right)] = pairs
    stage.left.edit(left, city="Kiel")  # nobody else has touched it, and yet
    await stage.settle()
    assert _cities(stage) == ({"Hamburg"}, {"Hamburg"})
    stage.right.edit(right, city="Ulm")
    await stage.settle()
    assert _cities(stage) == ({"Ulm"}, {"Ulm"})


async def test_a_revoked_policy_leaves_the_field_to_the_mapping_again(stage: Stage) -> None:
    pairs = await _partners(stage, 1)
    [conflict] = await _disagree(stage, pairs, city=("Berlin", "Hamburg"))
    await _always(stage, conflict, "theirs")
    await stage.settle()
    async with stage.db.transaction() as tx:
        await revoke_policy(tx, policy_id=1, actor="bob")
    await _heed(stage)
    [again] = await _disagree(stage, pairs, city=("Kiel", "Ulm"))
    assert (again.ours, again.theirs) == ("Kiel", "Ulm")


async def test_a_conflict_that_was_found_before_the_policy_was_heard_of_is_settled_by_it(stage: Stage) -> None:
    pairs = await _partners(stage, 2)
    [first] = await _disagree(stage, pairs[:1], city=("Berlin", "Hamburg"))
    before = stage.right.connection
    await _always(stage, first, "theirs")
    heard = stage.right.connection
    stage.right.connection = before
    await _disagree(stage, pairs[1:], city=("Kiel", "Ulm"))
    assert len(await _open(stage)) == 1
    stage.right.connection = heard
    await stage.settle()
    assert await _open(stage) == []
    assert stage.left.row(pairs[1][0])["city"] == "Ulm"
