"""Guards over the API: limits and stops are read, and a paused reading is resumed with a trace."""

from hub.services.cycle import pull
from hub.services.plans.deciding import reject_plan
from tests.integration.api.conftest import Api, System, problem


async def _stopped(api: Api, system: System) -> int:
    rows = [system.sandbox.human_create("partners", {"name": f"Firm {n}"}) for n in range(25)]
    await pull(api.app.db, system.opened.sync, owner="test")
    for row in rows[:20]:
        system.sandbox.human_delete("partners", row)
    counts = await pull(api.app.db, system.opened.sync, owner="test")
    assert counts["stopped"] == 1
    [stop] = (await api.viewer.get("/api/v1/guards", params={"connection": "crm"})).json()["stops"]
    assert (stop["object"], stop["direction"], stop["state"]) == ("partners", "in", "proposed")
    plan_id: int = stop["plan_id"]
    return plan_id


async def test_limits_and_stops_are_read(api: Api, system: System) -> None:
    await _stopped(api, system)
    shown = (await api.viewer.get("/api/v1/guards")).json()
    [deletes] = [x for x in shown["limits"] if (x["direction"], x["effect"]) == ("in", "deletes")]
    assert (deletes["linked"], deletes["limit"], deletes["passed"]) == (25, 5, 0)


async def test_a_reading_is_resumed_after_a_rejection_only_and_that_is_audited(api: Api, system: System) -> None:
    path = "/api/v1/guards/crm/resume"
    problem(await api.operator.post(path, json={"object": "partners"}), 404, "not-found")
    plan_id = await _stopped(api, system)
    problem(await api.operator.post(path, json={"object": "partners"}), 409, "not-in-this-state")
    async with api.app.db.transaction() as tx:
        await reject_plan(tx, plan_id=plan_id, actor="ben")
    problem(await api.viewer.post(path, json={"object": "partners"}), 403, "not-allowed")
    resumed = await api.operator.post(path, json={"object": "partners"})
    assert (resumed.status_code, resumed.json()) == (200, {"plan_id": plan_id})
    assert (await api.viewer.get("/api/v1/guards")).json()["stops"] == []
    trail = [entry["action"] for entry in (await api.admin.get("/api/v1/audit")).json()["items"]]
    assert "reading_resumed" in trail
