"""Who may pass: keys, roles, limits, and the form of every refusal."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from hub.api.door import Open, Requires
from hub.budget import Failures, open_budgets
from hub.services.keys import KeyRing, create_key, ensure_admin_key, revoke_key
from tests.integration.api.conftest import Api, problem


def _declared(dependant: Dependant) -> list[str]:
    own = [dependant.call.access] if isinstance(dependant.call, Open | Requires) else []
    return [*own, *(access for inner in dependant.dependencies for access in _declared(inner))]


def _declared_roles(asgi: FastAPI) -> dict[str, list[str]]:
    """METHOD path → the roles that the route and its dependencies declare, of every route there is."""
    found = {
        f"{method} {route.path}": _declared(route.dependant)
        for route in iter_route_contexts(asgi.routes)
        for method in route.methods or ()
    }
    assert len(found) > 40
    return found


async def test_every_route_declares_exactly_one_role(api: Api) -> None:
    declared = _declared_roles(api.asgi)

    assert {path: roles for path, roles in declared.items() if len(roles) != 1} == {}
    assert {path for path, roles in declared.items() if roles == ["public"]} == {
        "GET /healthz",
        "GET /readyz",
        "GET /api/v1/openapi.json",
    }
    assert [path for path, roles in declared.items() if roles == ["signed"]] == ["POST /api/v1/webhooks/{name}"]


async def test_reading_needs_a_viewer_and_writing_an_operator(api: Api) -> None:
    writing = [roles for path, roles in _declared_roles(api.asgi).items() if not path.startswith("GET ")]

    assert {role for roles in writing for role in roles} == {"operator", "admin", "signed"}


@pytest.mark.parametrize("header", ["", "Basic abc", "Bearer ", "Bearer ph_x", "Bearer ph_000000000000_" + "0" * 48])
async def test_without_a_good_key_nothing_is_answered(api: Api, header: str) -> None:
    answer = await api.anybody.get("/api/v1/connections", headers={"Authorization": header} if header else {})

    problem(answer, 401, "not-authenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_role_that_does_not_reach_is_told_which_one_would(api: Api) -> None:
    answer = await api.viewer.post("/api/v1/records/partner", json={"legal_name": "Acme"})

    assert "operator" in problem(answer, 403, "not-allowed")["detail"]


async def test_a_revoked_key_is_refused_at_once_by_the_process_that_revoked_it(api: Api) -> None:
    made = (await api.admin.post("/api/v1/keys", json={"name": "short", "role": "viewer"})).json()
    bearer = {"Authorization": f"Bearer {made['secret']}"}
    assert (await api.anybody.get("/api/v1/keys/me", headers=bearer)).json()["name"] == "short"

    assert (await api.admin.delete(f"/api/v1/keys/{made['id']}")).status_code == 204

    problem(await api.anybody.get("/api/v1/keys/me", headers=bearer), 401, "not-authenticated")


async def test_the_last_admin_key_cannot_be_revoked(api: Api) -> None:
    me = (await api.admin.get("/api/v1/keys/me")).json()

    problem(await api.admin.delete(f"/api/v1/keys/{me['key_id']}"), 422, "invalid")


async def test_keys_are_listed_without_secrets_and_stored_as_hashes(api: Api) -> None:
    made = (await api.admin.post("/api/v1/keys", json={"name": "reporting", "role": "viewer"})).json()

    listed = await api.admin.get("/api/v1/keys")
    stored = await api.all("select * from api_key where id = %s", made["id"])

    secret = made["secret"].rsplit("_", 1)[1]
    assert secret not in listed.text
    assert secret not in str(stored)
    assert stored[0]["hash"].startswith("$argon2id$")


async def test_the_first_admin_key_is_made_once_however_many_processes_start(api: Api) -> None:
    async with api.app.db.transaction() as tx:
        await tx.run("delete from api_key")

    made = await asyncio.gather(*(ensure_admin_key(api.app.db) for _ in range(4)))

    (first,) = [key for key in made if key is not None]
    bearer = {"Authorization": f"Bearer {first.secret}"}
    assert (await api.anybody.get("/api/v1/keys/me", headers=bearer)).json()["role"] == "admin"


async def test_a_verified_key_is_known_only_for_a_while(api: Api) -> None:
    now = [0.0]
    ring = KeyRing(api.app.db, seconds=30, clock=lambda: now[0])
    async with api.app.db.transaction() as tx:
        key = await create_key(tx, name="passing", role="viewer", actor="test")
    assert await ring.identify(key.secret) is not None
    async with api.app.db.transaction() as tx:
        await revoke_key(tx, key_id=key.id, actor="test")

    now[0] = 29.0
    assert ring.remembered(key.secret) is not None
    now[0] = 31.0
    assert await ring.identify(key.secret) is None


async def test_many_wrong_keys_from_one_address_are_made_to_wait_and_good_keys_in_use_are_not(api: Api) -> None:
    assert (await api.viewer.get("/api/v1/keys/me")).status_code == 200
    wrong = {"Authorization": "Bearer ph_000000000000_" + "0" * 48}

    answers = [(await api.anybody.get("/api/v1/keys/me", headers=wrong)).status_code for _ in range(21)]
    last = await api.anybody.get("/api/v1/keys/me", headers=wrong)

    assert answers == [401] * 20 + [429]
    problem(last, 429, "too-many-failures")
    assert 0 < int(last.headers["retry-after"]) <= 60
    assert (await api.viewer.get("/api/v1/keys/me")).status_code == 200


async def test_failures_are_forgiven_after_a_minute() -> None:
    now = [0.0]
    failures = Failures(most=2, clock=lambda: now[0])
    await failures.note("a")
    await failures.note("a")

    assert (await failures.wait("a"), await failures.wait("b")) == (60, 0)
    now[0] = 61.0
    assert await failures.wait("a") == 0


async def test_wrong_keys_count_together_over_all_processes(redis_url: str) -> None:
    async with open_budgets(redis_url) as here, open_budgets(redis_url) as there:
        first, second = here.failures(), there.failures()
        for _ in range(10):
            await first.note("a")
            await second.note("a")

        assert 0 < await first.wait("a") <= 60
        assert 0 < await second.wait("a") <= 60
        assert await second.wait("b") == 0


async def test_without_redis_each_process_counts_for_itself() -> None:
    async with open_budgets("redis://127.0.0.1:1") as away:
        failures = away.failures()
        assert await failures.wait("a") == 0
        for _ in range(20):
            await failures.note("a")

        assert await failures.wait("a") > 0


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(api: Api) -> None:
    read: list[int] = []

    async def body() -> AsyncIterator[bytes]:
        for part in range(10):
            read.append(part)
            yield b"x" * 1024 * 1024

    declared = await api.operator.post("/api/v1/records/partner", content=b"x" * 2_000_000)
    streamed = await api.operator.post(
        "/api/v1/records/partner", content=body(), headers={"Content-Type": "application/json"}
    )

    problem(declared, 413, "too-large")
    problem(streamed, 413, "too-large")
    assert len(read) < 4


async def test_what_is_not_json_is_said_to_be_so(api: Api) -> None:
    headers = {"Content-Type": "application/json"}

    answer = await api.operator.post("/api/v1/records/partner", content=b'{"legal_name": ', headers=headers)

    problem(answer, 400, "invalid-json")


async def test_unknown_addresses_and_methods_are_problems_too(api: Api) -> None:
    problem(await api.viewer.get("/api/v1/nothing"), 404, "not-found")
    problem(await api.viewer.put("/api/v1/runs"), 405, "method-not-allowed")


async def test_an_unexpected_error_shows_nothing_of_the_inside(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail of the inside")

    monkeypatch.setattr("hub.services.watching.list_runs", broken)

    answer = await api.viewer.get("/api/v1/runs", headers={"X-Request-ID": "mine-1"})

    assert problem(answer, 500, "internal")["request_id"] == "mine-1"
    assert "secret detail" not in answer.text


async def test_an_odd_request_id_is_replaced(api: Api) -> None:
    answer = await api.anybody.get("/healthz", headers={"X-Request-ID": "a b\tc"})

    assert answer.headers["x-request-id"] != "a b\tc"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_other_sites_get_no_permission_to_call(api: Api) -> None:
    answer: httpx.Response = await api.viewer.get("/api/v1/runs", headers={"Origin": "https://evil.example"})

    assert "access-control-allow-origin" not in answer.headers
