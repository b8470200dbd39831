"""The evidence pack: as of the decision, with what changed since, for those who decide and nobody else."""

import re
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from hub.record import RECORD_TYPES
from hub.services.deals import changing, deciding, evidence, reviewing
from hub.services.deals.evidence import evidence_pack
from hub.services.deals.evidence_pack import EvidencePack
from hub.services.deals.evidence_page import evidence_page
from hub.services.deals.viewing import RegistrationView
from hub.services.records import patch_record
from hub.services.refusals import NotFound
from tests.integration.deals.conftest import Office


async def _pack(office: Office, view: RegistrationView, **said: Any) -> EvidencePack:
    async with office.db.transaction() as tx:
        return await evidence_pack(
            tx, office.desk, registration_id=view.id, **{"actor": "key approver", "form": "json", **said}
        )


async def _patch(office: Office, record_type: str, record_id: UUID, **values: Any) -> None:
    async with office.db.transaction() as tx:
        await patch_record(
            tx, RECORD_TYPES[record_type], record_id=record_id, values=values, version=None, actor="test"
        )


async def _account(office: Office) -> UUID:
    owner = await office.create("organization", legal_name="Nordlicht Holding SE")
    return await office.create(
        "organization",
        legal_name="Nordlicht Logistik GmbH",
        website_domain="nordlicht-logistik.de",
        country="DE",
        industry="Logistics",
        owner_name="Petra Sommer",
        parent=owner,
    )


def _changes(row: Any) -> dict[str, tuple[Any, Any]]:
    return {c.field: (c.then, c.now) for c in row.changes}


async def test_both_claims_stand_side_by_side_with_why_they_match(office: Office) -> None:
    first = await office.act(await office.submit(await office.partner("Brio Systems")), deciding.approve)
    second = await office.submit(await office.partner("Alba"), amount={"amount": "21473", "currency": "EUR"})

    pack = await _pack(office, second)

    mine, rival = pack.claims
    assert (mine.partner, rival.partner) == ("Alba", "Brio Systems")
    assert (mine.values["status"], rival.values["status"]) == ("conflict_review", "approved")
    assert (rival.counterpart, rival.prior, rival.shared_lines) == (True, True, ("cloud",))
    for name in ("submitted_at", "complete_at", "eligible_at", "place", "close_date", "amount"):
        assert mine.values[name] is not None
        assert rival.values[name] is not None
    assert rival.values["protected_until"] is not None
    assert rival.customer is not None
    assert rival.customer.verdict == "same"
    assert {"domain", "name"} <= {feature.feature for feature in rival.customer.features}
    assert rival.opportunity is not None
    assert {"scope", "amount", "close_date"} <= {feature.feature for feature in rival.opportunity.features}
    assert "duplicate_other_partner" in {rule.rule for rule in pack.rules}
    assert pack.may_not_decide == ("key portal",)
    assert str(first.id) == rival.id


async def test_what_changed_since_the_decision_is_marked_beside_what_it_rested_on(office: Office) -> None:
    account = await _account(office)
    deal = await office.create(
        "opportunity", name="Platform", account=account, stage="Negotiation", owner_name="Petra Sommer", is_direct=True,
        last_activity_on=date(2026, 11, 1),
    )  # fmt: skip
    await office.create("opportunity", name="Old one", account=account, stage="Won", is_closed=True, is_won=True)
    partner, rival = await office.partner("Alba"), await office.partner("Brio")
    first = await office.submit(rival)
    view = await office.submit(partner)

    await _patch(office, "opportunity", deal, stage="Closed Lost", is_closed=True)
    await _patch(office, "organization", account, owner_name="Jan Winter")
    await _patch(office, "partner", partner, status="suspended")
    await office.create("opportunity", name="New one", account=account, stage="Qualify", is_direct=True)
    await office.create("deal_evidence", deal=view.id, name="Late letter", kind="mail", dated_on=date(2026, 11, 2))
    await office.act(first, changing.end, how="withdraw")
    await office.submit(await office.partner("Ceto"))

    pack = await _pack(office, view)

    by_name = {row.values["name"]: row for row in pack.opportunities}
    assert (by_name["Platform"].values["stage"], by_name["Platform"].since) == ("Negotiation", "changed")
    assert _changes(by_name["Platform"]) == {"stage": ("Negotiation", "Closed Lost"), "open": (True, False)}
    assert (by_name["New one"].since, by_name["Old one"].since) == ("new", "unrecorded")
    known = next(a for a in pack.accounts if a.id == account)
    assert (known.values["owner_name"], known.parent) == ("Petra Sommer", "Nordlicht Holding SE")
    assert _changes(known) == {"owner_name": ("Petra Sommer", "Jan Winter")}
    assert (pack.standing.values["status"], _changes(pack.standing)["status"]) == ("active", ("active", "suspended"))
    assert [(p.name, p.dated_on, p.since) for p in pack.proofs] == [("Late letter", date(2026, 11, 2), "new")]
    rivals = {claim.partner: claim for claim in pack.claims[1:]}
    assert (rivals["Brio"].since, _changes(rivals["Brio"])["status"]) == ("changed", ("conflict_review", "withdrawn"))
    assert rivals["Ceto"].since == "new"
    assert [(p.partner, p.kind) for p in pack.previous] == [("Brio", "withdraw")]


async def test_an_earlier_decision_is_shown_by_its_own_facts(office: Office) -> None:
    view = await office.submit(await office.partner("Alba"))
    await office.crm_was_read()
    await office.act(view, reviewing.review)

    last = await _pack(office, view)
    earlier = await _pack(office, view, decision_id=last.decisions[-1].id)

    assert ([s.then for s in last.sources], [s.system for s in earlier.sources]) != ([None], [])
    assert earlier.sources[0].then is None
    assert earlier.sources[0].now is not None
    assert [d.step for d in last.decisions] == ["review", "queue"]
    with pytest.raises(NotFound, match="no decision"):
        await _pack(office, view, decision_id=0)


async def test_what_is_too_much_is_cut_and_said(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "MOST", {**evidence.MOST, "opportunities": 2})
    account = await _account(office)
    for n in range(5):
        await office.create("opportunity", name=f"Deal {n}", account=account, stage="Open", is_direct=True)

    pack = await _pack(office, await office.submit(await office.partner("Alba")))

    assert (len(pack.opportunities), pack.left_out) == (2, {"opportunities": 3})
    assert "3 more are not listed here." in evidence_page(pack)


async def test_the_page_escapes_everything_needs_nothing_and_names_its_headings(office: Office) -> None:
    partner = await office.partner("<script>alert(1)</script>")
    await office.submit(await office.partner("Brio & Söhne"))
    view = await office.submit(partner, name='"><img src=x onerror=alert(2)>', description="</style><b>x")

    html = evidence_page(await _pack(office, view, form="html"))

    assert "<script" not in html
    assert "<img" not in html
    assert "Brio &amp; Söhne" in html
    assert not re.findall(r"(?:src|href|url)\s*[=(]", html.replace("src=x onerror", ""))
    assert '<html lang="en">' in html
    assert html.count("<h1>") == 1
    assert "never hand it to a partner" in html
    assert 'scope="col"' in html
    assert 'scope="row"' in html


async def test_that_it_was_opened_is_in_the_audit_trail(office: Office) -> None:
    view = await office.submit(await office.partner("Alba"))
    await _pack(office, view, form="html")

    [row] = await office.all("select actor, subject, detail from audit where action = 'deal_evidence_opened'")

    assert (row["actor"], row["subject"], row["detail"]["form"]) == ("key approver", str(view.id), "html")


async def test_opening_it_stores_no_decision_and_waits_for_nobody(office: Office) -> None:
    view = await office.submit(await office.partner("Alba"))
    async with office.db.transaction() as tx:
        await tx.run("select from deal_registration where id = %s for update", view.id)
        await _pack(office, view)

    [row] = await office.all("select count(*) as n from deal_decision")
    assert row["n"] == 1
