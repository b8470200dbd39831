"""Links that ended, as people are told of them."""

from tests.integration.api.conftest import Api, System, problem
from tests.integration.api.test_decisions import _record_id, _sync


async def test_profile_and_why_tell_how_the_hub_knows_that_a_record_is_gone(api: Api, system: System) -> None:
    remote_id = system.sandbox.human_create("partners", {"name": "Acme"})
    await _sync(api, system)
    partner_id = await _record_id(api, remote_id)
    system.sandbox.human_delete("partners", remote_id)
    await _sync(api, system)

    profile = (await api.viewer.get(f"/api/v1/partners/{partner_id}/profile")).json()
    why = (await api.viewer.get(f"/api/v1/records/partner/{partner_id}/why")).json()

    (link,) = profile["systems"][0]["links"]
    departure = link["departure"]
    assert (link["state"], departure["source"], departure["kind"]) == ("deleted", "tombstone", "deleted")
    assert (departure["policy"], departure["state"], departure["due_at"]) == ("unlink", "done", None)
    (run,) = await api.all(f"select kind from run where id = {departure['run_id']}")
    assert run["kind"] == "pull"
    blocked = why["systems"][0]["standing"]["blocked_by"]
    assert f"was deleted there (a tombstone in run {departure['run_id']} at " in blocked


async def test_a_deletion_that_waits_is_listed_and_can_be_called_off(api: Api, system: System) -> None:
    remote_id = system.sandbox.human_create("partners", {"name": "Acme"})
    await _sync(api, system)
    await api.all(
        "insert into departure (connection_id, object, remote_id, record_id, record_type, kind, source, policy, state,"
        " due_at) select connection_id, object, remote_id, record_id, 'partner', 'deleted', 'tombstone', 'mirror',"
        " 'waiting', now() + interval '1 hour' from link returning id"
    )
    (waiting,) = (await api.viewer.get("/api/v1/departures?connection=crm")).json()["items"]
    url = f"/api/v1/departures/{waiting['id']}/call-off"

    refused = await api.viewer.post(url)
    called_off = (await api.operator.post(url)).json()
    again = await api.operator.post(url)

    assert (waiting["remote_id"], waiting["policy"], waiting["connection"]) == (remote_id, "mirror", "crm")
    problem(refused, 403, "not-allowed")
    assert (called_off["state"], called_off["reason"]) == ("cancelled", "called off by key test operator")
    problem(again, 409, "not-in-this-state")
    problem(await api.operator.post("/api/v1/departures/4711/call-off"), 404, "not-found")
    assert (await api.viewer.get("/api/v1/departures")).json()["items"] == []
    assert len((await api.viewer.get("/api/v1/departures?state=cancelled")).json()["items"]) == 1
    (entry,) = await api.all("select subject from audit where action = 'deletion_called_off'")
    assert entry["subject"] == waiting["record_id"]
