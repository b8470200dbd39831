"""The emulated account: HubSpot's API under both path families, and a person at its screens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from connectors.hubspot.sandbox import associations_api, batch_api, meta_api, objects_api
from connectors.hubspot.sandbox.account import PORTAL_ID, Account
from connectors.hubspot.sandbox.answers import Problem, json_response
from connectors.hubspot.sandbox.associations import Node
from connectors.hubspot.sandbox.courier import Courier
from connectors.hubspot.sandbox.crm import MERGED_IDS, Crm
from connectors.hubspot.sandbox.gate import Gate
from connectors.hubspot.sandbox.oauth import (
    CLIENT_ID,
    CLIENT_SECRET,
    FIRST_REFRESH_TOKEN,
    STATIC_TOKEN,
    Tokens,
)
from connectors.hubspot.sandbox.schema import Property, type_of
from connectors.hubspot.sandbox.search import Search
from hub.sdk.http import encode_json
from hub.sdk.records import WebhookRequest
from hub.sdk.sandbox import Fault, Sandbox, SandboxClock
from hub.sdk.sandbox.base import Answer

# Where each resource is mounted; the unconfirmed and the confirmed paths alike have the same handlers behind them.
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


class HubSpotSandbox(Sandbox):
    """One HubSpot account with companies, contacts, deals, notes and tasks."""

    name: ClassVar[str] = "hubspot"
    switches: ClassVar[Mapping[str, Any]] = {
        "numbered_paths": True,
        "dated_paths": True,
        "filter_maxima": "5/6/18",  # or 5/10/25, 6 groups
        "association_batch_size": 2000,  # or 100
        "retry_after_on_429": False,
        "rate_limit_body": "category",  # or errorType
        "unknown_property_on_read": "ignored",  # or 400
        "null_clears": False,
        "read_by_id": "immediate",  # or lagging
        "archived_by_id": "404",  # or 200
        "restore_window_days": 90,
        "datetime_fraction": True,
        "association_bumps_modified": True,
        "search_lag": 0,  # seconds until a write is searchable
        # The account's own validation rules: properties that must not be empty, as "object.property".
        "admin_validation": ("companies.name", "contacts.lastname", "deals.dealname"),
        "missing_scopes": [],
        "rotate_refresh_token": False,
        "enforce_limits": False,
        "burst_limit": 190,
        "daily_limit": 625_000,
        "webhook_hold": False,
    }
    faults_known: ClassVar[Mapping[str, str]] = {
        "expire_token": "the access token is refused as expired",
        "revoke_refresh_token": "the refresh token is refused from now on",
        "persistent_401": "a good token is refused",
        "missing_scope": "403 MISSING_SCOPES",
        "malformed_token": "530 from the edge",
        "account_migration": "477; options: seconds",
        "edge_error": "an HTML error of the edge; options: status",
        "lock_row": "423 on a write",
        "reject_row": "one row of a batch is refused",
        "all_rows_fail": "every row of a batch is refused",
        "duplicate_value": "409 on one row of a batch; options: id",
        "late_commit": "the next write is searchable only later; options: seconds; match: object",
        "expire_cursor": "the paging token is refused",
        "poison_record": "one record has values of the wrong JSON type",
        "quota_daily": "429 DAILY",
        "search_throttle": "429 on a search, without headers",
        "webhook_duplicate": "an event is delivered twice",
        "webhook_reorder": "the next delivery is in reverse order",
        "webhook_drop": "an event is lost",
        "webhook_late": "an event is delivered late; options: seconds",
        "webhook_bad_signature": "the next delivery is signed with another secret",
        "webhook_proxy_mismatch": "the next delivery is signed for an internal host",
    }

    def __init__(self, *, seed: int = 0, clock: SandboxClock | None = None) -> None:
        super().__init__(seed=seed, clock=clock)
        self.reset()

    def reset(self) -> None:
        self.world.clear()
        self.faults.clear()
        self.courier = Courier(self.clock, self.faults)
        self.crm = Crm(world=self.world, faults=self.faults, seed=self.seed, listener=self._happened)
        tokens = Tokens(self.clock, self.faults)
        self.account = Account(self.crm, Search(self.crm), tokens, self.faults, self.clock)
        self.gate = Gate(self.account)

    def _happened(self, kind: str, object_type: str, record_id: str, by: str, details: Mapping[str, Any]) -> None:
        self.courier.happened(kind, object_type, record_id, by, details)

    def vendor_app(self) -> ASGIApp:
        """The API; a reset shows in it at once."""
        routes = [*_api_routes(self), *_token_routes(self)]
        return Starlette(routes=routes)

    def settings(self, base_url: str) -> dict[str, Any]:
        return {
            "base_url": base_url,
            "auth": "oauth",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "refresh_token": FIRST_REFRESH_TOKEN,
            "webhook_secret": CLIENT_SECRET,
        }

    def static_settings(self, base_url: str) -> dict[str, Any]:
        """The same account with a service key."""
        auth = {"auth": "access_token", "access_token": STATIC_TOKEN}
        return {"base_url": base_url, **auth, "webhook_secret": CLIENT_SECRET}

    def human_create(self, object_name: str, fields: Mapping[str, Any]) -> str:
        object_type, properties, associations = self._typed(object_name, fields)
        with _screens():
            record = self.crm.create(object_type, properties, by="human")
            for to_type, to_id in associations.items():
                self.crm.associate_primary(object_type, record.id, to_type, to_id, by="human")
        return record.id

    def human_edit(self, object_name: str, record_id: str, fields: Mapping[str, Any]) -> None:
        object_type, properties, associations = self._typed(object_name, fields)
        with _screens():
            record = self.crm.find_by(object_type, None, record_id)
            if record is None:
                raise ValueError(f"There is no {object_type} {record_id}.")
            if properties:
                cleared = {name: "" if value is None else value for name, value in properties.items()}
                self.crm.update(object_type, record, cleared, by="human")
            for to_type, to_id in associations.items():
                self.crm.associate_primary(object_type, record.id, to_type, to_id, by="human")

    def human_delete(self, object_name: str, record_id: str) -> None:
        self.crm.archive(_known(object_name), record_id, by="human")

    def human_undelete(self, object_name: str, record_id: str) -> None:
        with _screens():
            self.crm.restore(_known(object_name), record_id)

    def human_purge(self, object_name: str, record_id: str) -> None:
        self.crm.purge(_known(object_name), record_id, by="human")

    def human_merge(self, object_name: str, winner: str, loser: str) -> str:
        with _screens():
            return self.crm.merge(_known(object_name), winner, loser, by="human").id

    def add_property(self, object_name: str, name: str, *, kind: str = "string", unique: bool = False) -> None:
        """An administrator adds a property; records do not hold it yet."""
        self.crm.properties[_known(object_name)][name] = Property(name, kind, unique=unique, custom=True)

    def remove_field(self, object_name: str, field_name: str) -> None:
        del self.crm.properties[_known(object_name)][field_name]

    def set_picklist(self, object_name: str, field_name: str, values: Sequence[str]) -> None:
        self.crm.properties[_known(object_name)][field_name].options = list(values)

    def fault_answer(self, fault: Fault) -> Answer:
        if fault.name == "unavailable":
            return super().fault_answer(fault)
        scope = str(fault.options.get("scope", "burst"))
        policy = str(fault.options.get("policy", "DAILY" if scope == "daily" else "TEN_SECONDLY_ROLLING"))
        seconds = fault.options.get("seconds", 1) if fault.name == "throttle_with_retry_after" else None
        problem = self.gate.throttled(policy, headers={}, seconds=seconds)
        body = encode_json(self.gate.problem_body(problem))
        return Answer(429, body, {**problem.headers, "content-type": "application/json"})

    def take_webhooks(self, url: str) -> list[WebhookRequest]:
        return self.courier.take(url)

    def webhook_answered(self, request: WebhookRequest, status: int | None) -> None:
        self.courier.answered(request, status)

    def rows(self, object_name: str) -> dict[str, dict[str, Any]]:
        """Live records by id; associated primary records stand under `associations`, as in a read."""
        object_type = _known(object_name)
        return {record.id: self._row(object_type, record.id, record.fields) for record in self.world.live(object_type)}

    def _row(self, object_type: str, record_id: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        row = {name: value for name, value in fields.items() if name != MERGED_IDS}
        node = Node(object_type, record_id)
        associated = {
            to_type: found
            for to_type in ("companies", "contacts", "deals")
            if to_type != object_type and (found := self.crm.associations.primary(node, to_type)) is not None
        }
        return {**row, "associations": associated} if associated else row

    def _typed(self, object_name: str, fields: Mapping[str, Any]) -> tuple[str, dict[str, Any], dict[str, str | None]]:
        """Properties and associations of what a person typed: nested, or as `associations.companies`."""
        properties = {name: value for name, value in fields.items() if name.partition(".")[0] != "associations"}
        associations = dict(fields.get("associations") or {})
        for name, value in fields.items():
            if name.startswith("associations."):
                associations[name.removeprefix("associations.")] = value
        return _known(object_name), properties, associations


class _screens:  # noqa: N801 - read as a word: `with _screens():`
    """HubSpot's screens refuse with the API's reasons."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: object) -> None:
        if isinstance(problem, Problem):
            raise ValueError(problem.message) from problem


def _known(object_name: str) -> str:
    object_type = type_of(object_name)
    if object_type is None:
        raise KeyError(object_name)
    return object_type


def _api_routes(sandbox: HubSpotSandbox) -> list[Route]:
    apis = [*batch_api.ROUTES, *associations_api.ROUTES, *objects_api.ROUTES, *meta_api.ROUTES]
    routes = []
    for resource, method, suffix, handler in apis:
        for family, prefixes in _MOUNTS[resource].items():
            for prefix in prefixes:

                async def endpoint(
                    request: Request, family: str = family, resource: str = resource, handler: Any = handler
                ) -> Response:
                    return await sandbox.gate.guard(family=family, resource=resource, handler=handler)(request)

                routes.append(Route(prefix + suffix, endpoint, methods=[method]))
    return routes


def _token_routes(sandbox: HubSpotSandbox) -> list[Route]:
    async def grant(request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        try:
            return json_response(sandbox.account.tokens.grant(form))
        except Problem as problem:
            return json_response({"status": problem.category, "message": problem.message}, problem.status)

    async def introspect(request: Request) -> Response:
        token = request.path_params.get("token") or dict(parse_qsl((await request.body()).decode())).get("token", "")
        try:
            return json_response(sandbox.account.tokens.describe(token, PORTAL_ID))
        except Problem as problem:
            return json_response(problem.body(), problem.status)

    async def revoke(request: Request) -> Response:
        token = request.path_params.get("token") or dict(parse_qsl((await request.body()).decode())).get("token", "")
        sandbox.account.tokens.revoke(token)
        return Response(status_code=204)

    routes = [
        Route("/oauth/v1/access-tokens/{token}", introspect, methods=["GET"]),
        Route("/oauth/v1/refresh-tokens/{token}", revoke, methods=["DELETE"]),
    ]
    for family, prefixes in _TOKEN_MOUNTS.items():
        for prefix in prefixes:
            for suffix, endpoint in (("/token", grant), ("/introspect", introspect), ("/revoke", revoke)):

                async def served(request: Request, family: str = family, endpoint: Any = endpoint) -> Response:
                    if not sandbox.faults.get(f"{family}_paths"):
                        return json_response({"status": "error", "message": "not served"}, 404)
                    answer: Response = await endpoint(request)
                    return answer

                routes.append(Route(prefix + suffix, served, methods=["POST"]))
    return routes
