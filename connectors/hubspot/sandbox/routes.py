"""Where the API's handlers are mounted: both path families over the same ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.hubspot.sandbox import associations_api, batch_api, meta_api, objects_api
from connectors.hubspot.sandbox.account import PORTAL_ID, Account
from connectors.hubspot.sandbox.answers import Problem, json_response
from connectors.hubspot.sandbox.gate import Gate
from hub.sdk.sandbox import Faults

_MOUNTS: dict[str, dict[str, tuple[str, ...]]] = {
    "objects": {"numbered": ("/crm/v3/objects",), "dated": ("/crm/objects/2026-03", "/crm/objects/2026-09")},
    "object_associations": {
        "numbered": ("/crm/v4/objects",),
        "dated": ("/crm/objects/2026-03", "/crm/objects/2026-09"),
    },
    "associations": {
        "numbered": ("/crm/v4/associations",),
        "dated": ("/crm/associations/2026-03", "/crm/associations/2026-09"),
    },
    "labels": {
        "numbered": ("/crm/v4/associations", "/crm/associations/v4"),
        "dated": ("/crm/associations/2026-03", "/crm/associations/2026-09"),
    },
    "properties": {
        "numbered": ("/crm/v3/properties",),
        "dated": ("/crm/properties/2026-03", "/crm/properties/2026-09"),
    },
    "pipelines": {"numbered": ("/crm/v3/pipelines",), "dated": ("/crm/pipelines/2026-03", "/crm/pipelines/2026-09")},
    "owners": {"numbered": ("/crm/v3/owners",), "dated": ("/crm/owners/2026-03", "/crm/owners/2026-09")},
    "schemas": {
        "numbered": ("/crm-object-schemas/v3/schemas",),
        "dated": ("/crm-object-schemas/2026-03/schemas", "/crm-object-schemas/2026-09/schemas"),
    },
    "account": {"numbered": ("/account-info/v3",), "dated": ("/account-info/2026-03", "/account-info/2026-09")},
}
_TOKEN_MOUNTS = {"numbered": ("/oauth/v1", "/oauth/v3"), "dated": ("/oauth/2026-03", "/oauth/2026-09")}


@dataclass(frozen=True, slots=True)
class Served:
    """The account behind the routes: whichever there is now, so that a reset shows at once."""

    account: Callable[[], Account]
    gate: Callable[[], Gate]
    faults: Faults


def api_routes(served: Served) -> list[Route]:
    """The resources, each under all its prefixes."""
    apis = [*batch_api.ROUTES, *associations_api.ROUTES, *objects_api.ROUTES, *meta_api.ROUTES]
    routes = []
    for resource, method, suffix, handler in apis:
        for family, prefixes in _MOUNTS[resource].items():
            for prefix in prefixes:

                async def endpoint(
                    request: Request, family: str = family, resource: str = resource, handler: Any = handler
                ) -> Response:
                    return await served.gate().guard(family=family, resource=resource, handler=handler)(request)

                routes.append(Route(prefix + suffix, endpoint, methods=[method]))
    return routes


def token_routes(served: Served) -> list[Route]:
    """Where tokens are granted, looked at and revoked; these calls carry no token of their own."""

    async def grant(request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        try:
            return json_response(served.account().tokens.grant(form))
        except Problem as problem:
            return json_response({"status": problem.category, "message": problem.message}, problem.status)

    async def introspect(request: Request) -> Response:
        token = await _token_of(request)
        try:
            return json_response(served.account().tokens.describe(token, PORTAL_ID))
        except Problem as problem:
            return json_response(problem.body(), problem.status)

    async def revoke(request: Request) -> Response:
        token = await _token_of(request)
        served.account().tokens.revoke(token)
        return Response(status_code=204)

    routes = [
        Route("/oauth/v1/access-tokens/{token}", introspect, methods=["GET"]),
        Route("/oauth/v1/refresh-tokens/{token}", revoke, methods=["DELETE"]),
    ]
    for family, prefixes in _TOKEN_MOUNTS.items():
        for prefix in prefixes:
            for suffix, endpoint in (("/token", grant), ("/introspect", introspect), ("/revoke", revoke)):

                async def guarded(request: Request, family: str = family, endpoint: Any = endpoint) -> Response:
                    if not served.faults.get(f"{family}_paths"):
                        return json_response({"status": "error", "message": "not served"}, 404)
                    answer: Response = await endpoint(request)
                    return answer

                routes.append(Route(prefix + suffix, guarded, methods=["POST"]))
    return routes


async def _token_of(request: Request) -> str:
    """The token that a request is about: in its path, or in its form."""
    form = dict(parse_qsl((await request.body()).decode()))
    return str(request.path_params.get("token") or form.get("token", ""))
