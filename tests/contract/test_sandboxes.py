"""Every sandbox is a product feature too: faithful people, clean resets, an admin API that works."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from hub.sdk.sandbox import SandboxClock
from hub.sdk.sandbox.transport import TRANSPORT_FAULTS
from tests.contract.trial import START, Trial


async def test_admin_api_shows_and_changes_the_sandbox(trial: Trial) -> None:
    name, make = trial.object.name, trial.valid
    async with httpx.AsyncClient(base_url=f"{trial.server.url}/__sandbox__") as admin:
        ids = [_ok(await admin.post(f"/records/{name}", json={"fields": make()}))["id"] for _ in range(4)]
        _ok(await admin.patch(f"/records/{name}/{ids[0]}", json={"fields": {trial.object.text_field: "edited"}}))
        _ok(await admin.delete(f"/records/{name}/{ids[1]}"))
        _ok(await admin.delete(f"/records/{name}/{ids[2]}?purge=true"))
        rows = _ok(await admin.get(f"/rows/{name}"))
        _ok(await admin.post(f"/records/{name}/{ids[1]}/undelete"))
        state = _ok(await admin.get("/state"))

    assert set(rows) == {ids[0], ids[3]}
    assert rows[ids[0]][trial.object.text_field] == "edited"
    assert set(trial.rows()) == {ids[0], ids[1], ids[3]}
    assert state["name"] == trial.sandbox.name
    assert state["calls"] == {}


async def test_every_known_fault_can_be_armed_and_cleared(system: Trial) -> None:
    async with httpx.AsyncClient(base_url=f"{system.server.url}/__sandbox__") as admin:
        for fault in [*TRANSPORT_FAULTS, *system.sandbox.faults_known]:
            _ok(await admin.post("/faults", json={"name": fault, "times": 2}))
        armed = _ok(await admin.get("/state"))["faults"]
        _ok(await admin.delete("/faults"))

    assert len(armed) == len(TRANSPORT_FAULTS) + len(system.sandbox.faults_known)
    assert system.sandbox.faults.armed() == []
    assert system.sandbox.faults.switches() == dict(system.sandbox.switches)


async def test_reset_is_a_fresh_start(trial: Trial) -> None:
    first = trial.seed(3)
    await trial.read()
    trial.sandbox.human_delete(trial.object.name, first[0])

    async with httpx.AsyncClient(base_url=f"{trial.server.url}/__sandbox__") as admin:
        _ok(await admin.post("/reset"))

    assert trial.rows() == {}
    assert trial.sandbox.calls.total() == 0
    assert trial.seed(3) == first


def test_same_seed_makes_the_same_ids(trial: Trial) -> None:
    twin = trial.spec.load_sandbox().make(seed=trial.sandbox.seed, clock=SandboxClock(START, frozen=True))

    twins = [twin.human_create(trial.object.name, trial.object.make(n)) for n in range(5)]

    assert twins == [trial.sandbox.human_create(trial.object.name, trial.object.make(n)) for n in range(5)]


def test_people_are_refused_what_the_vendor_refuses(trial: Trial) -> None:
    with pytest.raises(ValueError):
        trial.sandbox.human_create(trial.object.name, trial.valid(**{trial.object.required_field: None}))
    with pytest.raises(ValueError):
        trial.sandbox.human_edit(trial.object.name, "no-such-record", {trial.object.text_field: "x"})

    assert trial.rows() == {}


def test_unique_key_is_refused_a_second_time(trial: Trial) -> None:
    keyed = {trial.object.key_field: "hub-1"}
    trial.sandbox.human_create(trial.object.name, trial.valid(**keyed))

    with pytest.raises(ValueError):
        trial.sandbox.human_create(trial.object.name, trial.valid(**keyed))


def _ok(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()
