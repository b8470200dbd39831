"""Records through the API."""

import asyncio
from uuid import uuid4

from tests.integration.api.conftest import Api, problem


async def test_a_record_is_created_read_changed_and_its_history_names_the_key(api: Api) -> None:
    made = await api.create(legal_name="Acme", tier="silver", annual_revenue={"amount": "12.50", "currency": "EUR"})

    shown = await api.viewer.get(f"/api/v1/records/partner/{made['id']}")
    changed = await api.operator.patch(f"/api/v1/records/partner/{made['id']}", json={"tier": "gold", "city": "Gent"})
    history = (await api.viewer.get(f"/api/v1/records/partner/{made['id']}/history")).json()

    assert shown.json() == made
    assert made["annual_revenue"] == {"amount": "12.50", "currency": "EUR"}
    assert shown.headers["etag"] == '"1"'
    assert (changed.json()["tier"], changed.json()["version"]) == ("gold", 2)
    assert [(c["op"], c["actor"], c["rules"]) for c in history] == [
        ("update", "key test operator", {"city": "api", "tier": "api"}),
        ("create", "key test operator", {"*": "api"}),
    ]
    assert history[0]["old"] == {"tier": "silver", "city": None}


async def test_what_is_left_out_of_a_change_stays_and_null_clears(api: Api) -> None:
    made = await api.create(legal_name="Acme", city="Gent", trade_name="A")

    changed = (await api.operator.patch(f"/api/v1/records/partner/{made['id']}", json={"city": None})).json()

    assert (changed["city"], changed["trade_name"], changed["legal_name"]) == (None, "A", "Acme")


async def test_a_change_that_changes_nothing_leaves_no_trace(api: Api) -> None:
    made = await api.create(legal_name="Acme")

    again = (await api.operator.patch(f"/api/v1/records/partner/{made['id']}", json={"legal_name": "Acme"})).json()

    assert again["version"] == 1
    assert len(await api.all("select 1 from change")) == 1


async def test_a_change_based_on_an_older_version_is_refused(api: Api) -> None:
    made = await api.create(legal_name="Acme")
    url = f"/api/v1/records/partner/{made['id']}"
    await api.operator.patch(url, json={"city": "Gent"}, headers={"If-Match": '"1"'})

    late = await api.operator.patch(url, json={"city": "Brugge"}, headers={"If-Match": '"1"'})

    problem(late, 412, "stale-version")
    assert (await api.viewer.get(url)).json()["city"] == "Gent"


async def test_of_two_changes_at_the_same_moment_one_wins_and_the_other_is_told(api: Api) -> None:
    made = await api.create(legal_name="Acme")
    url = f"/api/v1/records/partner/{made['id']}"

    answers = await asyncio.gather(
        *(api.operator.patch(url, json={"city": city}, headers={"If-Match": '"1"'}) for city in ("Gent", "Brugge"))
    )

    assert sorted(answer.status_code for answer in answers) == [200, 412]
    assert (await api.viewer.get(url)).json()["version"] == 2


async def test_two_equal_records_created_at_the_same_moment_are_one(api: Api) -> None:
    twin = {"legal_name": "Acme", "vat_number": "BE0123456789"}

    answers = await asyncio.gather(*(api.operator.post("/api/v1/records/partner", json=twin) for _ in range(3)))

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]


async def test_every_wrong_field_is_named(api: Api) -> None:
    answer = await api.operator.post("/api/v1/records/partner", json={"tier": "wood", "nonsense": 1})

    body = problem(answer, 422, "invalid")
    assert {error["field"] for error in body["errors"]} == {"legal_name", "tier", "nonsense"}


async def test_a_required_field_cannot_be_cleared(api: Api) -> None:
    made = await api.create(legal_name="Acme")

    answer = await api.operator.patch(f"/api/v1/records/partner/{made['id']}", json={"legal_name": None})

    assert problem(answer, 422, "invalid")["errors"][0]["field"] == "legal_name"


async def test_a_link_to_nothing_is_refused_by_name(api: Api) -> None:
    answer = await api.operator.post("/api/v1/records/contact", json={"last_name": "Peeters", "partner": str(uuid4())})

    assert problem(answer, 422, "invalid")["errors"][0]["field"] == "partner"


async def test_a_record_with_a_natural_key_that_is_taken_is_refused_unless_allowed(api: Api) -> None:
    first = await api.create(legal_name="Acme", vat_number="BE0123456789")
    twin = {"legal_name": "Acme 2", "vat_number": "BE0123456789"}

    refused = await api.operator.post("/api/v1/records/partner", json=twin)
    allowed = await api.operator.post("/api/v1/records/partner?allow_duplicate=true", json=twin)

    assert problem(refused, 409, "duplicate")["existing"] == [first["id"]]
    assert allowed.status_code == 201


async def test_overlapping_periods_of_one_key_are_refused(api: Api) -> None:
    partner = await api.create(legal_name="Acme")
    role = {"partner": partner["id"], "role": "reseller", "valid_from": "2026-01-01"}
    await api.create("partner_role", **role)

    answer = await api.operator.post("/api/v1/records/partner_role", json={**role, "valid_from": "2026-02-01"})

    problem(answer, 409, "duplicate")


async def test_pages_lead_through_all_records_without_a_gap_or_a_repeat(api: Api) -> None:
    made = [(await api.create(legal_name=f"Partner {n}"))["id"] for n in range(7)]

    seen, cursor = [], ""
    while True:
        page = (await api.viewer.get(f"/api/v1/records/partner?limit=3{cursor}")).json()
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"

    assert seen == made


async def test_a_cursor_that_was_not_given_out_is_refused(api: Api) -> None:
    problem(await api.viewer.get("/api/v1/records/partner?cursor=abc"), 422, "invalid")


async def test_lists_are_filtered_by_natural_keys_links_and_time(api: Api) -> None:
    acme = await api.create(legal_name="Acme", vat_number="BE0123456789")
    await api.create(legal_name="Other")
    contact = await api.create("contact", last_name="Peeters", partner=acme["id"])

    by_key = (await api.viewer.get("/api/v1/records/partner?vat_number=BE0123456789")).json()
    by_link = (await api.viewer.get(f"/api/v1/records/contact?partner={acme['id']}")).json()
    later = (await api.viewer.get("/api/v1/records/partner?updated_since=2100-01-01T00:00:00Z")).json()

    assert [item["id"] for item in by_key["items"]] == [acme["id"]]
    assert [item["id"] for item in by_link["items"]] == [contact["id"]]
    assert later["items"] == []
    problem(await api.viewer.get("/api/v1/records/partner?city=Gent"), 422, "invalid")
    problem(await api.viewer.get("/api/v1/records/contact?partner=nobody"), 422, "invalid")


async def test_unknown_types_and_records_are_named(api: Api) -> None:
    missing = str(uuid4())

    assert "partner" in problem(await api.viewer.get("/api/v1/records/wizard"), 404, "not-found")["detail"]
    assert missing in problem(await api.viewer.get(f"/api/v1/records/partner/{missing}"), 404, "not-found")["detail"]


async def test_a_merged_record_leads_to_its_survivor(api: Api) -> None:
    survivor, loser = await api.create(legal_name="Acme"), await api.create(legal_name="Acme BV")
    async with api.app.db.transaction() as tx:
        await tx.run("update organization set merged_into = %s where id = %s", survivor["id"], loser["id"])

    answer = await api.viewer.get(f"/api/v1/records/partner/{loser['id']}")

    assert problem(answer, 410, "record-gone")["merged_into"] == survivor["id"]


async def test_a_declared_custom_field_is_a_field_of_the_type_at_once(api: Api) -> None:
    declared = {"record_type": "partner", "name": "region_code", "kind": "text", "doc": "Sales region."}
    assert (await api.admin.post("/api/v1/custom-fields", json=declared)).status_code == 201

    made = await api.create(legal_name="Acme", custom={"region_code": "EMEA"})
    described = (await api.anybody.get("/api/v1/openapi.json")).json()

    assert (await api.viewer.get(f"/api/v1/records/partner/{made['id']}")).json()["custom"] == {"region_code": "EMEA"}
    assert "PartnerCustomCreate" in described["components"]["schemas"]
    problem(await api.admin.post("/api/v1/custom-fields", json=declared), 409, "duplicate")
    problem(await api.admin.post("/api/v1/custom-fields", json={**declared, "name": "B c"}), 422, "invalid")


async def test_a_write_wakes_the_outbound_side_of_every_active_connection(api: Api, system: object) -> None:
    await api.create(legal_name="Acme")

    assert [name for name, _ in api.queue.calls] == ["push"]


async def test_a_record_is_deleted_and_restored_with_its_history_and_audit(api: Api) -> None:
    made = await api.create(legal_name="Acme", vat_number="BE0123456789")
    url = f"/api/v1/records/partner/{made['id']}"

    stale = await api.operator.delete(url, headers={"If-Match": '"7"'})
    deleted = await api.operator.delete(url, headers={"If-Match": '"1"'})
    again = await api.operator.delete(url)
    restored = await api.operator.post(f"{url}/restore", headers={"If-Match": '"2"'})
    history = (await api.viewer.get(f"{url}/history")).json()
    audit = (await api.admin.get("/api/v1/audit")).json()["items"]

    problem(stale, 412, "stale-version")
    assert deleted.status_code == 204
    problem(again, 410, "record-gone")
    assert (restored.json()["vat_number"], restored.headers["etag"]) == ("BE0123456789", '"3"')
    assert (await api.viewer.get(url)).json() == restored.json()
    assert [(c["version"], c["op"], c["rules"], c["actor"]) for c in history[:2]] == [
        (3, "restore", {"*": "api"}, "key test operator"),
        (2, "delete", {"*": "api"}, "key test operator"),
    ]
    assert [(a["action"], a["subject"]) for a in audit[:2]] == [
        ("record_restored", made["id"]),
        ("record_deleted", made["id"]),
    ]
    problem(await api.operator.post(f"{url}/restore"), 409, "not-in-this-state")
    problem(await api.operator.delete(f"/api/v1/records/partner/{uuid4()}"), 404, "not-found")
    problem(await api.viewer.delete(url), 403, "not-allowed")


async def test_a_record_whose_place_was_taken_is_restored_only_when_that_is_meant(api: Api) -> None:
    made = await api.create(legal_name="Acme", vat_number="BE0123456789")
    url = f"/api/v1/records/partner/{made['id']}"
    await api.operator.delete(url)
    other = await api.create(legal_name="Acme NV", vat_number="BE0123456789")

    refused = problem(await api.operator.post(f"{url}/restore"), 409, "duplicate")
    insisted = await api.operator.post(f"{url}/restore?allow_duplicate=true")

    assert refused["existing"] == [other["id"]]
    assert insisted.status_code == 200


async def test_a_membership_whose_period_was_given_to_another_cannot_come_back(api: Api) -> None:
    partner = await api.create(legal_name="Acme")
    role = {"partner": partner["id"], "role": "reseller", "valid_from": "2026-01-01"}
    made = await api.create("partner_role", **role)
    url = f"/api/v1/records/partner_role/{made['id']}"
    await api.operator.delete(url)
    await api.create("partner_role", **role)

    problem(await api.operator.post(f"{url}/restore?allow_duplicate=true"), 409, "duplicate")
