"""The Salesforce sandbox: an org in memory, its API, and what people and administrators do in its screens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from starlette.types import ASGIApp

from connectors.salesforce.ids import canonical_id
from connectors.salesforce.sandbox.api import limit_exceeded, vendor_app
from connectors.salesforce.sandbox.calls import VendorError, refusal
from connectors.salesforce.sandbox.feed import WEBHOOK_SECRET, ChangeFeed
from connectors.salesforce.sandbox.jobs import Jobs
from connectors.salesforce.sandbox.locators import Locators
from connectors.salesforce.sandbox.oauth import CLIENT_ID, CLIENT_SECRET, Identity, OAuth
from connectors.salesforce.sandbox.objects import standard_schema
from connectors.salesforce.sandbox.org import Org
from connectors.salesforce.sandbox.partners import PartnerRows
from connectors.salesforce.sandbox.query import QueryEngine
from connectors.salesforce.sandbox.records import HUMAN, Records
from connectors.salesforce.sandbox.schema import Field, Schema
from connectors.salesforce.sandbox.selling import ROLES
from connectors.salesforce.sandbox.usage import Usage
from hub.sdk.records import WebhookRequest
from hub.sdk.sandbox import Fault, FieldChanges, Sandbox, SandboxClock
from hub.sdk.sandbox.base import Answer

USERS = ("Integration User", "Alex Executive", "Robin Fallback")


class SalesforceSandbox(Sandbox):
    """One org with an integration user, two sellers, and the partner fields and objects installed."""

    name: ClassVar[str] = "salesforce"
    switches: ClassVar[Mapping[str, Any]] = {
        "lock_row_status": 400,
        "locator_lifetime": "on_demand",
        "locator_rows": "snapshot",
        "delete_if_unmodified_since": "ignored",
        "request_limit_status": 403,
        "duplicate_body_key": "duplicateResut",
        "key_in_upsert_body": "INVALID_FIELD",
        "bulk_result_order": "shuffled",
        "bulk_polls": 1,
        "limit_info": "short",
        "daily_quota": 1_000_000,
        "rotate_refresh_token": False,
        "latest_date_covered": "",
        "webhook_hold": False,
    }
    faults_known: ClassVar[Mapping[str, str]] = {
        "expire_token": "all sessions end before the call",
        "persistent_401": "the call is answered 401 whatever its token",
        "revoke_refresh_token": "the app's access is revoked at the token endpoint",
        "quota_daily": "REQUEST_LIMIT_EXCEEDED for the day",
        "quota_concurrency": "REQUEST_LIMIT_EXCEEDED for long-running calls",
        "lock_row": "one row is UNABLE_TO_LOCK_ROW",
        "reject_row": "one row fails a validation rule; options: message",
        "duplicate_value": "one row clashes on a unique field; options: field, existing_id",
        "duplicate_rule": "one row hits a duplicate rule; options: existing_id",
        "all_rows_fail": "every row of a collections call fails inside HTTP 200",
        "late_commit": "the next save becomes visible after its stamp; options: seconds",
        "expire_cursor": "the query locator of the call has expired",
        "poison_record": "one record of a page has a value of the wrong JSON type; options: field",
        "bulk_abort": "an ingest job fails after some rows; options: after",
        "retention_passed": "/deleted refuses a start before the retention",
        "gap_overflow": "change events are replaced by a GAP_OVERFLOW event",
        "wildcard_ids": "a change event names its records by a wildcard",
        "webhook_drop": "a change sends no callout",
        "webhook_late": "a callout leaves late; options: seconds",
        "webhook_duplicate": "a callout is sent twice",
        "webhook_reorder": "due callouts are sent newest first",
        "webhook_bad_signature": "a callout is signed with another secret",
    }

    def __init__(self, *, seed: int = 0, clock: SandboxClock | None = None) -> None:
        super().__init__(seed=seed, clock=clock)
        self.org = self._new_org()

    @property
    def schema(self) -> Schema:
        """What Setup shows; tests and administrators add fields here."""
        return self.org.schema

    def vendor_app(self) -> ASGIApp:
        return vendor_app(lambda: self.org, lambda: self.base_url)

    def settings(self, base_url: str) -> dict[str, Any]:
        return {
            "instance": base_url,
            "auth": "client_credentials",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "webhook_secret": WEBHOOK_SECRET,
        }

    def reset(self) -> None:
        self.world.clear()
        self.faults.clear()
        self.calls.clear()
        self.org = self._new_org()

    def human_create(self, object_name: str, fields: Mapping[str, Any]) -> str:
        with _as_value_error():
            return self.org.records.create(object_name, fields)

    def human_edit(self, object_name: str, record_id: str, fields: Mapping[str, Any]) -> None:
        with _as_value_error():
            self.org.records.update(object_name, record_id, fields)

    def human_delete(self, object_name: str, record_id: str) -> None:
        with _as_value_error():
            self.org.records.delete(object_name, record_id)

    def human_undelete(self, object_name: str, record_id: str) -> None:
        with _as_value_error():
            self.org.records.undelete(object_name, record_id)

    def human_purge(self, object_name: str, record_id: str) -> None:
        with _as_value_error():
            self.org.records.purge(object_name, record_id)

    def human_merge(self, object_name: str, winner: str, loser: str) -> str:
        with _as_value_error():
            return self.org.records.merge(object_name, winner, loser)

    def human_convert(self, lead: str, *, opportunity: bool = True, account: str | None = None) -> dict[str, str]:
        """A person converts a lead; returns the ids of what it became, by object."""
        with _as_value_error():
            return self.org.records.convert(lead, opportunity=opportunity, account=account)

    def add_field(self, object_name: str, added: Field) -> None:
        """An administrator adds a field in Setup."""
        self.schema.add_field(object_name, added)

    def remove_field(self, object_name: str, field_name: str) -> None:
        self.schema.remove_field(object_name, field_name)

    def change_field(self, object_name: str, field_name: str, changes: FieldChanges) -> None:
        self.schema.change_field(object_name, field_name, changes)

    def set_picklist(self, object_name: str, field_name: str, values: Sequence[str]) -> None:
        self.schema.set_values(object_name, field_name, values)

    def fault_answer(self, fault: Fault) -> Answer:
        headers = {"Content-Type": "application/json;charset=UTF-8"}
        if fault.name == "unavailable":
            error = VendorError("SERVER_UNAVAILABLE", "Server is temporarily unavailable", status=503)
        else:
            error = limit_exceeded(self.org, str(fault.options.get("scope", "concurrency")))
        if fault.name == "throttle_with_retry_after":
            headers["Retry-After"] = str(fault.options.get("seconds", 1))
        answer = refusal(error)
        return Answer(answer.status, answer.content(), headers)

    def take_webhooks(self, url: str) -> list[WebhookRequest]:
        return self.org.feed.callouts(url)

    def rows(self, object_name: str) -> dict[str, dict[str, Any]]:
        return {record.id: {"Id": record.id, **record.fields} for record in self.world.live(object_name)}

    def _new_org(self) -> Org:
        schema = standard_schema()
        feed = ChangeFeed(clock=self.clock, faults=self.faults)
        users: list[str] = []

        def user_of(by: str) -> str:
            integration_user, person, *_ = users
            return person if by == HUMAN else integration_user

        records = Records(
            world=self.world,
            schema=schema,
            faults=self.faults,
            on_change=feed.record,
            user_of=user_of,
            seed=self.seed,
        )
        records.companions["Partner"] = PartnerRows(world=self.world, records=records)
        org_id = records.next_id("00D")
        users += [records.next_id("005") for _ in USERS]
        now = self.clock.now().replace(microsecond=0)
        self.world.add("Organization", org_id, {"Name": "Sandbox Org", "OrganizationType": "Developer Edition"}, at=now)
        for user_id, name in zip(users, USERS, strict=True):
            username = f"{name.split()[0].lower()}@partnerhub.sandbox"
            fields = {"Name": name, "Email": username, "Username": username, "UserType": "Standard", "IsActive": True}
            self.world.add("User", user_id, fields, at=now)
        queue = {"Name": "Partner desk", "DeveloperName": "Partner_Desk", "Type": "Queue"}
        self.world.add("Group", records.next_id("00G"), queue, at=now)
        for order, (role, reverse) in enumerate(ROLES.items()):
            said = {"MasterLabel": role, "ReverseRole": reverse, "SortOrder": order}
            self.world.add("PartnerRole", records.next_id("0PR"), said, at=now)
        for name in ("Organization", "User", "Group", "PartnerRole"):
            records.index_existing(name)
        identity = Identity(canonical_id(org_id), users[0])
        return Org(
            clock=self.clock,
            faults=self.faults,
            schema=schema,
            records=records,
            queries=QueryEngine(
                schema=schema,
                records=records,
                now=self.clock.now,
                user_of=user_of,
            ),
            oauth=OAuth(faults=self.faults, clock=self.clock, identity=identity),
            locators=Locators(clock=self.clock, faults=self.faults),
            jobs=Jobs(),
            usage=Usage(clock=self.clock, faults=self.faults),
            feed=feed,
        )


@contextmanager
def _as_value_error() -> Iterator[None]:
    """The screens' refusal, as the admin door reports it."""
    try:
        yield
    except VendorError as error:
        raise ValueError(f"{error.code}: {error.message}") from error
