"""Field policies at the API: adopted with a decision, shown wherever the field is explained, revoked."""

from typing import Any

from sync_jobs.opened import OpenConnections
from tests.integration.api.conftest import Api, System, problem
from tests.integration.api.test_conflicts import _conflicts


async def _always(api: Api, conflict: dict[str, Any], **sent: Any) -> Any:
    body = {"choice": "theirs", "always": True, **sent}
    return await api.admin.post(f"/api/v1/conflicts/{conflict['id']}/resolve", json=body)


async def test_a_policy_is_adopted_listed_and_revoked_by_an_admin(api: Api, system: System) -> None:
    first, second = await _conflicts(api, system, 2)
    url = f"/api/v1/conflicts/{first['id']}/resolve"
    problem(await api.operator.post(url, json={"choice": "theirs", "always": True}), 403, "not-allowed")

    decided = await _always(api, first)

    assert decided.json()["state"] == "resolved"
    assert (await api.viewer.get(f"/api/v1/conflicts/{second['id']}")).json()["choice"] == "theirs"
    [policy] = (await api.viewer.get("/api/v1/field-policies?connection=crm")).json()
    assert (policy["object"], policy["field"], policy["policy"]) == ("partners", "city", "prefer_remote")
    assert (policy["decided_by"], policy["from_conflict"]) == ("key test admin", first["id"])
    revoke = f"/api/v1/field-policies/{policy['id']}/revoke"
    problem(await api.operator.post(revoke), 403, "not-allowed")
    assert (await api.admin.post(revoke)).status_code == 200
    problem(await api.admin.post(revoke), 409, "not-in-this-state")
    problem(await api.admin.post("/api/v1/field-policies/99/revoke"), 404, "not-found")
    assert (await api.viewer.get("/api/v1/field-policies")).json() == []
    actions = [entry["action"] for entry in (await api.admin.get("/api/v1/audit")).json()["items"]]
    assert {"field_policy_adopted", "field_policy_revoked"} <= set(actions)


async def test_only_a_side_can_be_right_for_always(api: Api, system: System) -> None:
    [conflict] = await _conflicts(api, system, 1)

    problem(await _always(api, conflict, choice="value", value="Ulm"), 422, "invalid")
    problem(await _always(api, conflict, choice="ours", policy="prefer_remote"), 422, "invalid")
    problem(await _always(api, conflict, always=False, policy="prefer_remote"), 422, "invalid")

    assert (await api.viewer.get(f"/api/v1/conflicts/{conflict['id']}")).json()["state"] == "open"
    assert (await api.viewer.get("/api/v1/field-policies")).json() == []


async def test_a_newer_decision_takes_the_place_of_the_older_one(api: Api, system: System) -> None:
    [conflict] = await _conflicts(api, system, 1)
    await _always(api, conflict)
    await api.admin.post(f"/api/v1/conflicts/{conflict['id']}/reopen")

    await _always(api, conflict, choice="ours")

    [policy] = (await api.viewer.get("/api/v1/field-policies")).json()
    assert policy["policy"] == "prefer_hub"
    old = await api.all("select revoked_by from field_policy where policy = 'prefer_remote'")
    assert old == [{"revoked_by": "key test admin"}]


async def test_why_and_the_mappings_check_and_list_show_what_overrides_them(api: Api, system: System) -> None:
    [conflict] = await _conflicts(api, system, 1)
    await _always(api, conflict, policy="system_of_record")
    sentence = f"policy 1 system_of_record of crm, decided by key test admin, from conflict {conflict['id']}"

    why = (await api.viewer.get(f"/api/v1/records/partner/{conflict['record_id']}/why")).json()
    mappings = (await api.viewer.get("/api/v1/mappings/crm")).json()
    issues = (await api.operator.post("/api/v1/mappings/crm/check")).json()

    fields = {field["field"]: field["policy"] for field in why["systems"][0]["fields"]}
    assert (fields["city"], fields["tier"]) == (sentence, None)
    assert mappings[0]["policies"] == {"city": sentence}
    [warning] = [issue for issue in issues if issue["level"] == "warning" and "policy" in issue["message"]]
    assert (warning["field"], warning["message"]) == ("city", f"its policy review is overridden by {sentence}.")


async def test_a_worker_that_keeps_connections_open_heeds_a_policy_from_its_next_use_on(
    api: Api, system: System
) -> None:
    from hub.services.connections import find_connection

    [conflict] = await _conflicts(api, system, 1)
    opened = OpenConnections(api.app.shop)
    stored = await find_connection(api.app.shop, "crm")
    rules = []
    for step in (None, "adopt", None, "revoke"):
        if step == "adopt":
            await _always(api, conflict)
        if step == "revoke":
            await api.admin.post("/api/v1/field-policies/1/revoke")
        async with opened.use(stored) as connection:
            rules.append(connection.object("partners").merge_rules["city"].policy)
    await opened.close()

    assert rules == ["review", "prefer_remote", "prefer_remote", "review"]
