"""Where a registration's copies stand in each system, as the engine's own rows tell."""

from typing import Any

from hub.policy import SHIPPED, load_policy
from hub.record import RECORD_TYPES
from hub.services.deals.candidates import KeyCandidates
from hub.services.deals.desk import Desk
from hub.services.deals.viewing import RegistrationView
from hub.services.records import patch_record
from tests.integration.deals.conftest import Office
from tests.integration.engine.conftest import Build

DEALS = """
version: 1
object: partners
record: deal_registration
key: {field: hub_id}
fields:
  name: {remote: name, required: true}
  description: {remote: city}
"""


async def _describe(office: Office, view: RegistrationView, text: str) -> None:
    async with office.db.transaction() as tx:
        values: Any = {"description": text}
        await patch_record(
            tx, RECORD_TYPES["deal_registration"], record_id=view.id, values=values, version=None, actor="test"
        )


async def test_a_copy_is_waiting_in_step_or_refused_and_says_why(build: Build) -> None:
    stage = await build(DEALS)
    office = Office(stage.db, Desk(load_policy(SHIPPED).policy, KeyCandidates()))
    new = await office.submit(await office.partner("Alba"))
    assert (new.sync_state, new.copies) == ("not_sent", ())

    await stage.push(stage.left)
    sent = await office.view(new.id)
    [copy] = sent.copies
    assert (copy.connection, copy.object, copy.state, copy.error) == ("left", "partners", "in_step", None)
    assert copy.remote_id in stage.left.rows()
    assert copy.at is not None
    assert sent.sync_state == "in_step"

    await _describe(office, new, "Another one")
    assert (await office.view(new.id)).sync_state == "waiting"
    await stage.push(stage.left)
    assert (await office.view(new.id)).sync_state == "in_step"

    stage.right.sandbox.faults.arm("reject_row")
    await stage.push(stage.right)
    refused = await office.view(new.id)
    assert [(c.connection, c.state) for c in refused.copies] == [("left", "in_step"), ("right", "refused")]
    assert refused.copies[1].remote_id is None
    assert refused.copies[1].error
    assert refused.sync_state == "refused"
