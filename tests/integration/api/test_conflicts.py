"""Conflicts as work, at the API: who wrote what, what hangs on it, many at once, and taken back."""

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


async def _partners(api: Api, system: System, number: int, **fields: Any) -> dict[str, str]:
    """Partners that are both here and there: remote id → record id."""
    for n in range(number):
        system.sandbox.human_create("partners", {"name": f"Partner {n}", "tier": "Gold", "city": "Bonn", **fields})
    await _sync(api, system)
    return {row["remote_id"]: str(row["record_id"]) for row in await api.all("select remote_id, record_id from link")}


async def _conflicts(api: Api, system: System, number: int) -> list[dict[str, Any]]:
    """Both sides move so many partners to another city."""
    for remote_id, record_id in (await _partners(api, system, number)).items():
        await api.operator.patch(f"/api/v1/records/partner/{record_id}", json={"city": "Berlin"})
        system.sandbox.human_edit("partners", remote_id, {"city": "Hamburg"})
    await _sync(api, system)
    items: list[dict[str, Any]] = (await api.viewer.get("/api/v1/conflicts")).json()["items"]
    assert len(items) == number
    return items


async def test_a_conflict_says_who_wrote_each_side_and_when(api: Api, system: System) -> None:
    [conflict] = await _conflicts(api, system, 1)

    ours, theirs = conflict["ours_written"], conflict["theirs_written"]
    assert (conflict["base"], conflict["ours"], conflict["theirs"]) == ("Bonn", "Berlin", "Hamburg")
    assert (ours["actor"], ours["connection"], ours["rule"]) == ("key test operator", None, "api")
    assert ours["at"]
    assert (theirs["connection"], theirs["actor"], theirs["remote_id"]) == ("crm", "human", conflict["remote_id"])
    assert theirs["at"]
    assert theirs["seen_at"]


async def test_our_side_may_have_been_written_by_a_system_in_a_run(api: Api, system: System) -> None:
    [remote_id], [record_id] = zip(*(await _partners(api, system, 1)).items(), strict=True)
    async with api.app.db.transaction() as tx:  # as if it had been agreed on otherwise
        await tx.run('update link set shadow = shadow || \'{"city": "Ulm"}\', seen_hash = null')
    system.sandbox.human_edit("partners", remote_id, {"city": "Hamburg"})
    await _sync(api, system)

    [conflict] = (await api.viewer.get(f"/api/v1/conflicts?record_id={record_id}")).json()["items"]

    ours = conflict["ours_written"]
    assert (ours["connection"], ours["actor"], ours["remote_id"]) == ("crm", None, remote_id)
    assert ours["run_id"]
    assert "partners.yaml" in ours["rule"]


async def test_a_conflict_comes_with_the_partner_its_open_deals_and_what_others_hold(api: Api, system: System) -> None:
    [conflict] = await _conflicts(api, system, 1)
    partner = conflict["record_id"]
    amounts = [
        ("EUR", "100.50", "submitted"),
        ("EUR", "200.00", None),
        ("USD", "7.00", "approved"),
        ("EUR", "9", "won"),
    ]
    for n, (currency, amount, stage) in enumerate(amounts):
        money = {"amount": amount, "currency": currency}
        made = await api.create("deal_registration", name=f"Deal {n}", partner=partner, amount=money)
        await api.all("update deal_registration set stage = %s where id = %s returning id", stage, made["id"])
    await api.create("opportunity", name="Chance", partner=partner)
    await api.create("opportunity", name="Lost", partner=partner, is_closed=True)
    async with api.app.db.transaction() as tx:
        other = await tx.one(
            "insert into connection (name, system, settings) values ('erp', 'sample', '') returning id"
        )
        assert other is not None
        await tx.run(
            "insert into link (connection_id, object, remote_id, record_id, shadow, as_of)"
            " values (%s, 'vendors', 'v1', %s, '{\"city\": \"Ulm\"}', now())",
            other["id"],
            partner,
        )

    context = (await api.viewer.get(f"/api/v1/conflicts/{conflict['id']}")).json()["context"]

    assert context["name"] == "Partner 0"
    assert (context["partner"]["id"], context["partner"]["name"]) == (partner, "Partner 0")
    assert context["partner"]["tier"] == "gold"
    deals = {(d["record_type"], d["currency"]): (d["count"], d["amount"]) for d in context["deals"]}
    assert deals == {
        ("deal_registration", "EUR"): (2, "300.50"),
        ("deal_registration", "USD"): (1, "7.00"),
        ("opportunity", None): (1, None),
    }
    assert [(e["connection"], e["remote_id"], e["value"]) for e in context["elsewhere"]] == [("erp", "v1", "Ulm")]


async def test_a_page_of_conflicts_takes_one_query_however_many_there_are(
    api: Api, system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    from psycopg import AsyncCursor

    await _conflicts(api, system, 12)
    seen: list[str] = []
    real = AsyncCursor.execute

    async def counted(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(str(query))
        return await real(self, query, *args, **kwargs)

    monkeypatch.setattr(AsyncCursor, "execute", counted)
    page = (await api.viewer.get("/api/v1/conflicts")).json()["items"]

    assert len(page) == 12
    assert len([query for query in seen if "conflict" in query]) == 1
    assert len(seen) <= 4  # the key, and the transaction's own


async def test_many_are_decided_alike_and_each_has_its_own_outcome(api: Api, system: System) -> None:
    first, second, third = await _conflicts(api, system, 3)
    await api.operator.delete(f"/api/v1/records/partner/{second['record_id']}")
    await api.operator.post(f"/api/v1/conflicts/{third['id']}/resolve", json={"choice": "ours"})
    ids = [first["id"], second["id"], third["id"], 999]

    answer = (await api.operator.post("/api/v1/conflicts/resolve", json={"choice": "theirs", "ids": ids})).json()

    assert (answer["resolved"], answer["refused"]) == (1, 3)
    reasons = [outcome["reason"] for outcome in answer["outcomes"]]
    assert reasons[0] is None
    assert "is gone" in reasons[1]
    assert "decided already" in reasons[2]
    assert "There is no conflict 999" in reasons[3]
    assert (await api.viewer.get(f"/api/v1/records/partner/{first['record_id']}")).json()["city"] == "Hamburg"
    audit = (await api.admin.get("/api/v1/audit")).json()["items"]
    assert {e["subject"] for e in audit if e["action"] == "conflict_resolved"} == {
        first["record_id"],
        third["record_id"],
    }


async def test_all_that_fit_a_filter_are_decided_in_chunks_and_reach_the_system(
    api: Api, system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.services.deciding_many.CHUNK", 2)
    found = await _conflicts(api, system, 5)
    matching = {"connection": "crm", "object": "partners", "field": "city"}

    none = await api.operator.post(
        "/api/v1/conflicts/resolve", json={"choice": "ours", "matching": {**matching, "field": "tier"}}
    )
    answer = await api.operator.post("/api/v1/conflicts/resolve", json={"choice": "ours", "matching": matching})
    await _sync(api, system)

    assert none.json()["outcomes"] == []
    assert (answer.json()["resolved"], answer.json()["refused"]) == (5, 0)
    assert [outcome["id"] for outcome in answer.json()["outcomes"]] == [c["id"] for c in found]
    assert {row["city"] for row in system.sandbox.rows("partners").values()} == {"Berlin"}
    stamps = await api.all("select count(distinct xmin::text) as transactions from conflict")
    assert stamps == [{"transactions": 3}]


async def test_many_are_named_by_ids_or_by_a_filter_and_not_by_both(api: Api) -> None:
    for body in ({"choice": "ours"}, {"choice": "ours", "ids": [1], "matching": {}}):
        problem(await api.operator.post("/api/v1/conflicts/resolve", json=body), 422, "invalid")


async def test_two_fields_of_one_record_are_decided_in_one_go(api: Api, system: System) -> None:
    [(remote_id, record_id)] = (await _partners(api, system, 1)).items()
    await api.operator.patch(f"/api/v1/records/partner/{record_id}", json={"city": "Berlin", "tier": "silver"})
    system.sandbox.human_edit("partners", remote_id, {"city": "Hamburg", "tier": "Platinum"})
    await _sync(api, system)

    answer = await api.operator.post(
        "/api/v1/conflicts/resolve", json={"choice": "theirs", "matching": {"record_id": record_id}}
    )
    await _sync(api, system)

    assert answer.json()["resolved"] == 2
    record = (await api.viewer.get(f"/api/v1/records/partner/{record_id}")).json()
    assert (record["city"], record["tier"]) == ("Hamburg", "platinum")
    row = system.sandbox.rows("partners")[remote_id]
    assert (row["city"], row["tier"]) == ("Hamburg", "Platinum")


async def test_a_decision_is_taken_back_by_an_operator_and_audited(api: Api, system: System) -> None:
    [conflict] = await _conflicts(api, system, 1)
    url = f"/api/v1/conflicts/{conflict['id']}"
    await api.operator.post(f"{url}/resolve", json={"choice": "theirs"})
    await _sync(api, system)

    problem(await api.viewer.post(f"{url}/reopen"), 403, "not-allowed")
    reopened = await api.operator.post(f"{url}/reopen")
    problem(await api.operator.post(f"{url}/reopen"), 409, "not-in-this-state")

    shown = reopened.json()
    assert (shown["state"], shown["reopened"], shown["ours"], shown["theirs"]) == ("open", True, "Berlin", "Hamburg")
    assert (await api.viewer.get(f"/api/v1/records/partner/{conflict['record_id']}")).json()["city"] == "Berlin"
    why = (await api.viewer.get(f"/api/v1/records/partner/{conflict['record_id']}/why?field=city")).json()
    assert why["fields"][0]["rule"] == f"the decision of conflict {conflict['id']} was undone"
    audit = (await api.admin.get("/api/v1/audit")).json()["items"]
    assert audit[0]["action"] == "conflict_reopened"


async def test_a_record_that_was_deleted_by_a_decision_comes_back(api: Api, system: System) -> None:
    [record_id] = (await _partners(api, system, 1)).values()
    async with api.app.db.transaction() as tx:
        row = await tx.one(
            "insert into conflict (connection_id, object, remote_id, record_type, record_id, field, base, ours, theirs)"
            " select connection_id, object, remote_id, 'partner', record_id, '(record)', '\"exists\"', '\"exists\"',"
            " '\"deleted\"' from link returning id"
        )
    assert row is not None
    url = f"/api/v1/conflicts/{row['id']}"
    decided = await api.operator.post(f"{url}/resolve", json={"choice": "theirs"})
    assert decided.json()["decided"] == "deleted"
    problem(await api.viewer.get(f"/api/v1/records/partner/{record_id}"), 410, "record-gone")

    reopened = await api.operator.post(f"{url}/reopen")

    assert reopened.json()["state"] == "open"
    assert (await api.viewer.get(f"/api/v1/records/partner/{record_id}")).status_code == 200
