"""What surrounds the claims of an evidence pack: the customer's records, direct sales, suppliers, reservations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.db import deal_history, record_lists, records
from hub.db.session import Tx
from hub.domain.deals.facts import (
    Activity,
    Facts,
    Incumbent,
    Match,
    NamedAccount,
    Opportunity,
    Source,
    Standing,
    Tender,
)
from hub.domain.matching import Verdict
from hub.record.identity import ORGANIZATION
from hub.record.onboard import PARTNER
from hub.record.values import Money, Values
from hub.services.as_of import records_as_of
from hub.services.deals.evidence_pack import AccountView, CopyView, RowView, Since
from hub.services.deals.evidence_since import READ_AT, changes, match_view, opportunity_values, row_since, rows_since

_MOST_CLOSED = 60
_ORDER = {Verdict.SAME: 0, Verdict.FAMILY: 1, Verdict.REVIEW: 2, Verdict.DIFFERENT: 3}
_ACCOUNT = (
    "country", "city", "website_domain", "industry", "employees", "annual_revenue", "owner_name", "owner_email",
    "vat_number", "duns", "lei", "registration_number",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """Lists of an evidence pack, uncut."""

    accounts: tuple[AccountView, ...]
    opportunities: tuple[RowView, ...]
    contacts: tuple[RowView, ...]
    reservations: tuple[RowView, ...]
    tenders: tuple[RowView, ...]
    incumbents: tuple[RowView, ...]
    relation: RowView
    standing: RowView


async def around(tx: Tx, *, then: Facts, now: Facts, decided: datetime) -> Around:
    """Facts of the decision beside those of now; the customer's records as they were when it was decided."""
    matches = {UUID(account.id): account.match for account in (*now.accounts, *then.accounts)}
    names = await _partners(tx, then, now)
    closed = await _closed(tx, matches, names)
    return Around(
        accounts=await _accounts(tx, matches, decided),
        opportunities=rows_since(
            then.opportunities,
            now.opportunities,
            lambda fact: opportunity_values(fact, names),
            elsewhere=closed,
        ),
        contacts=rows_since(then.activities, now.activities, _contact),
        reservations=rows_since(then.named_accounts, now.named_accounts, lambda fact: _reservation(fact, names)),
        tenders=rows_since(then.tenders, now.tenders, _tender),
        incumbents=rows_since(then.incumbents, now.incumbents, lambda fact: _incumbent(fact, names)),
        relation=row_since("relation", {"relation": then.relation}, {"relation": now.relation}),
        standing=row_since("standing", _standing(then.standing), _standing(now.standing)),
    )


async def _accounts(tx: Tx, matches: Mapping[UUID, Match], decided: datetime) -> tuple[AccountView, ...]:
    today = await records.load(tx, ORGANIZATION, matches)
    past = await records_as_of(tx, ORGANIZATION, list(matches), moment=decided)
    copies = await deal_history.copies(tx, matches)
    held = [*(r.values for r in today.values()), *(r.values for r in past.values())]
    parents = await record_lists.titles(tx, ORGANIZATION, [p for v in held if isinstance(p := v["parent"], UUID)])
    views = []
    for account, match in sorted(matches.items(), key=lambda m: (_ORDER[m[1].verdict], -(m[1].score or 0.0))):
        if account not in today:
            continue
        now = today[account].values
        then = past[account].values if account in past else None
        changed = changes(_account(then, parents), _account(now, parents)) if then is not None else ()
        since: Since = "new" if then is None else "changed" if changed else "same"
        shown = _account(then if then is not None else now, parents)
        views.append(
            AccountView(
                id=account,
                name=str(shown.pop("name")),
                parent=shown.pop("parent"),
                values=shown,
                match=match_view(match),
                copies=tuple(CopyView(**row) for row in copies.get(account, ())),
                since=since,
                changes=changed,
            )
        )
    return tuple(views)


def _account(values: Values, parents: Mapping[UUID, str]) -> dict[str, Any]:
    parent = values["parent"]
    return {
        "name": values["legal_name"],
        "parent": parents.get(parent, str(parent)) if isinstance(parent, UUID) else None,
        **{name: values[name] for name in _ACCOUNT},
    }


async def _closed(tx: Tx, matches: Mapping[UUID, Match], names: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Decided opportunities of these customers as they are now: a decision does not rest on them."""
    rows = await deal_history.closed_opportunities(tx, matches, limit=_MOST_CLOSED)
    return {str(row["id"]): _closed_values(row, matches[row["account"]], names) for row in rows}


def _closed_values(row: dict[str, Any], match: Match, names: Mapping[str, str]) -> dict[str, Any]:
    fact = Opportunity(
        id=str(row["id"]),
        match=match,
        name=row["name"],
        owner=row["owner_name"],
        stage=row["stage"],
        amount=Money(row["amount"], row["amount_currency"]) if row["amount"] is not None else None,
        close_date=row["close_date"],
        is_open=False,
        is_direct=row["is_direct"] is not False and row["partner"] is None,
        partner=str(row["partner"]) if row["partner"] else None,
        last_activity=row["last_activity_on"],
        source=Source(system=row["system"] or "hub", id=row["remote_id"] or "", observed_at=row["as_of"]),
    )
    return opportunity_values(fact, names)


def _contact(fact: Activity) -> dict[str, Any]:
    return {
        "kind": fact.kind,
        "happened_at": fact.happened_at,
        "owner": fact.owner,
        "customer": str(fact.match.verdict),
        READ_AT: fact.source.observed_at,
    }


def _reservation(fact: NamedAccount, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "reserved_for": names.get(fact.partner, fact.partner) if fact.partner else fact.reserved_for,
        "product_line": fact.product_line,
        "owner": fact.owner,
        "customer": str(fact.match.verdict),
    }


def _tender(fact: Tender) -> dict[str, Any]:
    return {
        "reference": fact.reference,
        "published_on": fact.published_on,
        "closes_on": fact.closes_on,
        "product_lines": fact.product_lines,
        "customer": str(fact.match.verdict),
    }


def _incumbent(fact: Incumbent, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "supplier": names.get(fact.partner, fact.partner) if fact.partner else "our own sellers",
        "product_line": fact.product_line,
        "until": fact.until,
        "customer": str(fact.match.verdict),
    }


def _standing(standing: Standing) -> dict[str, Any]:
    rights = standing.authorised
    return {
        "status": standing.status,
        "program": standing.program,
        "tier": standing.tier,
        "contract_signed": standing.contract_signed,
        "contract_until": standing.contract_until,
        "certified": standing.certified,
        "authorised": None if rights is None else tuple(_right(r.product_line, r.countries) for r in rights),
        "sanctioned": standing.sanctioned,
        "open_registrations": standing.open_registrations,
    }


def _right(line: str, countries: tuple[str, ...]) -> str:
    return f"{line} in {', '.join(countries)}" if countries else line


async def _partners(tx: Tx, then: Facts, now: Facts) -> dict[str, str]:
    """Names by id of every partner that is spoken of."""
    ids = {fact.partner for facts in (then, now) for fact in facts.opportunities}
    ids |= {fact.partner for facts in (then, now) for fact in facts.named_accounts}
    ids |= {fact.partner for facts in (then, now) for fact in facts.incumbents}
    titles = await record_lists.titles(tx, PARTNER, [UUID(i) for i in ids if i])
    return {str(i): name for i, name in titles.items()}
