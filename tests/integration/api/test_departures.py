"""Links that ended, as people are told of them."""

from tests.integration.api.conftest import Api, System
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
