"""Direct sellers see partners' deals inside Salesforce: registration, task, opportunity and partner, each once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from shutil import copytree
from typing import Any
from uuid import UUID

import pytest

from config.settings import Settings
from connectors.salesforce import CONNECTOR
from hub.app import MAPPINGS, App
from hub.db import deliveries
from hub.demo.run import demo_app
from hub.record import RECORD_TYPES
from hub.record.values import Money, Value
from hub.sdk.sandbox import Sandbox
from hub.sdk.sandbox.serve import SandboxServer
from hub.services.connections import add_connection, open_connection
from hub.services.cycle import pull, push, reread
from hub.services.deals import changing, deciding
from hub.services.deals.receiving import Sent, read_submission
from hub.services.deals.submitting import submit
from hub.services.objects import OpenConnection
from hub.services.records import create_record, get_record

SOON = date.today() + timedelta(days=60)  # noqa: DTZ011  # any day ahead
SHOWN = ("Deal_Registration__c", "Opportunity", "Partner", "OpportunityPartner", "Task")
Photograph = dict[str, dict[str, tuple[int, dict[str, Any]]]]
ALEX, ROBIN = "alex@partnerhub.sandbox", "robin@partnerhub.sandbox"


@dataclass
class Org:
    """The org's screens, and the hub that is connected to it."""

    app: App
    crm: Sandbox
    connection: OpenConnection
    partner: UUID = field(init=False)
    customer_row: str = ""
    partner_row: str = ""

    async def turn(self, times: int = 2) -> None:
        """What the worker does again and again; what waits for a later moment is due now."""
        for _ in range(times):
            await self.sql("update delivery set next_attempt_at = now() where state in ('pending', 'unknown')")
            await pull(self.app.db, self.connection, owner="test")
            await reread(self.app.db, self.connection)
            await push(self.app.db, self.connection, owner="test")

    async def sql(self, statement: str, *params: object) -> None:
        async with self.app.db.transaction() as tx:
            await tx.run(statement, *params)

    async def all(self, statement: str, *params: object) -> list[dict[str, Any]]:
        async with self.app.db.transaction() as tx:
            return await tx.all(statement, *params)

    def rows(self, name: str) -> list[dict[str, Any]]:
        return list(self.crm.rows(name).values())

    def tasks(self) -> list[dict[str, Any]]:
        return [row for row in self.rows("Task") if row.get("Hub_Key__c")]

    def user(self, address: str) -> str:
        return next(str(row["Id"]) for row in self.rows("User") if row["Email"] == address)

    async def submit(self, **fields: Any) -> UUID:
        said = {
            "name": "Warehouse to the cloud", "partner": str(self.partner), "customer_name": "Nordlicht Logistik GmbH",
            "customer_domain": "nordlicht-logistik.de", "customer_country": "DE", "product_lines": ["cloud"],
            "amount": {"amount": "20000", "currency": "EUR"}, "close_date": SOON.isoformat(),
            "description": "Move of the warehouse system", "contact_name": "Jana Weiss",
            "contact_email": "jana.weiss@nordlicht-logistik.de", **fields,
        }  # fmt: skip
        async with self.app.db.transaction() as tx:
            sent = read_submission(RECORD_TYPES, Sent(fields=said))
            made = await submit(tx, self.app.desk, RECORD_TYPES, sent=sent, actor="key portal")
        await self.turn()
        return made.deal.id

    async def do(self, registration: UUID, act: Any, **said: Any) -> None:
        async with self.app.db.transaction() as tx:
            await act(tx, self.app.desk, registration_id=registration, **{"actor": "key approver", **said})
        await self.turn()

    async def opportunity_here(self) -> dict[str, Any]:
        [row] = await self.all("select id from opportunity where is_direct is false")
        async with self.app.db.transaction() as tx:
            return dict((await get_record(tx, RECORD_TYPES["opportunity"], record_id=row["id"])).values)

    def photograph(self) -> Photograph:
        """How often each row was written, and what it holds."""
        return {
            name: {record.id: (record.version, deepcopy(record.fields)) for record in self.crm.world.live(name)}
            for name in (*SHOWN, "Account")
        }

    async def counts(self) -> list[dict[str, Any]]:
        return await self.all(
            "select (select count(*) from opportunity) as opportunities, (select count(*) from seller_alert) as alerts,"
            " (select count(*) from deal_registration) as registrations, (select count(*) from link) as links,"
            " (select count(*) from conflict) as conflicts, (select count(*) from match_review) as reviews"
        )


@asynccontextmanager
async def _org(home: Path) -> AsyncIterator[Org]:
    crm = CONNECTOR.load_sandbox().make(seed=7)
    mappings = copytree(MAPPINGS, home / "mappings")
    copytree(MAPPINGS.parent / "docs" / "examples", mappings, dirs_exist_ok=True)
    async with demo_app(Settings(home=home)) as app:
        with SandboxServer(crm) as server:
            settings = {**crm.settings(server.url), "fallback_owner": ROBIN, "partner_role": "Reseller"}
            stored, _ = await add_connection(
                app.shop,
                name="salesforce",
                system="salesforce",
                settings=settings,
                options={"allow_private": True, "mappings": str(mappings)},
                actor="test",
            )
            async with await open_connection(app.shop, stored) as connection:
                yield Org(app, crm, connection)


@pytest.fixture
async def org(tmp_path: Path) -> AsyncIterator[Org]:
    """A partner in good standing, and a customer whose account is Alex'."""
    async with _org(tmp_path) as org:
        org.partner_row = org.crm.human_create(
            "Account",
            {
                "Name": "Alba Systems GmbH", "Type": "Partner", "Partner_Status__c": "Active",
                "Program_Number__c": "P-1", "BillingCountryCode": "DE",
                "Contract_End__c": (SOON + timedelta(days=900)).isoformat(),
            },
        )  # fmt: skip
        org.customer_row = org.crm.human_create(
            "Account",
            {
                "Name": "Nordlicht Logistik GmbH", "Type": "Customer", "BillingCountryCode": "DE",
                "Website": "https://www.nordlicht-logistik.de", "OwnerId": org.user(ALEX),
            },
        )  # fmt: skip
        await org.turn()
        [row] = await org.all("select p.id from partner p join organization o using (id)")
        org.partner = row["id"]
        async with org.app.db.transaction() as tx:
            program = await create_record(
                tx, RECORD_TYPES["program"], values={"code": "reseller", "name": "Resellers"}, actor="test"
            )
            membership: dict[str, Value] = {
                "partner": org.partner,
                "program": program.id,
                "valid_from": date(2020, 1, 1),
            }
            await create_record(tx, RECORD_TYPES["program_membership"], values=membership, actor="test")
        yield org


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_sellers_follow_a_registration_from_its_arrival_to_the_sale(org: Org) -> None:
    registration = await org.submit()

    [shown] = org.rows("Deal_Registration__c")
    assert (shown["Review_Status__c"], shown["Stage__c"]) == ("Pending Approval", "In Review")
    assert (shown["Account__c"], shown["Partner_Account__c"]) == (org.customer_row, org.partner_row)
    assert shown["Hub_Deal_Id__c"] == str(registration)
    [task] = org.tasks()
    assert (task["OwnerId"], task["WhatId"]) == (org.user(ALEX), org.customer_row)
    assert task["Hub_Alert_Kind__c"] == "registration_on_account"
    assert org.rows("Opportunity") == []

    await org.do(registration, deciding.approve)

    [shown] = org.rows("Deal_Registration__c")
    [opportunity] = org.rows("Opportunity")
    assert (shown["Review_Status__c"], shown["Opportunity__c"]) == ("Approved", opportunity["Id"])
    assert shown["Protection_Ends__c"] > SOON.isoformat()
    assert (opportunity["AccountId"], opportunity["OwnerId"]) == (org.customer_row, org.user(ALEX))
    assert (opportunity["Amount"], opportunity["CurrencyIsoCode"]) == (20000, "EUR")
    assert (opportunity["StageName"], opportunity["CloseDate"]) == ("Qualification", SOON.isoformat())
    assert (opportunity["Partner_Stage__c"], opportunity["Partner_Amount__c"]) == ("approved", 20000)
    [partner] = org.rows("Partner")
    assert (partner["OpportunityId"], partner["AccountToId"]) == (opportunity["Id"], org.partner_row)
    assert (partner["Role"], partner["IsPrimary"]) == ("Reseller", True)
    assert sorted(task["Hub_Alert_Kind__c"] for task in org.tasks()) == [
        "registration_approved", "registration_on_account",
    ]  # fmt: skip
    assert {task["OwnerId"] for task in org.tasks()} == {org.user(ALEX)}

    org.crm.human_edit("Opportunity", opportunity["Id"], {"Amount": 35000, "StageName": "Negotiation/Review"})
    await org.turn()
    await org.do(registration, changing.amend, values={"amount": Money(Decimal(26000), "EUR")})

    [opportunity] = org.rows("Opportunity")
    assert (opportunity["Amount"], opportunity["StageName"]) == (35000, "Negotiation/Review")
    assert opportunity["Partner_Amount__c"] == 26000
    here = await org.opportunity_here()
    assert (here["amount"], here["stage"]) == (Money(Decimal(35000), "EUR"), "Negotiation/Review")

    org.crm.human_edit("Opportunity", opportunity["Id"], {"Amount": None})
    await org.turn()
    assert org.rows("Opportunity")[0]["Amount"] is None
    assert (await org.opportunity_here())["amount"] is None


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_rejection_is_shown_with_its_reason_and_a_task_that_is_done_is_acknowledged(org: Org) -> None:
    registration = await org.submit()
    [task] = org.tasks()

    await org.do(registration, deciding.reject, reason_code="not_viable", text="The project was stopped.")
    org.crm.human_edit("Task", task["Id"], {"Status": "In Progress"})
    await org.turn()
    [before] = await org.all("select status from seller_alert where kind = 'registration_on_account'")
    org.crm.human_edit("Task", task["Id"], {"Status": "Completed"})
    await org.turn()

    [shown] = org.rows("Deal_Registration__c")
    assert (shown["Review_Status__c"], shown["Rejection_Code__c"]) == ("Rejected", "not_viable")
    assert org.rows("Opportunity") == []
    assert before["status"] == "open"
    [seen] = await org.all("select * from seller_alert where kind = 'registration_on_account'")
    assert (seen["status"], seen["acknowledged_by"]) == ("acknowledged", "Alex Executive")
    assert seen["acknowledged_at"] is not None


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_what_happens_twice_or_is_cut_short_changes_nothing(org: Org) -> None:
    registration = await org.submit()
    org.crm.faults.arm("lose_response", match="composite/sobjects", times=3)
    await org.do(registration, deciding.approve)
    await org.turn(3)
    [opportunity] = org.rows("Opportunity")
    org.crm.human_edit("Opportunity", opportunity["Id"], {"Amount": 35000, "CloseDate": "2027-05-31"})
    await org.turn(3)
    before, counted = org.photograph(), await org.counts()
    assert len(before["Opportunity"]) == len(before["Partner"]) == len(before["Deal_Registration__c"]) == 1
    assert len(before["Task"]) == 2

    # Every change is polled and announced again, and every delivery is asked for again.
    for _ in range(2):
        await org.sql("delete from cursor")
        for name in ("Account", "Opportunity", "Deal_Registration__c", "Task"):
            for row in org.rows(name):
                await org.sql(
                    "insert into reread (connection_id, object, remote_id, reason) values (%s, %s, %s, 'webhook')"
                    " on conflict do nothing",
                    org.connection.id, name, row["Id"],
                )  # fmt: skip
        await _asked_again(org)
        await org.turn(3)
    assert (_different(before, org.photograph()), await org.counts()) == ([], counted)

    # A worker died after its writes and before it stored them.
    for name in ("Opportunity", "Task"):
        await org.sql("delete from link where object = %s", name)
        await org.sql(
            "update delivery d set state = 'sending', op = 'create', remote_id = null, lease_owner = 'gone',"
            " lease_until = now() - interval '1 minute', next_attempt_at = now() where object = %s"
            " and id = (select max(id) from delivery o where o.object = d.object and o.record_id = d.record_id)",
            name,
        )
    await org.turn(4)
    # What the hub only writes and never reads is written again, as it was.
    after = org.photograph()
    assert {name: _fields(rows) for name, rows in after.items()} == {n: _fields(rows) for n, rows in before.items()}
    assert await org.counts() == counted


def _different(before: Photograph, after: Photograph) -> list[object]:
    return [
        (name, row_id, old, after[name].get(row_id))
        for name, rows in before.items()
        for row_id, old in rows.items()
        if after[name].get(row_id) != old
    ] + [(name, row_id) for name, rows in after.items() for row_id in rows.keys() - before[name].keys()]


def _fields(rows: dict[str, tuple[int, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    return {row_id: fields for row_id, (_, fields) in rows.items()}


async def _asked_again(org: Org) -> None:
    async with org.app.db.transaction() as tx:
        for sync in org.connection.objects:
            if sync.mapping.outbound:
                found = await tx.all(f"select id from {sync.record_type.name}")
                wanted = [(row["id"], sync.record_type.name) for row in found]
                await deliveries.request(tx, connection_id=org.connection.id, object_name=sync.name, records=wanted)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_what_sellers_do_at_a_protected_customer_is_here_after_one_poll(org: Org) -> None:
    await org.do(await org.submit(), deciding.approve)
    fields = {"Name": "Ours", "StageName": "Prospecting", "CloseDate": "2027-04-30", "AccountId": org.customer_row}
    opened = org.crm.human_create("Opportunity", {**fields, "Amount": 50000, "OwnerId": org.user(ROBIN)})
    org.crm.human_create("Task", {"Subject": "Called", "Status": "Completed", "TaskSubtype": "Call", "WhatId": opened})
    org.crm.human_create("Event", {"Subject": "Visit", "StartDateTime": "2026-11-02T09:00:00Z", "WhatId": opened})
    org.crm.human_edit("Account", org.customer_row, {"Direct_Since__c": "2026-01-01", "OwnerId": org.user(ROBIN)})

    await pull(org.app.db, org.connection, owner="test")

    [direct] = await org.all("select * from opportunity where is_direct")
    assert (direct["name"], direct["owner_email"], direct["is_closed"]) == ("Ours", ROBIN, False)
    [customer] = await org.all("select * from organization where website_domain = 'nordlicht-logistik.de'")
    assert (direct["account"], customer["owner_email"]) == (customer["id"], ROBIN)
    contacts = await org.all("select kind, account, opportunity from activity order by kind")
    assert [(row["kind"], row["account"], row["opportunity"]) for row in contacts] == [
        ("call", customer["id"], direct["id"]),
        ("meeting", customer["id"], direct["id"]),
    ]
    [named] = await org.all("select * from named_account")
    assert (named["organization"], named["reserved_for"]) == (customer["id"], "direct")
