"""A registration's way: screened, asked, approved by one or two, extended, appealed, expired; all of it recorded."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import psycopg
import pytest

from hub.domain.deals.engine import evaluate
from hub.domain.deals.facts import Facts
from hub.domain.deals.outcomes import Decision
from hub.policy import SHIPPED, load_policy
from hub.record import RECORD_TYPES
from hub.services.deals import changing, deciding, submitting
from hub.services.deals.expiring import end_protections
from hub.services.deals.receiving import Sent, read_submission
from hub.services.deals.replaying import replay
from hub.services.deals.submitting import Submission, submit
from hub.services.deals.viewing import RegistrationView, events, partner_view
from hub.services.refusals import Duplicate, Invalid, NotNow
from tests.integration.deals.conftest import Office, complete


async def _do(office: Office, view: RegistrationView, act: Any, **said: Any) -> RegistrationView:
    async with office.db.transaction() as tx:
        await act(tx, office.desk, registration_id=view.id, **{"actor": "key approver", **said})
    return await office.view(view.id)


async def _kinds(office: Office, view: RegistrationView) -> list[str]:
    async with office.db.transaction() as tx:
        return [event.kind for event in await events(tx, view.id)]


async def test_without_a_fresh_crm_a_person_approves_and_the_deal_is_protected(office: Office) -> None:
    view = await office.submit(await office.partner("Alba"))
    assert (view.review_status, view.stage, view.sync_state) == ("pending_approval", "in_review", "not_sent")
    assert [o["rule"] for o in view.outcomes] == ["authorised", "stale_crm_guard"]
    assert view.due_at is not None

    done = await _do(office, view, deciding.approve)

    assert (done.review_status, done.stage, done.due_at) == ("approved", "approved", None)
    assert done.protection_ends is not None
    assert 89 <= (done.protection_ends - datetime.now(UTC).date()).days <= 91
    assert await _kinds(office, view) == ["submit", "screen", "queue", "approve"]


async def test_what_the_rules_were_told_is_kept_and_gives_the_same_decision_again(office: Office) -> None:
    await office.submit(await office.partner("Alba"))

    [row] = await office.all("select facts::text, decision::text from deal_decision")

    facts = msgspec.json.decode(row["facts"], type=Facts)
    assert evaluate(office.desk.policy, facts) == msgspec.json.decode(row["decision"], type=Decision)


async def test_only_what_was_asked_for_can_be_answered_and_the_clock_stands_meanwhile(office: Office) -> None:
    partner = await office.partner("Alba")
    view = await office.submit(partner, description=None)
    assert (view.review_status, view.asked, view.due_at, view.place) == ("needs_info", ("description",), None, None)
    wrong = read_submission(RECORD_TYPES, Sent(fields={"description": "Cloud", "amount": None}))
    right = read_submission(RECORD_TYPES, Sent(fields={"description": "Cloud"}))

    with pytest.raises(NotNow, match="not among them: amount"):
        await _do(office, view, submitting.answer_info, sent=wrong, actor="key portal")
    answered = await _do(office, view, submitting.answer_info, sent=right, actor="key portal")

    assert (answered.review_status, answered.asked) == ("pending_approval", ())
    assert answered.due_at is not None
    assert answered.place is not None


async def test_who_was_complete_first_is_first_though_submitted_later(office: Office) -> None:
    early = await office.submit(await office.partner("Alba"), description=None)
    late = await office.submit(await office.partner("Brio"))
    assert late.review_status == "pending_approval"

    sent = read_submission(RECORD_TYPES, Sent(fields={"description": "Cloud"}))
    answered = await _do(office, early, submitting.answer_info, sent=sent, actor="key portal")

    assert answered.review_status == "conflict_review"
    assert set(answered.frozen_by) == {early.id}


async def test_a_conflict_review_freezes_both_until_it_is_decided(office: Office) -> None:
    first = await _do(office, await office.submit(await office.partner("Alba")), deciding.approve)
    second = await office.submit(await office.partner("Brio"))
    assert second.review_status == "conflict_review"

    with pytest.raises(NotNow, match="frozen"):
        await _do(office, first, changing.amend, values={"value_add": "Migration"})
    rejected = await _do(office, second, deciding.reject, reason_code="duplicate_other_partner", text=None)
    amended = await _do(office, first, changing.amend, values={"value_add": "Migration"})

    assert (rejected.review_status, rejected.rejection_code) == ("rejected", "duplicate_other_partner")
    assert (amended.review_status, amended.frozen_by) == ("amended", ())


async def test_a_partner_never_reads_of_its_rival(office: Office) -> None:
    rival = await office.partner("Brio Systems")
    await office.submit(rival, amount={"amount": "21473", "currency": "EUR"}, contact_name="Ole Brandt")
    view = await office.submit(await office.partner("Alba"))

    async with office.db.transaction() as tx:
        shown = str(await partner_view(tx, view.id))

    assert view.review_status == "conflict_review"
    assert "earlier registration covers Nordlicht" in shown
    for secret in ("Brio", "21473", "Brandt", str(rival)):
        assert secret not in shown
    assert "Brio Systems" in str(view.outcomes)


async def test_a_large_deal_needs_two_people_and_neither_may_be_the_submitter(office: Office) -> None:
    view = await office.submit(await office.partner("Alba"), amount={"amount": "300000", "currency": "EUR"})
    assert view.approvals == 2

    with pytest.raises(NotNow, match="has an interest"):
        await _do(office, view, deciding.approve, actor="key portal")
    half = await _do(office, view, deciding.approve, actor="key one")
    with pytest.raises(NotNow, match="approved already"):
        await _do(office, view, deciding.approve, actor="key one")
    done = await _do(office, view, deciding.approve, actor="key two")

    assert (half.review_status, half.approved_by) == ("pending_approval", ("key one",))
    assert (done.review_status, done.approved_by) == ("approved", ("key one", "key two"))


async def test_direct_sales_are_seen_and_their_owner_does_not_decide(office: Office) -> None:
    account = await office.create(
        "organization", legal_name="Nordlicht Logistik GmbH", website_domain="nordlicht-logistik.de", country="DE"
    )
    await office.create(
        "opportunity", name="Platform", account=account, stage="Negotiation", owner_name="Petra Sommer", is_direct=True
    )
    view = await office.submit(await office.partner("Alba"), value_add="Migration")

    assert "teaming" in {o["outcome"] for o in view.outcomes if o["rule"] == "direct_open_opportunity"}
    with pytest.raises(NotNow, match="has an interest"):
        await _do(office, view, deciding.approve, actor="key Petra Sommer", teaming=True)
    done = await _do(office, view, deciding.approve, teaming=True)
    assert done.review_status == "approved_teaming"


async def test_one_appeal_with_new_evidence(office: Office) -> None:
    view = await office.submit(await office.partner("Alba"))
    await _do(office, view, deciding.reject, reason_code="not_substantiated", text=None)

    with pytest.raises(NotNow, match="evidence"):
        await _do(office, view, changing.appeal, evidence=[], text="Look again")
    proof = {"name": "Letter", "kind": "mail"}
    appealed = await _do(office, view, changing.appeal, evidence=[proof], text="Look again", actor="key portal")
    await _do(office, view, deciding.reject, reason_code="not_substantiated", text=None)

    assert appealed.review_status == "appealed"
    with pytest.raises(NotNow, match="one for each"):
        await _do(office, view, changing.appeal, evidence=[proof], text="Again", actor="key portal")


async def test_a_reason_is_compulsory_and_so_is_a_text_with_other(office: Office) -> None:
    view = await office.submit(await office.partner("Alba"))

    with pytest.raises(Invalid, match="must be one of"):
        await _do(office, view, deciding.reject, reason_code="because", text=None)
    with pytest.raises(NotNow, match="needs a text"):
        await _do(office, view, deciding.reject, reason_code="other", text=None)


async def test_a_protection_is_reminded_of_once_each_extended_in_time_and_ends(office: Office) -> None:
    view = await _do(office, await office.submit(await office.partner("Alba")), deciding.approve)
    today = datetime.now(UTC).date()

    assert await _ending_on(office, view, today + timedelta(days=20)) == {"expired": 0, "reminded": 1}
    assert await end_protections(office.db, office.desk) == {"expired": 0, "reminded": 0}
    assert await _ending_on(office, view, today + timedelta(days=5)) == {"expired": 0, "reminded": 1}
    extended = await _do(office, view, changing.extend)
    assert (extended.review_status, extended.protection_ends) == ("extended", today + timedelta(days=65))
    assert await _ending_on(office, view, today - timedelta(days=2)) == {"expired": 1, "reminded": 0}
    assert await end_protections(office.db, office.desk) == {"expired": 0, "reminded": 0}

    ended = await office.view(view.id)
    assert (ended.review_status, ended.stage) == ("expired", "expired")
    kinds = await _kinds(office, view)
    assert kinds[-4:] == ["reminded_30_days", "reminded_7_days", "extend", "expire"]
    with pytest.raises(NotNow, match="that is expired cannot"):
        await _do(office, view, changing.extend)


async def _ending_on(office: Office, view: RegistrationView, day: date) -> dict[str, int]:
    async with office.db.transaction() as tx:
        await tx.run("update deal_registration set protection_ends = %s where id = %s", day, view.id)
    return await end_protections(office.db, office.desk)


async def test_events_and_decisions_cannot_be_changed(office: Office) -> None:
    view = await office.submit(await office.partner("Alba"))

    for statement in (
        "update deal_event set actor = 'nobody' where deal = %s",
        "delete from deal_event where deal = %s",
        "update deal_decision set verdict = 'pass' where registration_id = %s",
        "delete from deal_decision where registration_id = %s",
    ):
        with pytest.raises(psycopg.errors.CheckViolation, match="never changed"):
            await office.all(statement, view.id)


async def test_a_partners_reference_is_used_once_and_the_hubs_fields_are_not_submitted(office: Office) -> None:
    partner = await office.partner("Alba")
    await office.submit(partner, partner_reference="A-1")

    with pytest.raises(Duplicate):
        await office.submit(partner, partner_reference="A-1")
    with pytest.raises(Invalid, match="eligible_at"):
        await office.submit(partner, eligible_at="2020-01-01T00:00:00Z")


async def test_everything_is_audited_and_in_the_change_log(office: Office) -> None:
    view = await _do(office, await office.submit(await office.partner("Alba")), deciding.approve)

    audited = await office.all("select detail from audit where subject = %s order by id", str(view.id))
    logged = await office.all("select op from change where record_id = %s order by id", view.id)

    assert [entry["detail"]["event"] for entry in audited] == ["submit", "screen", "queue", "approve"]
    assert [row["op"] for row in logged] == ["create", "update"]


async def test_a_policy_that_trusts_leaves_a_small_deal_to_the_machine(office: Office) -> None:
    """With a CRM that was read a moment ago and known authorisations, nobody is needed."""
    partner = await office.partner("Alba")
    line = await office.create("product_line", code="cloud", name="Cloud")
    await office.create(
        "partner_authorization", partner=partner, product_line=line, status="granted", valid_from=date(2020, 1, 1)
    )
    async with office.db.transaction() as tx:
        await tx.run("insert into connection (name, system, settings) values ('crm', 'sample', '')")
        await tx.run(
            "insert into run (connection_id, kind, state, finished_at) select id, 'pull', 'done', now() from connection"
        )

    view = await office.submit(partner)

    assert (view.review_status, view.verdict, view.outcomes) == ("approved", "pass", ())
    assert view.protection_ends is not None


async def test_the_deadline_is_that_of_the_partners_tier(office: Office) -> None:
    """Platinum partners get an answer in half the business hours."""
    gold = await office.submit(await office.partner("Alba"))
    platinum = await office.submit(
        await office.partner("Brio", tier="platinum"), customer_name="Other AG", customer_domain="other-ag.de",
        contact_email="einkauf@other-ag.de", amount={"amount": "90000", "currency": "EUR"},
    )  # fmt: skip

    assert gold.due_at is not None
    assert platinum.due_at is not None
    assert platinum.due_at < gold.due_at


async def test_another_policy_is_tried_on_what_was_decided(office: Office) -> None:
    small = await office.submit(await office.partner("Alba"))
    await office.submit(
        await office.partner("Brio"), customer_name="Other AG", customer_domain="other-ag.de",
        contact_email="einkauf@other-ag.de", amount={"amount": "60000", "currency": "EUR"},
    )  # fmt: skip
    stricter = SHIPPED.read_text().replace("least: {EUR: 5000,", "least: {EUR: 30000,", 1)
    since = datetime.now(UTC) - timedelta(days=1)

    same = await replay(office.db, office.desk.policy, since=since)
    other = await replay(office.db, load_policy(stricter).policy, since=since)
    two = SHIPPED.read_text().replace("least: {EUR: 250000,", "least: {EUR: 55000,", 1)
    by_two = await replay(office.db, load_policy(two).policy, since=since)
    later = await replay(office.db, load_policy(stricter).policy, since=datetime.now(UTC) + timedelta(days=1))

    assert (same.looked_at, same.otherwise) == (2, ())
    [changed] = other.otherwise
    assert (changed.registration_id, changed.new_verdict, changed.new_step) == (small.id, "block", "reject")
    assert changed.rules == {"minimum_size": "pass → block"}
    assert (changed.partner, changed.status, changed.decisive) == ("Alba", "pending_approval", ("minimum_size",))
    assert "below 30000 EUR" in changed.why
    assert (by_two.ways, by_two.causes) == ({"queue by 1 → by 2": 1}, {"four_eyes": 1})
    assert (other.ways, other.causes) == ({"queue → reject": 1}, {"minimum_size": 1})
    assert later.looked_at == 0


async def test_what_only_the_database_refuses_of_a_party_names_its_rule_and_stores_nothing(office: Office) -> None:
    """All rows of a registration go out as one statement: the refusal is that of the row's own type all the same."""
    partner = await office.partner("Alba")
    values = read_submission(RECORD_TYPES, Sent(fields=complete(partner))).values
    sent = Submission(values, parties=[{"partner": partner, "role": "bystander"}])
    with pytest.raises(Invalid, match="ck_deal_party_role_choice"):
        await _hand_in(office, sent)
    assert await office.all("select id from deal_registration") == []


async def _hand_in(office: Office, sent: Submission) -> None:
    async with office.db.transaction() as tx:
        await submit(tx, office.desk, RECORD_TYPES, sent=sent, actor="key portal")
