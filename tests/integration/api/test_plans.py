"""Plans over the API: asked for, built by a worker, read, decided, applied."""

from typing import Any

from hub.db import connections
from hub.services.cycle import pull
from hub.services.plans.running import work_on_plans
from tests.integration.api.conftest import Api, System, problem


async def _work(api: Api, system: System) -> None:
    """What the worker does when it is woken."""
    async with api.app.db.transaction() as tx:
        stored = await connections.by_name(tx, "crm")
    assert stored is not None
    await work_on_plans(api.app.db, stored, system.opened.sync, budget=None, owner="test")


async def _unbegun(api: Api) -> None:
    async with api.app.db.transaction() as tx:
        await tx.run("update connection set begun_at = null")


async def _asked(api: Api, **body: Any) -> dict[str, Any]:
    answer = await api.operator.post("/api/v1/plans", json={"connection": "crm", **body})
    assert answer.status_code == 202, answer.text
    plan: dict[str, Any] = answer.json()
    return plan


async def test_a_plan_is_asked_for_built_approved_and_applied(api: Api, system: System) -> None:
    await _unbegun(api)
    acme = system.sandbox.human_create("partners", {"name": "Acme", "tier": "Silver"})
    problem(await api.operator.post("/api/v1/connections/crm/pull"), 409, "not-in-this-state")
    asked = await _asked(api)
    assert (asked["state"], api.queue.calls) == ("building", [("plan", system.opened.sync.id)])
    await _work(api, system)

    shown = (await api.viewer.get(f"/api/v1/plans/{asked['id']}")).json()
    assert shown["plan"]["state"] == "proposed"
    assert [item["remote_id"] for item in shown["samples"]] == [acme]
    items = (await api.viewer.get(f"/api/v1/plans/{asked['id']}/items", params={"action": "create"})).json()["items"]
    assert items[0]["fields"]["legal_name"] == [None, "Acme"]
    assert (await api.viewer.get(f"/api/v1/plans/{asked['id']}/items", params={"action": "link"})).json()["items"] == []

    problem(await api.operator.post(f"/api/v1/plans/{asked['id']}/apply"), 409, "not-in-this-state")
    approved = (await api.operator.post(f"/api/v1/plans/{asked['id']}/approve")).json()
    assert approved["state"] == "approved"
    applying = await api.operator.post(f"/api/v1/plans/{asked['id']}/apply", json={"allow": ["create"]})
    assert (applying.status_code, applying.json()["state"]) == (202, "applying")
    await _work(api, system)

    done = (await api.viewer.get(f"/api/v1/plans/{asked['id']}")).json()
    assert done["plan"]["state"] == "applied"
    assert done["outcome"] == [
        {"direction": "in", "object": "partners", "action": "create", "state": "applied", "reason": None, "n": 1}
    ]
    assert (await api.operator.post("/api/v1/connections/crm/pull")).status_code == 202
    listed = (await api.viewer.get("/api/v1/plans", params={"connection": "crm", "state": "applied"})).json()["items"]
    assert [plan["id"] for plan in listed] == [asked["id"]]
    trail = [entry["action"] for entry in (await api.admin.get("/api/v1/audit")).json()["items"]]
    assert trail[:3] == ["plan_applied", "plan_approved", "plan_requested"]


async def test_a_plan_that_cannot_be_built_has_failed_and_says_why(api: Api, system: System) -> None:
    unknown = await _asked(api, objects=["nothing"])
    await _work(api, system)
    failed = (await api.viewer.get(f"/api/v1/plans/{unknown['id']}")).json()["plan"]
    assert (failed["state"], failed["reason"]) == ("failed", "object: crm maps no nothing; it maps partners")
    problem(await api.operator.post(f"/api/v1/plans/{unknown['id']}/approve"), 409, "not-in-this-state")


async def test_the_first_plan_of_a_connection_covers_all_of_its_objects(api: Api, system: System) -> None:
    await _unbegun(api)
    answer = await api.operator.post("/api/v1/plans", json={"connection": "crm", "objects": ["partners"]})
    assert "covers all of its objects" in problem(answer, 422, "invalid")["detail"]


async def test_a_rejected_plan_is_not_applied(api: Api, system: System) -> None:
    asked = await _asked(api)
    await _work(api, system)
    assert (await api.operator.post(f"/api/v1/plans/{asked['id']}/reject")).json()["state"] == "rejected"
    problem(await api.operator.post(f"/api/v1/plans/{asked['id']}/apply"), 409, "not-in-this-state")
    problem(await api.viewer.get("/api/v1/plans/4711"), 404, "not-found")
    problem(await api.viewer.post(f"/api/v1/plans/{asked['id']}/reject"), 403, "not-allowed")


async def test_a_run_is_undone_over_the_api(api: Api, system: System) -> None:
    system.sandbox.human_create("partners", {"name": "Acme", "tier": "Silver"})
    await pull(api.app.db, system.opened.sync, owner="test")
    [run] = (await api.viewer.get("/api/v1/runs")).json()["items"]
    problem(await api.viewer.post(f"/api/v1/runs/{run['id']}/undo"), 403, "not-allowed")

    made = await api.operator.post(f"/api/v1/runs/{run['id']}/undo")

    assert made.status_code == 201
    assert (made.json()["kind"], made.json()["counts"]) == (
        "undo", {"in": {"partner": {"actions": {"delete": 1}, "fields": {}}}},
    )  # fmt: skip
    await api.operator.post(f"/api/v1/plans/{made.json()['id']}/approve")
    await api.operator.post("/api/v1/connections/crm/pause", json={"reason": "it went wrong"})
    await api.operator.post(f"/api/v1/plans/{made.json()['id']}/apply")
    await _work(api, system)
    assert (await api.all("select deleted_at is not null as gone from organization")) == [{"gone": True}]
