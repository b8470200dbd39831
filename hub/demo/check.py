"""The check at the end: the three sides are compared with each other, not with the engine's own counters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.demo.day import NAMES, Day, Edit
from hub.demo.stage import Stage

Text = str | None


@dataclass(frozen=True, slots=True)
class Column:
    """One value as each side calls it, and how it is written in one common way."""

    hub: str
    salesforce: str
    hubspot: str
    plain: Callable[[Any], Text] = lambda v: None if v in (None, "") else str(v)


def _number(value: Any) -> Text:
    return None if value in (None, "") else str(Decimal(str(value)).normalize())


def _word(value: Any) -> Text:
    return None if value in (None, "") else str(value).lower().replace(" ", "_")


def _host(value: Any) -> Text:
    return None if value in (None, "") else str(value).removeprefix("https://").removeprefix("www.")


def _day(value: Any) -> Text:
    return None if value in (None, "") else str(value)[:10]


def _flag(value: Any) -> Text:
    return None if value in (None, "") else str(value).lower()


_PLAIN = Column("", "", "").plain

# (hub's table, Salesforce object, HubSpot object) and what is compared of it.
COLUMNS: dict[tuple[str, str, str], tuple[Column, ...]] = {
    ("partner", "Account", "companies"): (
        Column("program_number", "Program_Number__c", "program_number"),
        Column("legal_name", "Name", "name"),
        Column("website_domain", "Website", "domain", _host),
        Column("phone", "Phone", "phone"),
        Column("city", "BillingCity", "city"),
        Column("country", "BillingCountryCode", "country_code"),
        Column("annual_revenue", "AnnualRevenue", "annualrevenue", _number),
        Column("annual_revenue_currency", "CurrencyIsoCode", "revenue_currency"),
        Column("employees", "NumberOfEmployees", "numberofemployees", _number),
        Column("tier", "Partner_Tier__c", "partner_tier", _word),
        Column("status", "Partner_Status__c", "partner_status", _word),
        Column("contract_end", "Contract_End__c", "contract_end", _day),
        Column("description", "Description", "description"),
    ),
    ("contact", "Contact", "contacts"): (
        Column("email", "Email", "email"),
        Column("first_name", "FirstName", "firstname"),
        Column("last_name", "LastName", "lastname"),
        Column("job_title", "Title", "jobtitle"),
        Column("email_opt_out", "HasOptedOutOfEmail", "email_opt_out", _flag),
    ),
    ("deal_registration", "Deal_Registration__c", "deals"): (
        Column("partner_reference", "Partner_Reference__c", "partner_reference"),
        Column("name", "Name", "dealname"),
        Column("customer_name", "Customer_Name__c", "customer_name"),
        Column("customer_domain", "Customer_Domain__c", "customer_domain", _host),
        Column("amount", "Amount__c", "partner_amount", _number),
        Column("amount_currency", "CurrencyIsoCode", "partner_currency"),
        Column("close_date", "Close_Date__c", "partner_close_date", _day),
        Column("stage", "Stage__c", "registration_status", _word),
    ),
}

_ROOTS = {"partner": "organization", "contact": "person"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the comparison found. `differences` are sentences; a good day has none."""

    records: dict[str, dict[str, int]]
    links: int
    differences: tuple[str, ...]
    lost_updates: tuple[str, ...]
    duplicates: int
    echo_writes: int
    conflicts_open: int
    dead_letters: int

    @property
    def converged(self) -> bool:
        return not self.differences

    @property
    def good(self) -> bool:
        return self.converged and not self.lost_updates and not self.duplicates and not self.echo_writes


async def compare(stage: Stage, day: Day) -> Verdict:
    """Put the hub, Salesforce and HubSpot side by side, record by record and field by field."""
    sides = {kind: await _sides(stage, kind, columns) for kind, columns in COLUMNS.items()}
    async with stage.app.db.transaction() as tx:
        conflicts = await tx.all("select * from conflict where state = 'open'")
        numbers = await tx.one(
            "select (select count(*) from link where state = 'live') as links,"
            " (select count(*) from delivery where state = 'dead') as dead"
        )
    assert numbers is not None
    open_fields = {(row["record_type"], row["field"]) for row in conflicts}
    differences = [
        sentence for kind, found in sides.items() for sentence in _differences(kind, found, open_fields, day)
    ]
    return Verdict(
        records={kind[0]: {side: len(rows) for side, rows in found.items()} for kind, found in sides.items()},
        links=numbers["links"],
        differences=tuple(differences),
        lost_updates=tuple(_lost(day.edits, sides, conflicts)),
        duplicates=_duplicates(stage),
        echo_writes=sum(crm.idle_writes for crm in stage.crms),
        conflicts_open=len(conflicts),
        dead_letters=numbers["dead"],
    )


Sides = dict[str, dict[str, dict[str, Text]]]


async def _sides(stage: Stage, kind: tuple[str, str, str], columns: tuple[Column, ...]) -> Sides:
    """Side → name of the record → its values in the common form."""
    table, account, company = kind
    root = _ROOTS.get(table)
    join = f" join {root} on {root}.id = {table}.id" if root else ""
    async with stage.app.db.transaction() as tx:
        ours = await tx.all(
            f"select * from {table}{join} where deleted_at is null and merged_into is null"  # noqa: S608 - names above
        )
    left = stage.salesforce.rows(account).values()
    right = stage.hubspot.rows(company).values()
    return {
        "hub": {_name(r, columns[0].hub): {c.hub: c.plain(r.get(c.hub)) for c in columns} for r in ours},
        "salesforce": {
            _name(r, columns[0].salesforce): {c.hub: c.plain(r.get(c.salesforce)) for c in columns} for r in left
        },
        "hubspot": {_name(r, columns[0].hubspot): {c.hub: c.plain(r.get(c.hubspot)) for c in columns} for r in right},
    }


def _name(row: Mapping[str, Any], field: str) -> str:
    return str(row.get(field))


def _differences(kind: tuple[str, str, str], sides: Sides, open_fields: set[tuple[str, str]], day: Day) -> list[str]:
    deleted = {(crm, name) for crm, object_name, name in day.deleted if object_name in kind}
    found = []
    for name in sorted({name for rows in sides.values() for name in rows}):
        missing = [side for side, rows in sides.items() if name not in rows and (side, name) not in deleted]
        found += [f"{kind[0]} {name} is missing in {side}" for side in missing]
        present = {side: rows[name] for side, rows in sides.items() if name in rows}
        for field in next(iter(present.values())):
            values = {side: row[field] for side, row in present.items()}
            if len(set(values.values())) > 1 and (kind[0], field) not in open_fields:
                found.append(f"{kind[0]} {name}: {field} differs: {values}")
    return found


def _lost(edits: list[Edit], sides: dict[tuple[str, str, str], Sides], conflicts: list[Any]) -> list[str]:
    """Edits that are neither everywhere, nor superseded by a later one, nor kept in a conflict."""
    final = {(e.object, e.name, e.field): e for e in edits}
    lost = []
    for edit in final.values():
        kind = next(k for k in COLUMNS if edit.object in k)
        column = next(c for c in COLUMNS[kind] if edit.field in (c.salesforce, c.hubspot))
        wanted = column.plain(edit.value)
        held = {side: rows[edit.name][column.hub] for side, rows in sides[kind].items() if edit.name in rows}
        kept = [c for c in conflicts if c["field"] == column.hub and wanted in (c["ours"], c["theirs"])]
        if any(value != wanted for value in held.values()) and not kept:
            lost.append(f"{edit.crm} set {edit.object} {edit.name} {edit.field} to {edit.value}; now {held}")
    return lost


def _duplicates(stage: Stage) -> int:
    """Records of one name beyond the first, in either CRM."""
    return sum(
        times - 1
        for crm in stage.crms
        for object_name in crm.objects
        for name, times in Counter(_name(row, NAMES[object_name]) for row in crm.rows(object_name).values()).items()
        if times > 1 or name == "None"
    )
