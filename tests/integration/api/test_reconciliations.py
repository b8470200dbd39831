"""Reconciliations at the API: begun by operators, read by everybody who may look."""

from hub.services.cycle import pull
from hub.services.reconciling import reconcile
from tests.integration.api.conftest import Api, System, problem

URL = "/api/v1/reconciliations"


async def test_differences_and_history_are_listed(api: Api, system: System) -> None:
    acme = system.sandbox.human_create("partners", {"name": "Acme", "city": "Bonn"})
    await pull(api.app.db, system.opened.sync, owner="test")
    system.sandbox.human_edit("partners", acme, {"city": "Kiel"})
    await reconcile(api.app.db, system.opened.sync, owner="test", listener=lambda _, __: None)

    [found] = (await api.viewer.get(f"{URL}/differences", params={"connection": "crm"})).json()["items"]
    assert (found["remote_id"], found["field"], found["ours"], found["theirs"]) == (acme, "city", "Bonn", "Kiel")
    assert (found["cause"], found["repair"]) == ("not_taken_over", "read")
    assert (await api.viewer.get(f"{URL}/differences", params={"cause": "dead_letter"})).json()["items"] == []
    [past] = (await api.viewer.get(URL)).json()["items"]
    assert (past["object"], past["records"], past["agreement"]) == ("partners", 1, 0)


async def test_operators_begin_a_comparison_and_viewers_do_not(api: Api, system: System) -> None:
    assert (await api.operator.post(URL, params={"connection": "crm"})).status_code == 202
    assert ("reconcile", system.opened.sync.id) in api.queue.calls
    problem(await api.viewer.post(URL, params={"connection": "crm"}), 403, "not-allowed")
