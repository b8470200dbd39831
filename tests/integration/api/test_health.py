"""Health, metrics, the audit trail and the description."""

from tests.integration.api.conftest import Api, System, problem


async def test_a_working_hub_is_live_and_ready(api: Api) -> None:
    assert (await api.anybody.get("/healthz")).json() == {"status": "live"}
    ready = await api.anybody.get("/readyz")

    assert ready.status_code == 200
    assert ready.json() == {"ready": True, "database": "ok", "redis": "ok", "migrations": "ok"}


async def test_a_schema_of_another_release_is_not_ready(api: Api) -> None:
    async with api.app.db.transaction() as tx:
        await tx.run("update alembic_version set version_num = 'older'")

    ready = await api.anybody.get("/readyz")

    assert ready.status_code == 503
    assert "schema" in ready.json()["migrations"]


async def test_metrics_tell_calls_and_the_state_of_all_work(api: Api, system: System) -> None:
    problem(await api.anybody.get("/metrics"), 401, "not-authenticated")
    await api.create(legal_name="Acme")

    text = (await api.viewer.get("/metrics")).text

    assert 'route="/api/v1/records/{record_type}",status="201"} 1.0' in text
    assert 'partnerhub_connection_up{connection="crm"} 1.0' in text
    assert 'partnerhub_rereads{connection="crm"} 0.0' in text


async def test_what_administrators_do_is_in_the_audit_trail(api: Api, system: System) -> None:
    await api.operator.post("/api/v1/connections/crm/pause", json={"reason": "maintenance"})

    trail = (await api.admin.get("/api/v1/audit?limit=1")).json()

    assert trail["items"][0]["action"] == "connection_paused"
    assert trail["items"][0]["actor"] == "key test operator"
    older = (await api.admin.get(f"/api/v1/audit?limit=500&cursor={trail['next_cursor']}")).json()
    assert older["items"][0]["id"] < trail["items"][0]["id"]


async def test_the_description_knows_every_record_type(api: Api) -> None:
    described = (await api.anybody.get("/api/v1/openapi.json")).json()

    create = described["paths"]["/api/v1/records/deal_registration"]["post"]
    schema = create["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
    fields = described["components"]["schemas"][schema]
    assert fields["required"] == ["name"]
    assert "partner_reference" in fields["properties"]
    assert "/api/v1/records/{record_type}" not in described["paths"]
    operations = [op for item in described["paths"].values() for op in item.values()]
    assert len({op["operationId"] for op in operations}) == len(operations)
    assert all(op["summary"] and op["tags"] for op in operations)
    refs = _refs(described)
    assert {ref.rsplit("/", 1)[1] for ref in refs} <= described["components"]["schemas"].keys()


def _refs(node: object) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(_refs(value) for value in node.values()))
    return set().union(*(_refs(value) for value in node)) if isinstance(node, list) else set()
