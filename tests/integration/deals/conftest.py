"""Registrations over the real database: partners in good standing, and a desk with the shipped policy."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from hub.db.session import Database
from hub.policy import SHIPPED, load_policy
from hub.record import RECORD_TYPES
from hub.services.deals.candidates import KeyCandidates
from hub.services.deals.desk import Desk
from hub.services.deals.receiving import Sent, read_submission
from hub.services.deals.submitting import submit
from hub.services.deals.viewing import RegistrationView, events, registration_view
from hub.services.records import create_record

SOON = date.today() + timedelta(days=60)  # noqa: DTZ011  # any day ahead


@dataclass
class Office:
    """Submits and looks at registrations."""

    db: Database
    desk: Desk

    async def create(self, record_type: str, **values: Any) -> UUID:
        async with self.db.transaction() as tx:
            return (await create_record(tx, RECORD_TYPES[record_type], values=values, actor="test")).id

    async def partner(self, name: str, *, tier: str = "gold", **values: Any) -> UUID:
        """An active member with a contract; nothing is said of its authorisations."""
        partner = await self.create(
            "partner", legal_name=name, status="active", tier=tier, contract_end=SOON + timedelta(days=900), **values
        )
        program = await self.program()
        await self.create("program_membership", partner=partner, program=program, valid_from=date(2020, 1, 1))
        return partner

    async def program(self) -> UUID:
        async with self.db.transaction() as tx:
            row = await tx.one("select id from program where code = 'reseller'")
        return row["id"] if row else await self.create("program", code="reseller", name="Resellers")

    async def submit(self, partner: UUID, *, actor: str = "key portal", **fields: Any) -> RegistrationView:
        sent = Sent(fields=complete(partner, **fields))
        async with self.db.transaction() as tx:
            submission = read_submission(RECORD_TYPES, sent)
            judged = await submit(tx, self.desk, RECORD_TYPES, sent=submission, actor=actor)
            return await registration_view(tx, judged.deal.id)

    async def act(self, view: RegistrationView, use_case: Any, **said: Any) -> RegistrationView:
        """One use case on a registration, by an approver unless `said` otherwise; the view after it."""
        async with self.db.transaction() as tx:
            await use_case(tx, self.desk, registration_id=view.id, **{"actor": "key approver", **said})
        return await self.view(view.id)

    async def kinds(self, view: RegistrationView) -> list[str]:
        async with self.db.transaction() as tx:
            return [event.kind for event in await events(tx, view.id)]

    async def trusted(self, name: str) -> UUID:
        """A partner whose small deals need no person: authorised, and a CRM was read a moment ago."""
        partner = await self.partner(name)
        line = await self.line("cloud")
        await self.create(
            "partner_authorization", partner=partner, product_line=line, status="granted", valid_from=date(2020, 1, 1)
        )
        return partner

    async def line(self, code: str) -> UUID:
        rows = await self.all("select id from product_line where code = %s", code)
        return rows[0]["id"] if rows else await self.create("product_line", code=code, name=code.title())

    async def crm_was_read(self) -> None:
        async with self.db.transaction() as tx:
            await tx.run("insert into connection (name, system, settings) values ('crm', 'sample', '')")
            await tx.run(
                "insert into run (connection_id, kind, state, finished_at)"
                " select id, 'pull', 'done', now() from connection"
            )

    async def view(self, registration_id: UUID) -> RegistrationView:
        async with self.db.transaction() as tx:
            return await registration_view(tx, registration_id)

    async def all(self, sql: str, *params: object) -> list[dict[str, Any]]:
        async with self.db.transaction() as tx:
            return await tx.all(sql, *params)


def complete(partner: UUID | str, **fields: Any) -> dict[str, Any]:
    """Everything that a registration needs; None takes a field away."""
    said = {
        "name": "Warehouse to the cloud",
        "partner": str(partner),
        "customer_name": "Nordlicht Logistik GmbH",
        "customer_domain": "nordlicht-logistik.de",
        "customer_country": "DE",
        "product_lines": ["cloud"],
        "amount": {"amount": "20000", "currency": "EUR"},
        "close_date": SOON.isoformat(),
        "description": "Move of the warehouse system",
        "contact_name": "Jana Weiss",
        "contact_email": "jana.weiss@nordlicht-logistik.de",
        **fields,
    }
    return {name: value for name, value in said.items() if value is not None}


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    async with Database(database_url) as db:
        yield Office(db, Desk(load_policy(SHIPPED).policy, KeyCandidates()))
