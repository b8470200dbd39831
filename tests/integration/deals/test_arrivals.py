"""Registrations that come in by a system: judged once after their page, and led through their review afterwards."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from hub.db import connections, links
from hub.mapping.load import load_mapping
from hub.record import RECORD_TYPES
from hub.sdk.sample import CONNECTOR
from hub.sdk.sample.sandbox import SampleSandbox
from hub.sdk.sandbox import SandboxClock
from hub.sdk.testing import open_sandboxed
from hub.services.cycle import pull, push, reread
from hub.services.deals import deciding, submitting
from hub.services.deals.arriving import take_in_arrivals
from hub.services.deals.drafting import store_draft
from hub.services.deals.receiving import Sent, read_submission
from hub.services.deals.viewing import RegistrationView, events, list_arrivals
from hub.services.deciding import Decision, resolve_conflict
from hub.services.objects import OpenConnection, Registrations
from hub.services.refusals import NotNow
from tests.integration.deals.conftest import SOON, Office, complete

PARTNERS = """
version: 1
object: prospects
record: partner
key: {field: hub_id}
fields:
  legal_name: {remote: name, required: true}
"""
DEALS = """
version: 1
object: partners
record: deal_registration
key: {field: hub_id}
match: [{on: [partner, partner_reference]}]
fields:
  name: {remote: name, required: true}
  partner: {remote: parent, lens: {link: partner}}
  partner_reference: {remote: reference}
  customer_name: {remote: customer}
  customer_domain: {remote: website}
  customer_country: {remote: country}
  product_lines: {remote: lines, lens: {split: ";"}}
  amount: {remote: amount, lens: {money: currency}}
  close_date: {remote: closes, lens: date}
  value_add: {remote: value}
  description: {remote: about}
  contact_name: {remote: contact}
  contact_email: {remote: mail}
  stage: {remote: stage}
  submitted_at: {remote: handed_in, lens: datetime}
"""
_TEXTS = (
    "reference",
    "customer",
    "country",
    "lines",
    "currency",
    "closes",
    "about",
    "contact",
    "mail",
    "stage",
    "value",
    "handed_in",
)


@dataclass
class Crm:
    """A system in which partner managers keep registrations, and the hub beside it."""

    office: Office
    sandbox: SampleSandbox
    connection: OpenConnection

    def partner(self, name: str) -> str:
        return self.sandbox.human_create("prospects", {"name": name})

    def register(self, partner: str | None, **fields: Any) -> str:
        said = {
            "name": "Warehouse to the cloud",
            "parent": partner,
            "customer": "Nordlicht Logistik GmbH",
            "website": "nordlicht-logistik.de",
            "country": "DE",
            "lines": "cloud",
            "amount": 20000,
            "currency": "EUR",
            "closes": SOON.isoformat(),
            "about": "Move of the warehouse system",
            "contact": "Jana Weiss",
            "mail": "jana.weiss@nordlicht-logistik.de",
            "stage": "submitted",
            **fields,
        }
        return self.sandbox.human_create("partners", {k: v for k, v in said.items() if v is not None})

    def edit(self, remote_id: str, **fields: Any) -> None:
        self.sandbox.human_edit("partners", remote_id, fields)

    def row(self, remote_id: str) -> dict[str, Any]:
        return self.sandbox.rows("partners")[remote_id]

    async def sync(self) -> dict[str, int]:
        """One turn: read, judge what came in, deliver. Returns what became of registrations."""
        db = self.office.db
        await pull(db, self.connection, owner="test")
        await reread(db, self.connection)
        counts = await take_in_arrivals(db, self.office.desk)
        await push(db, self.connection, owner="test")
        return dict(counts)

    async def id_of(self, remote_id: str) -> UUID:
        async with self.office.db.transaction() as tx:
            found = await links.records_of(
                tx, connection_id=self.connection.id, objects=["partners"], remote_ids=[remote_id]
            )
        return found[remote_id]

    async def view(self, remote_id: str) -> RegistrationView:
        return await self.office.view(await self.id_of(remote_id))

    async def kinds(self, remote_id: str) -> list[str]:
        async with self.office.db.transaction() as tx:
            return [event.kind for event in await events(tx, await self.id_of(remote_id))]

    async def open_conflicts(self) -> list[dict[str, Any]]:
        return await self.office.all("select id, field, theirs from conflict where state = 'open' order by id")


@pytest.fixture
async def crm(office: Office) -> AsyncIterator[Crm]:
    async for built in _crm(office, "judge"):
        yield built


async def _crm(office: Office, registrations: Registrations) -> AsyncIterator[Crm]:
    sandbox = SampleSandbox(seed=1, clock=SandboxClock())
    sandbox.records.schema["partners"] |= {name: {"type": "text"} for name in _TEXTS}
    sandbox.records.schema["partners"]["amount"] = {"type": "number"}
    sandbox.records.schema["partners"]["parent"] = {"type": "reference", "references": ["prospects"]}
    async with open_sandboxed(CONNECTOR, sandbox) as connector:
        async with office.db.transaction() as tx:
            stored = await connections.add(tx, name="crm", system="sample", account_id="crm", settings=b"-", options={})
        mappings = [load_mapping(text, record_types=RECORD_TYPES, system="sample") for text in (PARTNERS, DEALS)]
        connection = OpenConnection(
            id=stored.id,
            name="crm",
            system="sample",
            account_id="crm",
            connector=connector,
            mappings={mapping.object: mapping for mapping in mappings},
            registrations=registrations,
        )
        yield Crm(office, sandbox, connection)


async def test_what_a_system_brings_is_judged_once_like_any_other(crm: Crm) -> None:
    partner = crm.partner("Alba")
    first = crm.register(partner)

    assert await crm.sync() == {"judged": 1}
    assert await crm.sync() == {}

    view = await crm.view(first)
    assert view.review_status == "rejected"  # a partner without programme and contract
    assert {o["rule"] for o in view.outcomes if o["outcome"] == "block"} >= {"in_program", "contract_valid"}
    assert crm.row(first)["stage"] == "rejected"
    assert await crm.kinds(first) == ["submit", "screen", "reject"]
    [row] = await crm.office.all("select channel, submitted_at is not null as told from deal_registration")
    assert (row["channel"], row["told"]) == ("crm", True)


async def _in_standing(crm: Crm, *names: str) -> list[str]:
    """Partners in good standing, which the system knows too; its first read is done."""
    found = []
    for name in names:
        partner = await crm.office.partner(name)
        await crm.sync()
        await crm.sync()
        [row] = await crm.office.all("select remote_id from link where record_id = %s", partner)
        found.append(row["remote_id"])
    return found


async def test_two_partners_registrations_in_one_page_are_judged_against_each_other(crm: Crm) -> None:
    alba, brio = await _in_standing(crm, "Alba", "Brio")
    first, second = crm.register(alba), crm.register(brio)

    assert await crm.sync() == {"judged": 2}

    views = sorted([await crm.view(first), await crm.view(second)], key=lambda v: v.place or 0)
    assert [v.review_status for v in views] == ["pending_approval", "conflict_review"]
    assert [v.place for v in views] == sorted(v.place or 0 for v in views)


async def test_workers_at_once_judge_each_registration_once(crm: Crm) -> None:
    partners = await _in_standing(crm, "Alba", "Brio")
    remote = [crm.register(partners[n % 2], name=f"Deal {n}", reference=f"R-{n}") for n in range(8)]
    await pull(crm.office.db, crm.connection, owner="test")

    counts = await asyncio.gather(*(take_in_arrivals(crm.office.db, crm.office.desk) for _ in range(4)))

    assert sum(c["judged"] for c in counts) == 8
    for remote_id in remote:
        assert (await crm.kinds(remote_id)).count("submit") == 1
    decided = await crm.office.all("select registration_id from deal_decision")
    assert len(decided) == len({row["registration_id"] for row in decided}) == 8


async def test_a_draft_waits_until_its_stage_hands_it_in(crm: Crm) -> None:
    [alba] = await _in_standing(crm, "Alba")
    remote_id = crm.register(alba, stage="draft")
    assert await crm.sync() == {"drafts": 1}

    crm.edit(remote_id, stage="submitted")
    assert await crm.sync() == {"judged": 1}

    assert (await crm.view(remote_id)).review_status == "pending_approval"


async def test_a_draft_of_the_hub_is_handed_in_by_its_stage_too(crm: Crm) -> None:
    await _in_standing(crm, "Alba")
    [row] = await crm.office.all("select record_id from link where object = 'prospects'")
    sent = read_submission(RECORD_TYPES, Sent(fields=complete(row["record_id"])))
    async with crm.office.db.transaction() as tx:
        draft = await store_draft(tx, crm.office.desk, RECORD_TYPES, sent=sent, actor="key portal")
    await crm.sync()
    [there] = await crm.office.all("select remote_id from link where record_id = %s", draft)

    crm.edit(there["remote_id"], stage="submitted")
    assert await crm.sync() == {"judged": 1}

    view = await crm.office.view(draft)
    assert (view.review_status, view.stage) == ("pending_approval", "in_review")
    assert crm.row(there["remote_id"])["stage"] == "in_review"


async def test_one_without_a_partner_waits_with_a_reason_until_it_has_one(crm: Crm) -> None:
    [alba] = await _in_standing(crm, "Alba")
    remote_id = crm.register(None)
    assert await crm.sync() == {"refused": 1}
    async with crm.office.db.transaction() as tx:
        [waiting] = await list_arrivals(tx, limit=10)
    assert (waiting.connection, waiting.problem) == ("crm", "partner: is missing: a registration is somebody's")

    crm.edit(remote_id, parent=alba)

    assert await crm.sync() == {"judged": 1}


async def test_what_was_decided_before_the_first_read_is_taken_over_and_is_a_rival(crm: Crm) -> None:
    """Both come in the first read; the one that is to be judged finds the one that was approved before."""
    alba, brio = crm.partner("Alba"), crm.partner("Brio")
    late = crm.register(brio)
    early = crm.register(alba, stage="approved", handed_in="2026-11-02T08:00:00Z")

    assert await crm.sync() == {"taken_over": 1, "judged": 1}

    view = await crm.view(early)
    assert (view.review_status, view.stage, view.place) == ("approved", "approved", 1)
    assert view.protection_ends is not None
    assert await crm.kinds(early) == ["taken_over"]
    rivals = [o for o in (await crm.view(late)).outcomes if o["rule"] == "duplicate_other_partner"]
    assert rivals[0]["counterparts"] == (str(view.id),)


async def test_nobody_approves_by_making_an_approved_one_in_the_system(crm: Crm) -> None:
    [alba] = await _in_standing(crm, "Alba")
    remote_id = crm.register(alba, stage="approved")

    assert await crm.sync() == {"judged": 1}

    assert (await crm.view(remote_id)).review_status == "pending_approval"
    assert crm.row(remote_id)["stage"] == "in_review"


async def test_a_connection_may_leave_registrations_alone(office: Office) -> None:
    async for crm in _crm(office, "leave"):
        crm.register(crm.partner("Alba"))
        assert await crm.sync() == {}
        assert await office.all("select 1 from deal_review") == []


async def test_a_stage_set_there_decides_nothing_is_set_back_and_told(crm: Crm) -> None:
    [alba] = await _in_standing(crm, "Alba")
    remote_id = crm.register(alba)
    await crm.sync()

    crm.edit(remote_id, stage="approved")
    await crm.sync()

    assert (await crm.view(remote_id)).review_status == "pending_approval"
    assert crm.row(remote_id)["stage"] == "in_review"
    assert (await crm.kinds(remote_id))[-1] == "stage_asked_for"
    assert await crm.open_conflicts() == []


async def test_a_deal_that_is_won_there_is_won(crm: Crm) -> None:
    [alba] = await _in_standing(crm, "Alba")
    remote_id = crm.register(alba)
    await crm.sync()
    await _approve(crm, remote_id)
    await crm.sync()

    crm.edit(remote_id, stage="won")
    await crm.sync()

    assert (await crm.view(remote_id)).review_status == "won"
    assert crm.row(remote_id)["stage"] == "won"


async def _approve(crm: Crm, remote_id: str) -> None:
    async with crm.office.db.transaction() as tx:
        await deciding.approve(tx, crm.office.desk, registration_id=await crm.id_of(remote_id), actor="key approver")


async def test_an_edit_of_what_was_asked_for_is_the_answer_and_others_wait(crm: Crm) -> None:
    [alba] = await _in_standing(crm, "Alba")
    remote_id = crm.register(alba, about=None)
    await crm.sync()
    assert (await crm.view(remote_id)).asked == ("description",)

    crm.edit(remote_id, about="Move to the cloud", value="Migration")
    await crm.sync()
    await crm.sync()

    assert (await crm.view(remote_id)).review_status == "pending_approval"
    assert [c["field"] for c in await crm.open_conflicts()] == ["value_add"]
    assert crm.row(remote_id)["value"] == "Migration"  # kept on both sides until somebody decides


async def test_an_edit_of_a_protected_one_is_an_amendment_and_is_judged(crm: Crm) -> None:
    [alba] = await _in_standing(crm, "Alba")
    remote_id = crm.register(alba)
    await crm.sync()
    await _approve(crm, remote_id)

    crm.edit(remote_id, value="Migration")
    await crm.sync()
    await crm.sync()

    assert (await crm.view(remote_id)).review_status == "amended"
    assert await crm.open_conflicts() == []
    [row] = await crm.office.all("select value_add from deal_registration")
    assert row["value_add"] == "Migration"


async def test_an_edit_under_review_is_a_conflict_that_becomes_the_answer_when_it_is_asked_for(crm: Crm) -> None:
    [alba] = await _in_standing(crm, "Alba")
    remote_id = crm.register(alba)
    await crm.sync()
    crm.edit(remote_id, lines="cloud;security")
    await crm.sync()
    [conflict] = await crm.open_conflicts()
    assert (conflict["field"], conflict["theirs"]) == ("product_lines", ["cloud", "security"])

    with pytest.raises(NotNow, match="ask the partner"):
        async with crm.office.db.transaction() as tx:
            await resolve_conflict(
                tx, RECORD_TYPES, conflict_id=conflict["id"], decision=Decision("theirs"), actor="key approver"
            )
    async with crm.office.db.transaction() as tx:
        await submitting.ask_info(
            tx,
            crm.office.desk,
            registration_id=await crm.id_of(remote_id),
            fields=["product_lines"],
            note=None,
            actor="key approver",
        )
    await crm.sync()
    await crm.sync()

    [row] = await crm.office.all("select product_lines from deal_registration")
    assert sorted(row["product_lines"]) == ["cloud", "security"]
    assert await crm.open_conflicts() == []
    [claim] = await crm.office.all("select product_lines from deal_claim")
    assert sorted(claim["product_lines"]) == ["cloud", "security"]


async def test_an_error_puts_one_registration_off_and_loses_none(crm: Crm, monkeypatch: pytest.MonkeyPatch) -> None:
    [alba] = await _in_standing(crm, "Alba")
    crm.register(alba)
    await pull(crm.office.db, crm.connection, owner="test")

    with monkeypatch.context() as broken:
        broken.setattr("hub.services.deals.arriving.screen", _breaks)
        with pytest.raises(ZeroDivisionError):
            await take_in_arrivals(crm.office.db, crm.office.desk)
    assert await crm.office.all("select 1 from deal_review") == []
    async with crm.office.db.transaction() as tx:
        await tx.run("update deal_arrival set next_at = now()")

    assert dict(await take_in_arrivals(crm.office.db, crm.office.desk)) == {"judged": 1}


async def _breaks(*_: Any, **__: Any) -> None:
    raise ZeroDivisionError
