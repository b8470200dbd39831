"""Every misbehaviour the sandbox knows, in turn: nothing but RemoteErrors, and afterwards nothing lost or doubled."""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import suppress
from typing import Any

from hub.sdk.errors import RemoteError
from hub.sdk.testing import delete, update
from tests.contract.trial import Trial

# After these the connection stays closed until somebody authorises it again.
ONLY_A_PERSON_HELPS = {"revoke_refresh_token"}


async def test_misbehaviour_raises_remote_errors_only_and_costs_nothing(system: Trial, misbehaviour: str) -> None:
    edited, deleted = system.seed(2)
    before = await system.read()
    system.later(minutes=30)
    _turn_on(system, misbehaviour)
    with suppress(ValueError):  # a rule that is switched on may refuse a person, too
        system.edit(edited, "edited in a bad moment")

    for step in _a_days_work(system, edited, deleted):
        with suppress(RemoteError):
            await step
    if misbehaviour in ONLY_A_PERSON_HELPS:
        return
    system.sandbox.faults.clear()
    system.later(minutes=5)
    changes = await system.read(before.cursor)
    whole = await system.read()
    await system.write(system.creation("hub-1"))

    truth = {record_id: fields.get(system.object.text_field) for record_id, fields in system.rows().items()}
    assert len(system.keyed("hub-1")) == 1
    assert set(whole.ids) == set(truth) - (set(system.keyed("hub-1")) - set(whole.ids))
    assert (changes.latest(edited).fields[system.object.text_field] or None) == (truth[edited] or None)
    assert (deleted in truth) != (deleted in {deletion.id for deletion in changes.deletions})


def _turn_on(system: Trial, misbehaviour: str) -> None:
    kind, _, switch = misbehaviour.partition(":")
    if switch:
        system.sandbox.faults.set(switch, not system.sandbox.faults.get(switch))
    else:
        system.sandbox.faults.arm(kind, times=4, options={"seconds": 0.01} if kind == "slow" else {})


def _a_days_work(system: Trial, edited: str, deleted: str) -> list[Awaitable[Any]]:
    name, text, key = system.object.name, system.object.text_field, system.object.key_field
    writes = system.writes
    return [
        system.checks.check(),
        system.describes.describe(name),
        system.reads.read_page(system.query, None),
        system.reads.read_many(name, [edited, deleted], system.query.fields),
        writes.write(name, [system.creation("hub-1")]),
        system.finds.find_by_key(name, key, ["hub-1"], ()),
        writes.write(name, [update(edited, {text: "written in a bad moment"})]),
        writes.write(name, [delete(deleted)]),
        system.reads.read_page(system.query, None),
    ]
