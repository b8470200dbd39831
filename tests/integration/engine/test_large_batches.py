"""Batches beyond the reach of the API's preconditions: read and compared first, and then sent without them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hub.sdk.capabilities import Capabilities
from hub.sdk.records import WriteOp, WriteOutcome
from hub.sdk.sample.client import SampleClient
from tests.integration.engine.conftest import Stage, System

_HELD_TOGETHER = 2


async def test_a_batch_beyond_the_preconditions_reach_is_sent_as_one_and_loses_no_edit(stage: Stage) -> None:
    left_ids = [stage.left.create(name=f"Firm {n}", website=f"firm{n}.com", city="Bonn") for n in range(5)]
    await stage.settle()
    written = _few_preconditions(stage.right)
    for left_id in left_ids:
        stage.left.edit(left_id, tier="Gold")
    right_id = next(remote_id for remote_id, row in stage.right.rows().items() if row["name"] == "Firm 3")
    stage.right.edit(right_id, city="Berlin")

    await stage.pull(stage.left)
    await stage.push(stage.right)

    assert [[op.precondition for op in batch] for batch in written] == [[None] * 5]
    assert all(row["tier"] == "Gold" for row in stage.right.rows().values())
    assert stage.right.row(right_id)["city"] == "Berlin"


async def test_a_batch_within_their_reach_carries_preconditions(stage: Stage) -> None:
    left_id = stage.left.create(name="Acme", website="acme.com")
    await stage.settle()
    written = _few_preconditions(stage.right)
    stage.left.edit(left_id, tier="Gold")

    await stage.pull(stage.left)
    await stage.push(stage.right)

    ((op,),) = written
    assert op.precondition


def _few_preconditions(system: System) -> list[Sequence[WriteOp]]:
    """From here on the system holds two rows at a time to their preconditions; the batches it is sent."""
    connector = system.connection.connector
    assert isinstance(connector, SampleClient)
    written: list[Sequence[WriteOp]] = []
    send, default = connector.write, connector.capabilities.default

    async def write(object_name: str, ops: Sequence[WriteOp]) -> Sequence[WriteOutcome]:
        written.append(ops)
        return await send(object_name, ops)

    connector.write = write  # type: ignore[method-assign]
    connector.capabilities = Capabilities(default=replace(default, precondition_batch=_HELD_TOGETHER))
    return written
