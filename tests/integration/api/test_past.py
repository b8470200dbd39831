"""Records and profiles as they were, through the API."""

from typing import Any
from urllib.parse import quote

from tests.integration.api.conftest import Api, problem


async def _now(api: Api) -> str:
    (row,) = await api.all("select clock_timestamp() as now")
    return quote(row["now"].isoformat())


async def _change(api: Api, type_name: str, record_id: str, **fields: Any) -> None:
    answer = await api.operator.patch(f"/api/v1/records/{type_name}/{record_id}", json=fields)
    assert answer.status_code == 200, answer.text


async def test_a_record_is_shown_as_it_was(api: Api) -> None:
    before = await _now(api)
    made = await api.create(legal_name="Acme", tier="silver")
    url = f"/api/v1/records/partner/{made['id']}"
    first = await _now(api)
    await _change(api, "partner", made["id"], tier="gold", city="Gent")
    second = await _now(api)
    await api.operator.delete(url)
    third = await _now(api)

    assert (await api.viewer.get(f"{url}?as_of={first}")).json() == made
    later = (await api.viewer.get(f"{url}?as_of={second}")).json()
    assert (later["version"], later["tier"], later["city"]) == (2, "gold", "Gent")
    problem(await api.viewer.get(f"{url}?as_of={third}"), 410, "record-gone")
    missing = problem(await api.viewer.get(f"{url}?as_of={before}"), 404, "not-found")
    assert f"the hub has it since {made['created_at'][:19]}" in missing["detail"]


async def test_a_moment_that_is_none_or_lies_ahead_is_refused(api: Api) -> None:
    made = await api.create(legal_name="Acme")
    for url in (f"/api/v1/records/partner/{made['id']}", f"/api/v1/partners/{made['id']}/profile"):
        for moment in ("2100-01-01T00:00:00Z", "2026-01-01T00:00:00", "yesterday"):
            refused = problem(await api.viewer.get(f"{url}?as_of={moment}"), 422, "invalid")
            assert refused["errors"][0]["field"] == "as_of"


async def test_the_profile_is_shown_as_it_was(api: Api) -> None:
    group = await api.create("organization", legal_name="Group")
    partner = await api.create(legal_name="Acme", parent=group["id"])
    below = await api.create(legal_name="Sub-reseller")
    edge = {"upstream": partner["id"], "downstream": below["id"], "kind": "distributes_to"}
    await api.create("partner_relationship", **edge, valid_from="2026-01-01")
    ended = {"partner": partner["id"], "role": "reseller", "valid_from": "2020-01-01", "valid_to": "2021-01-01"}
    await api.create("partner_role", **ended)
    await api.create("partner_role", partner=partner["id"], role="msp", valid_from="2026-01-01")
    person = await api.create("contact", last_name="Peeters", partner=partner["id"])
    moment = await _now(api)
    other = await api.create(legal_name="Other")
    await _change(api, "contact", person["id"], partner=other["id"], last_name="Janssens")
    await _change(api, "partner", partner["id"], parent=None, legal_name="Acme BV")
    await _change(api, "organization", group["id"], legal_name="Group NV")
    await api.operator.delete(f"/api/v1/records/partner/{below['id']}")
    await api.create("contact", last_name="New", partner=partner["id"])

    past = (await api.viewer.get(f"/api/v1/partners/{partner['id']}/profile?as_of={moment}")).json()
    present = (await api.viewer.get(f"/api/v1/partners/{partner['id']}/profile")).json()

    assert past["partner"]["legal_name"] == "Acme"
    assert [c["last_name"] for c in past["people"]["records"]] == ["Peeters"]
    assert [(r["legal_name"], r["depth"], r["kind"]) for r in past["hierarchy"]["above"]] == [("Group", 1, "owns")]
    assert [r["legal_name"] for r in past["hierarchy"]["below"]] == ["Sub-reseller"]
    assert [r["role"] for r in past["roles"]["records"]] == ["msp"]
    assert past["names"][group["id"]] == "Group"
    assert (past["systems"], past["as_of"] is not None, present["as_of"]) == ([], True, None)
    assert [c["last_name"] for c in present["people"]["records"]] == ["New"]
