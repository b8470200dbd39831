"""Direct sellers see partners' deals inside HubSpot: each deal, note and task once, whatever is replayed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from copy import deepcopy
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from connectors.hubspot import CONNECTOR
from connectors.hubspot.client import HubSpotClient
from connectors.hubspot.sandbox import HubSpotSandbox
from connectors.hubspot.sandbox.associations import USER_DEFINED, Node
from connectors.hubspot.sandbox.schema import OWNERS, PARTNER_PIPELINE, PARTNER_STAGES
from hub.db import connections, cursors, inbox, links, rereads
from hub.db.rereads import WEBHOOK
from hub.db.session import Database
from hub.mapping.load import load_system
from hub.policy import SHIPPED, load_policy
from hub.record import RECORD_TYPES
from hub.record.sell import SELLER_ALERT
from hub.sdk.records import WriteOp, WriteOutcome
from hub.sdk.sandbox import SandboxClock
from hub.sdk.testing import open_sandboxed
from hub.services.counts import Counts
from hub.services.cycle import Halted, pull, push, reread
from hub.services.deals import deciding
from hub.services.deals.candidates import KeyCandidates
from hub.services.deals.desk import Desk
from hub.services.deals.noticing import notice
from hub.services.deals.viewing import RegistrationView
from hub.services.objects import OpenConnection
from hub.services.records import patch_record
from tests.integration.deals.conftest import Office

DANA, OMAR, DESK = OWNERS
_ADDRESS = "https://hub.example/webhooks/hubspot"
_QUIET = ("read", "unchanged", "overlap", "agreed", "out_of_scope", "not_created", "reread", "idle", "waiting")


class Killed(BaseException):
    """The process ends here."""


class Floor:
    """A sales floor: people in HubSpot, partners at the desk, and the hub between them."""

    def __init__(self, office: Office, sandbox: HubSpotSandbox, connection: OpenConnection) -> None:
        self.office, self.sandbox, self.connection = office, sandbox, connection
        self.db = office.db

    async def settle(self) -> None:
        """Let the hub work until nothing moves any more."""
        for _ in range(12):
            moved = await pull(self.db, self.connection, owner="worker")
            moved += await reread(self.db, self.connection)
            await notice(self.db, self.office.desk)
            moved += await self._push()
            due = await self.leases_end()
            for quiet in _QUIET:
                del moved[quiet]
            if not +moved and not due:
                return
        raise AssertionError(f"The hub does not come to rest: {dict(moved)}")

    async def leases_end(self) -> int:
        """Let every waiting time be over, also that of workers that died; how many deliveries are open."""
        async with self.db.transaction() as tx:
            await tx.run("update connection set rest_until = null, probe_until = null")
            return await tx.run(
                "update delivery set next_attempt_at = now(), updated_at = now() - interval '1 hour',"
                " lease_until = null, lease_owner = null where state in ('pending', 'unknown', 'sending')"
            )

    async def _push(self) -> Counts:
        try:
            return await push(self.db, self.connection, owner="worker")
        except Halted as stop:
            return Counts({stop.error.kind: 1})

    async def webhooks(self, *, times: int = 1) -> None:
        """Deliver what HubSpot has to tell, each delivery so often."""
        client = self.connection.connector
        assert isinstance(client, HubSpotClient)
        for request in self.sandbox.take_webhooks(_ADDRESS):
            client.verify_webhook(request)
            for _ in range(times):
                events = client.parse_webhook(request)
                async with self.db.transaction() as tx:
                    await inbox.store(tx, connection_id=self.connection.id, events=events)
                    ids = [(e.object, i) for e in events for i in (e.remote_id, e.merged_into) if i]
                    await rereads.ask(tx, connection_id=self.connection.id, keys=ids, reason=WEBHOOK)
                await reread(self.db, self.connection)

    async def replay_the_log(self) -> None:
        """Every change of the hub is looked at for HubSpot once more."""
        async with self.db.transaction() as tx:
            await cursors.forget(tx, connection_id=self.connection.id, object_name="*", direction="outbound")

    async def record_of(self, object_name: str, remote_id: str) -> UUID:
        async with self.db.transaction() as tx:
            found = await links.records_of(
                tx, connection_id=self.connection.id, objects=[object_name], remote_ids=[remote_id]
            )
        return found[remote_id]

    async def decide(self, view: RegistrationView, act: Any, **said: Any) -> None:
        async with self.db.transaction() as tx:
            await act(tx, self.office.desk, registration_id=view.id, actor="key approver", **said)

    def rows(self, object_name: str) -> dict[str, dict[str, Any]]:
        return self.sandbox.rows(object_name)

    def only(self, object_name: str) -> tuple[str, dict[str, Any]]:
        [found] = self.rows(object_name).items()
        return found

    def partner_deal(self) -> tuple[str, dict[str, Any]]:
        [found] = [(i, row) for i, row in self.rows("deals").items() if row.get("partner_deal_id")]
        return found

    def everything(self) -> Any:
        """All that people can see: records with their values, and every association with its labels."""
        known = {name: self.rows(name) for name in ("companies", "contacts", "deals", "notes", "tasks")}
        return deepcopy((known, self.sandbox.crm.associations._links))


@pytest.fixture
async def floor(database_url: str) -> AsyncIterator[Floor]:
    sandbox = HubSpotSandbox(clock=SandboxClock())
    settings = {"fallback_owner": DESK.email}
    async with Database(database_url) as db, open_sandboxed(CONNECTOR, sandbox, settings=settings) as connector:
        async with db.transaction() as tx:
            stored = await connections.add(
                tx, name="hubspot", system="hubspot", account_id="1", settings=b"-", options={}
            )
        connection = OpenConnection(
            id=stored.id,
            name="hubspot",
            system="hubspot",
            account_id="1",
            connector=connector,
            mappings=load_system(Path("mappings"), "hubspot", RECORD_TYPES),
            grace=timedelta(0),
        )
        yield Floor(Office(db, Desk(load_policy(SHIPPED).policy, KeyCandidates())), sandbox, connection)


class Scene:
    """A customer that Dana looks after, and a partner in good standing, both in HubSpot; one registration."""

    def __init__(self, floor: Floor, customer: str, partner: str, view: RegistrationView, account: UUID) -> None:
        self.floor, self.customer, self.partner, self.view, self.account = floor, customer, partner, view, account

    @classmethod
    async def play(cls, floor: Floor) -> Scene:
        people = floor.sandbox
        customer = people.human_create(
            "companies",
            {"name": "Kunde AG", "domain": "kunde.de", "country_code": "DE", "hubspot_owner_id": DANA.id},
        )
        partner = people.human_create(
            "companies",
            {
                "name": "Alba Systems", "type": "PARTNER", "domain": "alba.de", "country_code": "DE",
                "partner_status": "active", "partner_tier": "gold", "contract_end": "2030-12-31",
            },
        )  # fmt: skip
        people.human_create("contacts", {"lastname": "Weiss", "email": "jana.weiss@kunde.de"})
        await floor.settle()
        firm, account = await floor.record_of("companies", partner), await floor.record_of("customers", customer)
        program = await floor.office.program()
        await floor.office.create("program_membership", partner=firm, program=program, valid_from=date(2020, 1, 1))
        view = await floor.office.submit(
            firm,
            customer=str(account),
            customer_name="Kunde AG",
            customer_domain="kunde.de",
            contact_email="jana.weiss@kunde.de",
        )
        return cls(floor, customer, partner, view, account)


@pytest.fixture
async def scene(floor: Floor) -> Scene:
    return await Scene.play(floor)


async def test_a_registration_is_a_deal_a_note_and_a_task_where_its_seller_works(scene: Scene, floor: Floor) -> None:
    await floor.settle()

    deal, row = floor.partner_deal()
    assert (row["pipeline"], row["dealstage"]) == (PARTNER_PIPELINE, PARTNER_STAGES["in_review"])
    assert (row["registration_status"], row["partner_name"]) == ("in_review", "Alba Systems")
    assert (row["amount"], row["deal_currency_code"], row["partner_amount"]) == ("20000", "EUR", "20000")
    assert row["closedate"].startswith(row["partner_close_date"])
    assert row["hubspot_owner_id"] == DANA.id
    assert row["associations"]["companies"] == scene.customer
    assert row["associations"]["companies:partner"] == scene.partner
    assert "contacts" in row["associations"]
    _, task = floor.only("tasks")
    assert (task["hubspot_owner_id"], task["hs_task_status"]) == (DANA.id, "NOT_STARTED")
    assert task["hs_task_subject"] == "New partner registration on your account: Kunde AG"
    assert task["associations"] == {"companies": scene.customer, "deals": deal}
    _, note = floor.only("notes")
    assert note["associations"] == {"companies": scene.customer, "deals": deal}
    for text in (note["hs_note_body"], task["hs_task_body"]):
        assert row["partner_deal_id"] not in text
        assert task["hub_id"] not in text


async def test_approval_reaches_the_deal_and_its_timeline_and_leaves_the_seller_alone(
    scene: Scene, floor: Floor
) -> None:
    await floor.settle()
    deal, _ = floor.partner_deal()
    typed = {
        "amount": "17500", "dealstage": PARTNER_STAGES["approved"], "closedate": "2027-01-31T00:00:00.000Z",
        "dealname": "Kunde: warehouse", "hubspot_owner_id": OMAR.id,
    }  # fmt: skip
    floor.sandbox.human_edit("deals", deal, typed)

    await floor.decide(scene.view, deciding.approve)
    await floor.settle()

    _, row = floor.partner_deal()
    assert {name: row[name] for name in typed} == typed
    assert (row["registration_status"], row["partner_amount"]) == ("approved", "20000")
    assert row["partner_protection_ends"]
    assert len(floor.rows("notes")) == 2
    after = await floor.office.view(scene.view.id)
    assert (after.name, after.stage) == ("Warehouse to the cloud", "approved")


async def test_rejection_is_told_without_its_rivals(scene: Scene, floor: Floor) -> None:
    await floor.decide(scene.view, deciding.reject, reason_code="duplicate_other_partner", text="Rival Corp was first")
    await floor.settle()

    _, row = floor.partner_deal()
    assert (row["registration_status"], row["dealstage"]) == ("rejected", PARTNER_STAGES["rejected"])
    bodies = [note["hs_note_body"] for note in floor.rows("notes").values()]
    assert any("rejected" in body for body in bodies)
    assert not any("Rival" in body for body in bodies)


async def test_status_typed_over_in_hubspot_decides_nothing(scene: Scene, floor: Floor) -> None:
    await floor.settle()
    deal, _ = floor.partner_deal()
    floor.sandbox.human_edit("deals", deal, {"registration_status": "approved"})

    await floor.settle()

    assert (await floor.office.view(scene.view.id)).review_status == "pending_approval"
    assert floor.partner_deal()[1]["registration_status"] == "in_review"


async def test_whoever_completes_the_task_has_seen_the_alert(scene: Scene, floor: Floor) -> None:
    await floor.settle()
    task, _ = floor.only("tasks")
    for status, known in (("IN_PROGRESS", "open"), ("COMPLETED", "acknowledged"), ("NOT_STARTED", "open")):
        floor.sandbox.human_edit("tasks", task, {"hs_task_status": status})
        await floor.settle()
        [alert] = await floor.office.all("select id, status, acknowledged_at from seller_alert")
        assert (alert["status"], alert["acknowledged_at"] is None) == (known, known == "open")
    async with floor.db.transaction() as tx:
        await patch_record(
            tx, SELLER_ALERT, record_id=alert["id"], values={"status": "acknowledged"}, version=None, actor="key desk"
        )
    await floor.settle()
    assert floor.rows("tasks")[task]["hs_task_status"] == "COMPLETED"


async def test_every_event_told_twice_changes_nothing(scene: Scene, floor: Floor) -> None:
    await floor.settle()
    await floor.decide(scene.view, deciding.approve)
    await floor.settle()
    before = floor.everything()

    await floor.webhooks(times=2)
    await floor.replay_the_log()
    await floor.settle()
    await floor.webhooks(times=2)
    await pull(floor.db, floor.connection, owner="worker", full=True)
    await floor.settle()

    assert floor.everything() == before


async def test_lost_answers_double_nothing(scene: Scene, floor: Floor) -> None:
    for path in ("/deals/batch/upsert", "/notes/batch/upsert", "/tasks/batch/upsert", "/companies/batch/create"):
        floor.sandbox.faults.arm("lose_response", match=path)

    await floor.settle()

    assert floor.sandbox.faults.armed() == []
    assert [len(floor.rows(name)) for name in ("deals", "notes", "tasks")] == [1, 1, 1]
    deal, row = floor.partner_deal()
    assert row["associations"]["companies:partner"] == scene.partner
    assert len(floor.sandbox.crm.associations.of(Node("deals", deal), "companies")) == 2


async def test_workers_killed_after_their_writes_double_nothing_and_overwrite_nothing(
    scene: Scene, floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = floor.connection.connector
    assert isinstance(client, HubSpotClient)
    write, deadly = client.write, ["deals", "notes", "tasks"]

    async def write_and_die(name: str, ops: Sequence[WriteOp]) -> Sequence[WriteOutcome]:
        done = await write(name, ops)
        if name in deadly:
            deadly.remove(name)
            raise Killed
        return done

    monkeypatch.setattr(client, "write", write_and_die)
    while deadly:
        with pytest.raises(Killed):
            await push(floor.db, floor.connection, owner=f"doomed with {len(deadly)} to go")
        if "deals" not in deadly and "amount" not in (typed := floor.partner_deal())[1]["dealname"]:
            floor.sandbox.human_edit("deals", typed[0], {"amount": "17500", "dealname": "another amount"})
        await floor.leases_end()
    await floor.settle()

    assert [len(floor.rows(name)) for name in ("deals", "notes", "tasks")] == [1, 1, 1]
    assert (floor.partner_deal()[1]["amount"], floor.partner_deal()[1]["dealname"]) == ("17500", "another amount")


async def test_a_merged_deal_lives_on_under_its_new_id(scene: Scene, floor: Floor) -> None:
    await floor.settle()
    deal, _ = floor.partner_deal()
    sellers = floor.sandbox.human_create(
        "deals", {"dealname": "Kunde direct", "associations.companies": scene.customer}
    )
    await floor.settle()
    survivor = floor.sandbox.human_merge("deals", deal, sellers)

    await floor.webhooks(times=2)
    await floor.settle()
    await floor.decide(scene.view, deciding.approve)
    await floor.settle()

    found, row = floor.partner_deal()
    assert found == survivor
    assert row["registration_status"] == "approved"
    assert len(floor.rows("deals")) == 1
    assert await floor.record_of("deals", survivor) == scene.view.id
    labels = floor.sandbox.crm.associations.of(Node("deals", survivor), "companies")
    assert labels.keys() == {scene.customer, scene.partner}
    assert any(label[0] == USER_DEFINED for label in labels[scene.partner])
    mirrored = await floor.record_of("direct_deals", survivor)
    assert await floor.office.all("select is_direct from opportunity where id = %s", mirrored) == [{"is_direct": False}]


@pytest.mark.parametrize("way", ["webhook", "poll"])
async def test_a_direct_deal_on_a_protected_company_is_known_at_once(scene: Scene, floor: Floor, way: str) -> None:
    await floor.decide(scene.view, deciding.approve)
    await floor.settle()
    floor.sandbox.take_webhooks(_ADDRESS)
    direct = floor.sandbox.human_create(
        "deals",
        {
            "dealname": "Kunde direct", "pipeline": "default", "dealstage": "qualifiedtobuy", "amount": "50000",
            "deal_currency_code": "EUR", "closedate": "2027-03-01T00:00:00.000Z", "hubspot_owner_id": OMAR.id,
            "notes_last_contacted": "2026-11-20T10:00:00.000Z", "associations.companies": scene.customer,
        },
    )  # fmt: skip

    if way == "webhook":
        await floor.webhooks()
    else:
        await pull(floor.db, floor.connection, owner="worker")

    known = await floor.record_of("direct_deals", direct)
    [row] = await floor.office.all("select * from opportunity where id = %s", known)
    assert (row["account"], row["is_direct"], row["is_closed"]) == (scene.account, True, False)
    assert (row["owner_name"], row["owner_email"]) == ("Omar Reyes", OMAR.email)
    assert (row["stage"], row["close_date"], row["last_activity_on"]) == (
        "qualifiedtobuy", date(2027, 3, 1), date(2026, 11, 20),
    )  # fmt: skip
    await floor.settle()
    told = {t["hubspot_owner_id"]: t for t in floor.rows("tasks").values() if "Direct" in t["hs_task_subject"]}
    assert told.keys() == {OMAR.id, DESK.id}
    registered, _ = floor.partner_deal()
    [task_id] = [i for i, task in floor.rows("tasks").items() if task == told[OMAR.id]]
    on_deals = floor.sandbox.crm.associations.of(Node("tasks", task_id), "deals")
    assert on_deals.keys() == {registered, direct}
