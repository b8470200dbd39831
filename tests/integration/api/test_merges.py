"""Merging partners at the API: looked at, done, listed, undone."""

from typing import Any

from tests.integration.api.conftest import Api, System, problem


async def _two(api: Api) -> tuple[dict[str, Any], dict[str, Any]]:
    loser = await api.create(legal_name="Acme", city="Gent", country="BE")
    return loser, await api.create(legal_name="Acme NV", tier="gold")


async def test_a_merge_is_previewed_done_listed_and_undone(api: Api, system: System) -> None:
    loser, survivor = await _two(api)
    contact = await api.create("contact", last_name="Peeters", partner=loser["id"])
    url = f"/api/v1/records/partner/{loser['id']}"
    into = {"into": survivor["id"]}

    preview = (await api.viewer.get(f"{url}/merge-preview", params=into)).json()
    problem(await api.viewer.post(f"{url}/merge", json=into), 403, "not-allowed")
    merged = (await api.operator.post(f"{url}/merge", json=into)).json()

    assert preview["takes"] == {"city": "Gent", "country": "BE"}
    assert preview["references"] == [{"record_type": "contact", "field": "partner", "count": 1, "stay": 0}]
    assert (merged["references"], merged["filled"]) == (1, ["city", "country"])
    assert problem(await api.viewer.get(url), 410, "record-gone")["merged_into"] == survivor["id"]
    assert (await api.viewer.get(f"/api/v1/records/contact/{contact['id']}")).json()["partner"] == survivor["id"]
    [listed] = (await api.viewer.get(f"/api/v1/records/partner/{survivor['id']}/merges")).json()
    assert listed == merged

    problem(await api.viewer.post(f"{url}/unmerge"), 403, "not-allowed")
    undone = (await api.operator.post(f"{url}/unmerge")).json()
    problem(await api.operator.post(f"{url}/unmerge"), 409, "not-in-this-state")

    assert (undone["references"], undone["left_alone"]) == (1, [])
    assert (await api.viewer.get(url)).json()["city"] == "Gent"
    assert (await api.viewer.get(f"/api/v1/records/partner/{survivor['id']}")).json()["city"] is None
    assert (await api.viewer.get(f"/api/v1/records/contact/{contact['id']}")).json()["partner"] == loser["id"]
    actions = [entry["action"] for entry in (await api.admin.get("/api/v1/audit")).json()["items"]]
    assert actions[:2] == ["records_unmerged", "records_merged"]


async def test_what_cannot_be_merged_is_a_problem_with_a_reason(api: Api) -> None:
    loser, survivor = await _two(api)
    url = f"/api/v1/records/partner/{loser['id']}"
    problem(await api.operator.post(f"{url}/merge", json={"into": loser["id"]}), 422, "invalid")
    gone = "00000000-0000-0000-0000-000000000001"
    problem(await api.operator.post(f"{url}/merge", json={"into": gone}), 404, "not-found")
    await api.operator.delete(f"/api/v1/records/partner/{survivor['id']}")
    problem(await api.operator.post(f"{url}/merge", json={"into": survivor["id"]}), 410, "record-gone")


async def test_the_history_of_both_says_what_happened(api: Api) -> None:
    loser, survivor = await _two(api)
    url = f"/api/v1/records/partner/{loser['id']}"
    await api.operator.post(f"{url}/merge", json={"into": survivor["id"]})
    await api.operator.post(f"{url}/unmerge")

    history = (await api.viewer.get(f"{url}/history")).json()
    other = (await api.viewer.get(f"/api/v1/records/partner/{survivor['id']}/history")).json()

    assert [change["op"] for change in history] == ["restore", "merge", "create"]
    assert history[0]["rules"] == {"*": "merge 1 was undone"}
    assert [change["rules"].get("city") for change in other[:2]] == [
        "merge 1 was undone",
        "taken over from the record that was merged into this one",
    ]
