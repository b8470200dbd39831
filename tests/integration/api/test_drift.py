"""Drift and budgets over the API."""

from hub.db import drift
from hub.db.drift import DriftRow
from tests.integration.api.conftest import Api, problem


async def _found(api: Api, connection_id: int) -> None:
    row = DriftRow("removed", "city", "City__c", "both", [], None, 7, "Account has no field City__c any more.", None)
    async with api.app.db.transaction() as tx:
        await drift.replace(tx, connection_id=connection_id, object_name="Account", file="a/account.yaml", found=[row])


async def test_what_does_not_fit_is_listed_and_counted_in_the_health(api: Api) -> None:
    async with api.app.db.transaction() as tx:
        row = await tx.one(
            "insert into connection (name, system, settings, begun_at) values ('crm', 'acme', '', now()) returning id"
        )
    assert row is not None
    await _found(api, row["id"])

    [finding] = (await api.viewer.get("/api/v1/drift?connection=crm")).json()["items"]
    assert (finding["field"], finding["stops"], finding["line"]) == ("city", "both", 7)
    assert (await api.viewer.get("/api/v1/drift?state=settled")).json()["items"] == []
    [health] = [h for h in (await api.viewer.get("/api/v1/connections/health")).json() if h["connection"] == "crm"]
    assert (health["drifted"], health["verdict"]) == (1, "needs attention")
    assert health["drift"].startswith("a/account.yaml:7 city")


async def test_a_look_and_a_budget_need_a_connection_that_is_there(api: Api) -> None:
    problem(await api.operator.post("/api/v1/drift/nobody/look"), 404, "not-found")
    problem(await api.viewer.post("/api/v1/drift/nobody/look"), 403, "not-allowed")
    problem(await api.viewer.get("/api/v1/budgets/nobody"), 404, "not-found")
