"""Connections and mappings through the API."""

import httpx
import pytest

from hub.db import connections
from hub.sdk.http import open_http
from hub.sdk.sample.sandbox import SampleSandbox
from hub.sdk.sandbox.app import build_app
from hub.services import connections as connecting
from hub.services.connections import open_connection
from hub.services.cycle import pull, push
from tests.integration.api.conftest import Api, System, problem
from tests.integration.budget_recorder import Recorder


async def test_a_connection_is_checked_before_it_is_saved(api: Api, sandbox: SampleSandbox) -> None:
    wrong = {**sandbox.settings(sandbox.base_url), "client_secret": "wrong"}

    refused = await api.admin.post("/api/v1/connections", json={"name": "crm", "system": "sample", "settings": wrong})

    problem(refused, 422, "remote-refused")
    assert (await api.viewer.get("/api/v1/connections")).json() == []


async def test_secrets_go_in_and_never_come_out(api: Api, system: System) -> None:
    secret = system.sandbox.settings(system.sandbox.base_url)["client_secret"]

    answers = [
        await api.admin.get("/api/v1/connections"),
        await api.admin.get("/api/v1/connections/crm"),
        await api.admin.get("/api/v1/audit"),
    ]
    stored = await api.all("select * from connection")

    assert answers[1].json()["settings_set"] == ["client_id", "client_secret", "url", "webhook_secret"]
    assert not any(secret in answer.text for answer in answers)
    assert secret not in str(stored)


async def test_what_is_missing_or_unknown_is_named(api: Api, sandbox: SampleSandbox) -> None:
    async def add(**body: object) -> object:
        return await api.admin.post("/api/v1/connections", json=body)

    missing = await api.admin.post("/api/v1/connections", json={"name": "crm", "system": "sample", "settings": {}})
    unknown = await api.admin.post("/api/v1/connections", json={"name": "crm", "system": "wizard", "settings": {}})
    misnamed = await api.admin.post("/api/v1/connections", json={"name": "C R M", "system": "sample", "settings": {}})

    assert "client_id" in problem(missing, 422, "connection-refused")["detail"]
    assert "wizard" in problem(unknown, 422, "connector-missing")["detail"]
    assert problem(misnamed, 422, "invalid")["errors"][0]["field"] == "name"
    problem(await api.viewer.get("/api/v1/connections/nobody"), 404, "not-found")


async def test_changed_settings_are_checked_first_and_kept_only_when_they_are_good(api: Api, system: System) -> None:
    url = "/api/v1/connections/crm/settings"

    problem(await api.admin.patch(url, json={"settings": {"client_secret": "wrong"}}), 422, "remote-refused")
    assert (await api.operator.post("/api/v1/connections/crm/check")).json()["id"] == "sample-1"

    changed = await api.admin.patch(url, json={"settings": {"webhook_secret": None}})
    assert changed.json()["connection"]["settings_set"] == ["client_id", "client_secret", "url"]


async def test_options_are_laid_over_what_is_stored_and_null_takes_one_away(api: Api, system: System) -> None:
    url = "/api/v1/connections/crm/settings"

    set_ = (await api.admin.patch(url, json={"options": {"poll_seconds": 5, "allow_private": True}})).json()
    taken = (await api.admin.patch(url, json={"options": {"poll_seconds": None}})).json()
    unknown = await api.admin.patch(url, json={"options": {"pol_seconds": 5}})

    assert set_["connection"]["options"] == {"poll_seconds": 5, "allow_private": True}
    assert taken["connection"]["options"] == {"allow_private": True}
    assert "options.pol_seconds: is no option; there are: ca_file" in problem(unknown, 422, "invalid")["detail"]
    problem(await api.admin.patch(url, json={}), 422, "invalid")


async def test_another_account_is_another_connection(api: Api, system: System) -> None:
    async with api.app.db.transaction() as tx:
        await tx.run("update connection set account_id = 'somebody else'")

    answer = await api.admin.patch("/api/v1/connections/crm/settings", json={"settings": {"webhook_secret": "x"}})

    assert "somebody else" in problem(answer, 422, "invalid")["detail"]


async def test_a_connection_is_paused_resumed_and_retired(api: Api, system: System) -> None:
    url = "/api/v1/connections/crm"

    paused = (await api.operator.post(f"{url}/pause", json={"reason": "maintenance"})).json()
    problem(await api.operator.post(f"{url}/pause", json={"reason": "again"}), 409, "not-in-this-state")
    health = (await api.viewer.get(f"{url}/health")).json()
    resumed = (await api.operator.post(f"{url}/resume")).json()
    woken = [name for name, _ in api.queue.calls]
    retired = await api.admin.delete(url)

    assert (paused["state"], paused["state_reason"]) == ("paused", "maintenance")
    assert (health["verdict"], health["deliveries"]) == ("paused", {})
    assert resumed["state"] == "active"
    assert woken == ["pull", "reread", "push"]
    assert retired.status_code == 204
    problem(await api.viewer.get(url), 404, "not-found")
    assert [bytes(row["settings"]) for row in await api.all("select settings from connection")] == [b""]


async def test_the_objects_of_a_system_are_discovered_and_described(api: Api, system: System) -> None:
    url = "/api/v1/connections/crm/objects"

    names = (await api.operator.get(url)).json()
    described = (await api.operator.get(f"{url}/partners")).json()

    assert "partners" in names
    assert described["fields"]["tier"]["values"] == ["Registered", "Silver", "Gold", "Platinum"]
    problem(await api.operator.get(f"{url}/wizards"), 422, "remote-rejected")


async def test_systems_say_what_an_operator_has_to_type(api: Api) -> None:
    systems = {system["name"]: system for system in (await api.viewer.get("/api/v1/connections/systems")).json()}

    assert {"salesforce", "hubspot"} <= systems.keys()
    assert systems["salesforce"]["settings"]["properties"]


async def test_a_remote_field_that_vanished_is_one_clear_fault(api: Api, system: System) -> None:
    assert (await api.operator.post("/api/v1/mappings/crm/check")).json() == []

    del system.sandbox.records.schema["partners"]["city"]
    faults = (await api.operator.post("/api/v1/mappings/crm/check")).json()

    assert [(f["field"], f["level"]) for f in faults] == [("city", "error")]
    assert "city" in faults[0]["message"]


async def test_a_broken_mapping_is_told_with_file_and_line(api: Api, system: System) -> None:
    file = api.app.shop.mappings / "sample" / "partners.yaml"
    file.write_text(file.read_text().replace("tier: {remote", "teir: {remote"))

    listed = problem(await api.viewer.get("/api/v1/mappings/crm"), 409, "mapping-broken")
    faults = (await api.operator.post("/api/v1/mappings/crm/check")).json()

    assert "partners.yaml" in listed["detail"]
    assert faults[0]["line"] == 10
    assert "teir" in str(faults[0])


async def test_a_preview_shows_one_record_both_ways_and_stores_nothing(api: Api, system: System) -> None:
    remote_id = system.sandbox.human_create("partners", {"name": "Acme", "website": "https://www.acme.example/x"})

    shown = (await api.operator.get(f"/api/v1/mappings/crm/partners/preview/{remote_id}")).json()

    rows = {row["field"]: row for row in shown["rows"]}
    assert shown["record_id"] is None
    assert rows["website_domain"]["remote"] == {"website": "https://www.acme.example/x"}
    assert rows["website_domain"]["mapped"] == "acme.example"
    assert await api.all("select 1 from organization") == []
    problem(await api.operator.get("/api/v1/mappings/crm/partners/preview/nothing"), 404, "not-found")
    problem(await api.operator.get(f"/api/v1/mappings/crm/wizards/preview/{remote_id}"), 404, "not-found")


@pytest.mark.parametrize("path", ["/api/v1/runs?connection=x", "/api/v1/deliveries?connection=x"])
async def test_a_filter_by_an_unknown_connection_is_refused(api: Api, path: str) -> None:
    problem(await api.viewer.get(path), 404, "not-found")


async def test_a_declared_custom_field_can_be_mapped_and_is_synced_both_ways(api: Api, system: System) -> None:
    await api.admin.post(
        "/api/v1/custom-fields",
        json={"record_type": "partner", "name": "region_code", "kind": "text", "doc": "Sales region."},
    )
    file = api.app.shop.mappings / "sample" / "partners.yaml"
    file.write_text(file.read_text() + "  custom.region_code: {remote: region}\n")
    system.sandbox.records.schema["partners"]["region"] = {"type": "text"}
    remote_id = system.sandbox.human_create("partners", {"name": "Acme", "region": "EMEA"})

    async with api.app.db.transaction() as tx:
        stored = await connections.by_name(tx, "crm")
    assert stored is not None
    async with await open_connection(api.app.shop, stored) as opened:
        await pull(api.app.db, opened, owner="test")
        record = (await api.viewer.get("/api/v1/records/partner")).json()["items"][0]
        url = f"/api/v1/records/partner/{record['id']}"
        await api.operator.patch(url, json={"custom": {"region_code": "APAC"}})
        await push(api.app.db, opened, owner="test")
    why = (await api.viewer.get(f"{url}/why?field=custom.region_code")).json()

    assert record["custom"] == {"region_code": "EMEA"}
    assert system.sandbox.rows("partners")[remote_id]["region"] == "APAC"
    assert (why["fields"][0]["previous"], why["systems"][0]["fields"][0]["in_step"]) == ("EMEA", True)


async def test_a_custom_field_is_removed_when_no_mapping_uses_it_and_its_values_stay_in_the_log(
    api: Api, system: System
) -> None:
    declared = {"record_type": "partner", "name": "region_code", "kind": "text", "doc": "Sales region."}
    url = "/api/v1/custom-fields/partner/region_code"
    await api.admin.post("/api/v1/custom-fields", json=declared)
    made = await api.create(legal_name="Acme", custom={"region_code": "EMEA"})
    file = api.app.shop.mappings / "sample" / "partners.yaml"
    shipped = file.read_text()

    file.write_text(shipped + "  custom.region_code: {remote: region}\n")
    mapped = problem(await api.admin.delete(url), 409, "not-in-this-state")
    file.write_text(shipped.replace("key:", "scope: {when: \"record.custom.region_code == 'EMEA'\"}\nkey:"))
    asked = problem(await api.admin.delete(url), 409, "not-in-this-state")
    file.write_text(shipped)
    held = problem(await api.admin.delete(url), 409, "not-in-this-state")
    removed = await api.admin.delete(f"{url}?drop_values=true")

    assert "sample/partners.yaml (of crm)" in mapped["detail"]
    assert "sample/partners.yaml (of crm)" in asked["detail"]
    assert "1 records have a value" in held["detail"]
    assert removed.status_code == 204
    problem(await api.admin.delete(url), 404, "not-found")
    record_url = f"/api/v1/records/partner/{made['id']}"
    record = (await api.viewer.get(record_url)).json()
    newest = (await api.viewer.get(f"{record_url}/history")).json()[0]
    assert (record["version"], record.get("custom")) == (2, None)
    assert (newest["version"], newest["old"]) == (2, {"custom.region_code": "EMEA"})
    assert newest["rules"] == {"custom.region_code": "the custom field was removed"}


async def test_a_field_declared_again_begins_without_values(api: Api) -> None:
    declared = {"record_type": "partner", "name": "score", "kind": "text", "doc": "Score."}
    await api.admin.post("/api/v1/custom-fields", json=declared)
    made = await api.create(legal_name="Acme", custom={"score": "high"})
    await api.admin.delete("/api/v1/custom-fields/partner/score?drop_values=true")
    async with api.app.db.transaction() as tx:  # a process that had not heard of it
        await tx.run("""update partner set custom = '{"score": "low"}'""")

    await api.admin.post("/api/v1/custom-fields", json={**declared, "kind": "int"})

    assert (await api.viewer.get(f"/api/v1/records/partner/{made['id']}")).json()["custom"] == {"score": None}


async def test_what_somebody_waits_for_goes_before_all_other_work(
    api: Api, system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder, transport = Recorder(), httpx.ASGITransport(build_app(system.sandbox))
    monkeypatch.setattr(connecting, "open_http", lambda **_: open_http(budget=recorder, transport=transport))
    remote_id = system.sandbox.human_create("partners", {"name": "Acme"})
    for method, path in (
        ("POST", "/connections/crm/check"),
        ("GET", "/connections/crm/objects/partners"),
        ("POST", "/mappings/crm/check"),
        ("GET", f"/mappings/crm/partners/preview/{remote_id}"),
    ):
        assert (await api.operator.request(method, f"/api/v1{path}")).status_code == 200
        assert recorder.take() == {"interactive"}, path
