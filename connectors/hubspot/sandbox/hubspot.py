"""The emulated account: HubSpot's API under both path families, and a person at its screens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from starlette.applications import Starlette
from starlette.types import ASGIApp

from connectors.hubspot.sandbox.account import Account
from connectors.hubspot.sandbox.answers import Problem
from connectors.hubspot.sandbox.associations import Node
from connectors.hubspot.sandbox.courier import Courier
from connectors.hubspot.sandbox.crm import MERGED_IDS, UPDATED_BY, Crm
from connectors.hubspot.sandbox.gate import Gate
from connectors.hubspot.sandbox.misbehaviour import FAULTS, SWITCHES
from connectors.hubspot.sandbox.oauth import (
    CLIENT_ID,
    CLIENT_SECRET,
    FIRST_REFRESH_TOKEN,
    STATIC_TOKEN,
    Tokens,
)
from connectors.hubspot.sandbox.routes import Served, api_routes, token_routes
from connectors.hubspot.sandbox.schema import Property, changed_property, type_of
from connectors.hubspot.sandbox.search import Search
from hub.sdk.http import encode_json
from hub.sdk.records import WebhookRequest
from hub.sdk.sandbox import Fault, FieldChanges, Sandbox, SandboxClock
from hub.sdk.sandbox.base import Answer


class HubSpotSandbox(Sandbox):
    """One HubSpot account with companies, contacts, deals, notes and tasks."""

    name: ClassVar[str] = "hubspot"
    switches: ClassVar[Mapping[str, Any]] = SWITCHES
    faults_known: ClassVar[Mapping[str, str]] = FAULTS

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
        served = Served(account=lambda: self.account, gate=lambda: self.gate, faults=self.faults)
        return Starlette(routes=[*api_routes(served), *token_routes(served)])

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
            self._require_targets(associations)
            record = self.crm.create(object_type, properties, by="human")
            self._associate(object_type, record.id, associations)
        return record.id

    def human_edit(self, object_name: str, record_id: str, fields: Mapping[str, Any]) -> None:
        object_type, properties, associations = self._typed(object_name, fields)
        with _screens():
            record = self.crm.find_by(object_type, None, record_id)
            if record is None:
                raise ValueError(f"There is no {object_type} {record_id}.")
            self._require_targets(associations)
            if properties:
                cleared = {name: "" if value is None else value for name, value in properties.items()}
                self.crm.update(object_type, record, cleared, by="human")
            self._associate(object_type, record.id, associations)

    def _associate(self, object_type: str, record_id: str, associations: Mapping[str, str | None]) -> None:
        for target, to_id in associations.items():
            to_type, _, label = target.partition(":")
            if label:
                self.crm.associate_labelled(object_type, record_id, to_type, label, to_id, by="human")
            else:
                self.crm.associate_primary(object_type, record_id, to_type, to_id, by="human")

    def _require_targets(self, associations: Mapping[str, str | None]) -> None:
        for target, to_id in associations.items():
            to_type = target.partition(":")[0]
            if to_id is not None and self.crm.find_by(_known(to_type), None, to_id) is None:
                raise ValueError(f"There is no {to_type} {to_id} to associate.")

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

    def change_field(self, object_name: str, field_name: str, changes: FieldChanges) -> None:
        properties = self.crm.properties[_known(object_name)]
        properties[field_name] = changed_property(
            properties.get(field_name) or Property(field_name, custom=True), changes
        )

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
        """Live records by id; associated records, primary and by label, stand under `associations`, as in a read."""
        object_type = _known(object_name)
        return {record.id: self._row(object_type, record.id, record.fields) for record in self.world.live(object_type)}

    def _row(self, object_type: str, record_id: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        row = {name: value for name, value in fields.items() if name not in (MERGED_IDS, UPDATED_BY)}
        node, known = Node(object_type, record_id), self.crm.associations
        associated: dict[str, str | None] = {}
        for to_type in ("companies", "contacts", "deals"):
            if to_type != object_type:
                associated[to_type] = known.primary(node, to_type)
                for label in known.user_labels((object_type, to_type)):
                    associated[f"{to_type}:{label.lower()}"] = known.labelled(node, to_type, label)
        live = {t: id for t, id in associated.items() if id and self.crm.find_by(t.partition(":")[0], None, id)}
        return {**row, "associations": live} if live else row

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
