"""What waits for a person: conflicts, match reviews, dead letters, quarantine; and the answers of profile and why."""

from typing import Any

import pytest

from hub.services.cycle import pull, push, reread
from tests.integration.api.conftest import Api, System, problem


async def _sync(api: Api, system: System) -> None:
    async with api.app.db.transaction() as tx:
        await tx.run("update delivery set next_attempt_at = now(), updated_at = now() - interval '1 hour'")
    await pull(api.app.db, system.opened.sync, owner="test")
    await reread(api.app.db, system.opened.sync)
    await push(api.app.db, system.opened.sync, owner="test")


async def _record_id(api: Api, remote_id: str) -> str:
    return str((await api.all("select record_id from link where remote_id = %s", remote_id))[0]["record_id"])


async def _conflict(api: Api, system: System) -> tuple[str, dict[str, Any]]:
    """Both sides rename one partner."""
    remote_id = system.sandbox.human_create("partners", {"name": "Acme", "tier": "Silver"})
    await _sync(api, system)
    record_id = await _record_id(api, remote_id)
    await api.operator.patch(f"/api/v1/records/partner/{record_id}", json={"legal_name": "Acme of the hub"})
    system.sandbox.human_edit("partners", remote_id, {"name": "Acme of the CRM"})
    await _sync(api, system)
    conflicts = (await api.viewer.get("/api/v1/conflicts")).json()["items"]
    assert len(conflicts) == 1
    return remote_id, conflicts[0]


@pytest.mark.parametrize(
    ("resolution", "expected"),
    [
        ({"choice": "ours"}, "Acme of the hub"),
        ({"choice": "theirs"}, "Acme of the CRM"),
        ({"choice": "value", "value": "Acme NV"}, "Acme NV"),
    ],
)
async def test_a_decided_conflict_is_the_same_everywhere_and_names_who_decided(
    api: Api, system: System, resolution: dict[str, Any], expected: str
) -> None:
    remote_id, conflict = await _conflict(api, system)
    assert (conflict["base"], conflict["ours"], conflict["theirs"]) == ("Acme", "Acme of the hub", "Acme of the CRM")

    decided = await api.operator.post(f"/api/v1/conflicts/{conflict['id']}/resolve", json=resolution)
    await _sync(api, system)

    record = (await api.viewer.get(f"/api/v1/records/partner/{conflict['record_id']}")).json()
    why = (await api.viewer.get(f"/api/v1/records/partner/{conflict['record_id']}/why?field=legal_name")).json()
    assert decided.json()["state"] == "resolved"
    assert record["legal_name"] == expected
    assert system.sandbox.rows("partners")[remote_id]["name"] == expected
    assert why["fields"][0]["actor"] == "key test operator"
    assert f"conflict {conflict['id']} decided" in why["fields"][0]["rule"]
    assert (await api.viewer.get("/api/v1/conflicts")).json()["items"] == []


async def test_a_conflict_is_decided_once_and_only_with_a_value_that_fits(api: Api, system: System) -> None:
    _, conflict = await _conflict(api, system)
    url = f"/api/v1/conflicts/{conflict['id']}/resolve"

    problem(await api.operator.post(url, json={"choice": "value", "value": 7}), 422, "invalid")
    problem(await api.operator.post(url, json={"choice": "value", "value": None}), 422, "invalid")
    assert (await api.operator.post(url, json={"choice": "theirs"})).status_code == 200
    problem(await api.operator.post(url, json={"choice": "ours"}), 409, "not-in-this-state")


async def test_why_says_who_wrote_a_value_and_what_blocks_it(api: Api, system: System) -> None:
    remote_id, conflict = await _conflict(api, system)

    why = (await api.viewer.get(f"/api/v1/records/partner/{conflict['record_id']}/why")).json()

    fields = {field["field"]: field for field in why["fields"]}
    assert (fields["legal_name"]["actor"], fields["legal_name"]["previous"]) == ("key test operator", "Acme")
    assert (fields["tier"]["connection"], fields["tier"]["remote_id"]) == ("crm", remote_id)
    assert "partners.yaml" in fields["tier"]["rule"]
    assert fields["tier"]["run_id"]
    assert fields["city"]["at"] is None
    standing = why["systems"][0]["standing"]
    assert standing["blocked_by"] == f"The field legal_name is in conflict: decide conflict {conflict['id']}."
    in_system = {field["field"]: field for field in why["systems"][0]["fields"]}
    assert not in_system["legal_name"]["in_step"]
    assert in_system["tier"]["in_step"]


async def test_why_names_the_reason_that_stops_most_first(api: Api, system: System) -> None:
    made = await api.create(legal_name="Acme")
    url = f"/api/v1/records/partner/{made['id']}/why"

    async def blocked_by(query: str = "") -> str:
        answer = (await api.viewer.get(url + query)).json()
        return str(answer["systems"][0]["standing"]["blocked_by"])

    assert "has not been looked at" in await blocked_by()
    assert "vat_number is not mapped" in await blocked_by("?field=vat_number")
    system.sandbox.faults.arm("reject_row", times=1)
    await push(api.app.db, system.opened.sync, owner="test")
    assert "was refused" in await blocked_by()
    await api.operator.post("/api/v1/connections/crm/pause", json={"reason": "New password."})
    assert await blocked_by() == "The connection is paused (New password): correct the cause, then resume it."
    problem(await api.viewer.get(f"{url}?field=nonsense"), 422, "invalid")


async def test_a_dead_letter_is_corrected_and_replayed(api: Api, system: System) -> None:
    await api.create(legal_name="Acme")
    system.sandbox.faults.arm("reject_row", times=1)
    await push(api.app.db, system.opened.sync, owner="test")
    dead = (await api.viewer.get("/api/v1/deliveries?state=dead")).json()["items"][0]
    assert (dead["op"], dead["error_class"]) == ("create", "RecordRejected")
    assert dead["hint"]

    replayed = await api.operator.post(
        f"/api/v1/deliveries/{dead['id']}/replay", json={"fields": {"name": "Acme, corrected"}}
    )
    await push(api.app.db, system.opened.sync, owner="test")

    assert replayed.json()["state"] == "pending"
    assert [row["name"] for row in system.sandbox.rows("partners").values()] == ["Acme, corrected"]
    done = (await api.viewer.get(f"/api/v1/deliveries/{dead['id']}")).json()
    assert done["state"] == "done"
    problem(await api.operator.post(f"/api/v1/deliveries/{dead['id']}/replay"), 409, "not-in-this-state")


async def test_dead_letters_are_replayed_together_or_dropped(api: Api, system: System) -> None:
    await api.create(legal_name="Acme")
    await api.create(legal_name="Other")
    system.sandbox.faults.arm("all_rows_fail", times=1)
    await push(api.app.db, system.opened.sync, owner="test")
    dead = (await api.viewer.get("/api/v1/deliveries?state=dead")).json()["items"]

    dropped = await api.operator.post(f"/api/v1/deliveries/{dead[0]['id']}/drop")
    replayed = await api.operator.post("/api/v1/deliveries/replay", json={"connection": "crm"})

    assert len(dead) == 2
    assert dropped.json()["state"] == "dropped"
    assert replayed.json() == {"replayed": 1}
    problem(await api.operator.post(f"/api/v1/deliveries/{dead[0]['id']}/drop"), 409, "not-in-this-state")


async def test_two_of_one_system_cannot_be_merged_by_the_hub_but_kept_apart(api: Api, system: System) -> None:
    for name in ("Acme", "Acme BV"):
        system.sandbox.human_create("partners", {"name": name, "website": "acme.example", "country": "BE"})
    await _sync(api, system)
    review = (await api.viewer.get("/api/v1/match-reviews")).json()["items"][0]
    url = f"/api/v1/match-reviews/{review['id']}"

    merge = await api.operator.post(f"{url}/merge")
    apart = await api.operator.post(f"{url}/keep-apart")

    assert "merge them there" in problem(merge, 409, "not-in-this-state")["detail"]
    assert (apart.json()["state"], apart.json()["decided_by"]) == ("apart", "key test operator")
    problem(await api.operator.post(f"{url}/keep-apart"), 409, "not-in-this-state")


async def test_merging_a_review_loses_no_value_of_either_side(api: Api, system: System) -> None:
    known = await api.create(legal_name="Acme", website_domain="acme.example", country="BE", trade_name="A")
    remote_id = system.sandbox.human_create("partners", {"name": "ACME N.V.", "city": "Gent"})
    await pull(api.app.db, system.opened.sync, owner="test")
    loser = await _record_id(api, remote_id)
    contact = await api.create("contact", last_name="Peeters", partner=loser)
    review_id = await _review(api, system, remote_id, loser, known["id"])

    merged = await api.operator.post(f"/api/v1/match-reviews/{review_id}/merge", json={"into": known["id"]})
    await _sync(api, system)

    record = (await api.viewer.get(f"/api/v1/records/partner/{known['id']}")).json()
    assert merged.json()["state"] == "merged"
    assert (record["legal_name"], record["city"], record["trade_name"]) == ("Acme", "Gent", "A")
    assert (await api.viewer.get(f"/api/v1/records/contact/{contact['id']}")).json()["partner"] == known["id"]
    gone = await api.viewer.get(f"/api/v1/records/partner/{loser}")
    assert problem(gone, 410, "record-gone")["merged_into"] == known["id"]
    # The names differ, so both are kept until somebody decides; what was missing on either side is filled.
    assert len(system.sandbox.rows("partners")) == 1
    row = system.sandbox.rows("partners")[remote_id]
    assert (row["name"], row["website"], row["city"]) == ("ACME N.V.", "acme.example", "Gent")
    conflicts = (await api.viewer.get("/api/v1/conflicts")).json()["items"]
    assert [(c["field"], c["ours"], c["theirs"]) for c in conflicts] == [("legal_name", "Acme", "ACME N.V.")]


async def _review(api: Api, system: System, remote_id: str, record_id: str, candidate: str) -> int:
    async with api.app.db.transaction() as tx:
        row = await tx.one(
            "insert into match_review (connection_id, object, remote_id, record_type, record_id, kind, candidates)"
            " values (%s, 'partners', %s, 'partner', %s, 'ambiguous',"
            " jsonb_build_array(jsonb_build_object('record_id', %s::text))) returning id",
            system.opened.sync.id,
            remote_id,
            record_id,
            candidate,
        )
    assert row is not None
    return int(row["id"])


async def test_what_cannot_be_taken_over_is_listed_with_its_reason(api: Api, system: System) -> None:
    system.sandbox.records.schema["partners"]["tier"]["values"].append("Wood")
    ids = [system.sandbox.human_create("partners", {"name": f"Acme {n}", "tier": "Wood"}) for n in range(3)]
    await pull(api.app.db, system.opened.sync, owner="test")

    first = (await api.viewer.get("/api/v1/quarantine?limit=2")).json()
    rest = (await api.viewer.get(f"/api/v1/quarantine?cursor={first['next_cursor']}")).json()

    assert {item["remote_id"] for item in first["items"] + rest["items"]} == set(ids)
    assert not first["items"][0]["held"]
    assert first["items"][0]["problems"][0]["field"] == "tier"
    assert first["items"][0]["fields"]["tier"] == "Wood"


async def test_runs_are_listed_with_what_they_did(api: Api, system: System) -> None:
    system.sandbox.human_create("partners", {"name": "Acme"})
    await _sync(api, system)

    runs = (await api.viewer.get("/api/v1/runs?connection=crm&state=done")).json()["items"]

    pulled = next(run for run in runs if run["kind"] == "pull")
    assert pulled["counts"]["created"] == 1
    assert (await api.viewer.get(f"/api/v1/runs/{pulled['id']}")).json() == pulled
    problem(await api.viewer.get("/api/v1/runs/999999"), 404, "not-found")


async def test_the_profile_is_the_whole_partner_in_one_answer(api: Api, system: System) -> None:
    remote_id = system.sandbox.human_create("partners", {"name": "Reseller", "tier": "Gold"})
    await _sync(api, system)
    partner_id = await _record_id(api, remote_id)
    group = await api.create("organization", legal_name="Group")
    distributor = await api.create(legal_name="Distributor", parent=group["id"])
    below = await api.create(legal_name="Sub-reseller")
    for up, down in ((distributor["id"], partner_id), (partner_id, below["id"])):
        await api.create(
            "partner_relationship", upstream=up, downstream=down, kind="distributes_to", valid_from="2026-01-01"
        )
    await api.create("partner_role", partner=partner_id, role="reseller", valid_from="2026-01-01")
    program = await api.create("program", code="main", name="Main programme")
    await api.create("program_membership", partner=partner_id, program=program["id"], valid_from="2026-01-01")
    await api.create("contact", last_name="Peeters", partner=partner_id)
    await api.create("deal_registration", name="Big deal", partner=partner_id)
    await api.create("contract", name="Agreement", partner=partner_id)
    await api.create("opportunity", name="Chance", partner=partner_id)

    profile = (await api.viewer.get(f"/api/v1/partners/{partner_id}/profile")).json()

    assert profile["partner"]["legal_name"] == "Reseller"
    above = [(r["legal_name"], r["depth"], r["kind"]) for r in profile["hierarchy"]["above"]]
    assert above == [("Distributor", 1, "distributes_to"), ("Group", 2, "owns")]
    assert [r["legal_name"] for r in profile["hierarchy"]["below"]] == ["Sub-reseller"]
    for section in ("roles", "memberships", "people", "deals", "contracts", "opportunities"):
        assert profile[section]["total"] == len(profile[section]["records"]) == 1, section
    assert profile["names"][program["id"]] == "Main programme"
    crm = profile["systems"][0]
    assert (crm["connection"], crm["links"][0]["remote_id"]) == ("crm", remote_id)
    assert crm["links"][0]["last_read_at"]
    assert crm["links"][0]["state"] == "live"


async def test_a_circle_in_the_hierarchy_ends(api: Api) -> None:
    a, b, c = [(await api.create(legal_name=name))["id"] for name in "ABC"]
    for up, down in ((a, b), (b, c), (c, a)):
        await api.create(
            "partner_relationship", upstream=up, downstream=down, kind="distributes_to", valid_from="2026-01-01"
        )

    profile = (await api.viewer.get(f"/api/v1/partners/{a}/profile")).json()

    assert {r["legal_name"] for r in profile["hierarchy"]["above"]} == {"B", "C"}
    assert {r["legal_name"] for r in profile["hierarchy"]["below"]} == {"B", "C"}


async def test_a_profile_takes_as_many_queries_for_a_large_partner_as_for_a_small_one(
    api: Api, system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, large = await api.create(legal_name="Small"), await api.create(legal_name="Large")
    for n in range(1, 6):
        await api.create("contact", last_name=f"Person {n}", partner=large["id"])
        await api.create("deal_registration", name=f"Deal {n}", partner=large["id"])
    await api.create("contact", last_name="Person 0", partner=small["id"])
    await api.create("deal_registration", name="Deal 0", partner=small["id"])

    await api.viewer.get("/api/v1/keys/me")  # the key is known from here on
    counts = [await _queries(api, record["id"], monkeypatch) for record in (small, large)]

    assert counts[0] == counts[1] < 40


async def _queries(api: Api, partner_id: str, monkeypatch: pytest.MonkeyPatch) -> int:
    from psycopg import AsyncCursor

    seen: list[object] = []
    real = AsyncCursor.execute

    async def counted(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(query)
        return await real(self, query, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(AsyncCursor, "execute", counted)
        assert (await api.viewer.get(f"/api/v1/partners/{partner_id}/profile")).status_code == 200
    return len(seen)
