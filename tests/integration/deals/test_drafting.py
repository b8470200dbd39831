"""Drafts are kept, edited and handed in; what the partner is asked for, it can answer."""

from typing import Any

import pytest

from hub.record import RECORD_TYPES
from hub.services.deals import changing, drafting, submitting
from hub.services.deals.receiving import Sent, read_submission
from hub.services.deals.submitting import Submission
from hub.services.deals.viewing import RegistrationView, partner_view
from hub.services.refusals import Duplicate, Invalid, NotNow
from tests.integration.deals.conftest import Office, complete


def _read(**sent: Any) -> Submission:
    return read_submission(RECORD_TYPES, Sent(**sent))


async def _draft(office: Office, **fields: Any) -> RegistrationView:
    sent = _read(fields=complete(await office.partner("Alba"), **fields))
    async with office.db.transaction() as tx:
        draft = await drafting.store_draft(tx, office.desk, RECORD_TYPES, sent=sent, actor="key portal")
    return await office.view(draft)


async def _edit(office: Office, view: RegistrationView, **sent: Any) -> RegistrationView:
    async with office.db.transaction() as tx:
        await drafting.edit_draft(tx, office.desk, registration_id=view.id, sent=_read(**sent), actor="key portal")
    return await office.view(view.id)


async def test_a_draft_is_edited_and_handed_in(office: Office) -> None:
    draft = await _draft(office, description=None)
    assert (draft.review_status, draft.stage, draft.policy, draft.due_at) == ("draft", "draft", None, None)
    async with office.db.transaction() as tx:
        assert (await partner_view(tx, draft.id)).messages == ()

    await _edit(office, draft, fields={"description": "Cloud"}, evidence=[{"name": "Mail", "kind": "mail"}])
    handed_in = await office.act(draft, drafting.submit_draft, actor="key portal")

    assert handed_in.review_status == "pending_approval"
    assert handed_in.submitted_at is not None
    assert await office.kinds(draft) == ["submit", "screen", "queue"]
    with pytest.raises(NotNow, match="cannot take the step submit"):
        await office.act(draft, drafting.submit_draft)
    with pytest.raises(NotNow, match="Only a draft"):
        await _edit(office, draft, fields={"description": "Other"})


async def test_a_draft_claims_nothing(office: Office) -> None:
    draft = await _draft(office)
    rival = await office.submit(await office.partner("Brio"))

    handed_in = await office.act(draft, drafting.submit_draft)

    assert "duplicate_other_partner" not in {o["rule"] for o in rival.outcomes}
    assert handed_in.review_status == "conflict_review"


async def test_a_draft_is_withdrawn(office: Office) -> None:
    withdrawn = await office.act(await _draft(office), changing.end, how="withdraw")

    assert withdrawn.review_status == "withdrawn"


async def test_a_draft_is_somebodys_and_keeps_a_reference_to_itself(office: Office) -> None:
    draft = await _draft(office, partner_reference="A-1")
    [row] = await office.all("select partner from deal_registration where id = %s", draft.id)

    with pytest.raises(Duplicate):
        await office.submit(row["partner"], partner_reference="A-1")
    with pytest.raises(Invalid, match="partner"):
        await _store_without(office, "partner")
    await _edit(office, draft, fields={"partner": None, "partner_reference": None})
    with pytest.raises(NotNow, match="must be filled first: partner"):
        await office.act(draft, drafting.submit_draft)


async def _store_without(office: Office, name: str) -> None:
    fields = complete("00000000-0000-0000-0000-000000000000")
    del fields[name]
    async with office.db.transaction() as tx:
        await drafting.store_draft(tx, office.desk, RECORD_TYPES, sent=_read(fields=fields), actor="key portal")


async def test_a_country_that_is_asked_for_can_be_answered(office: Office) -> None:
    view = await office.submit(await office.partner("Alba"), customer_country=None)
    assert (view.review_status, view.asked) == ("needs_info", ("customer_country",))

    answered = await office.act(view, submitting.answer_info, sent=_read(fields={"customer_country": "DE"}))

    assert answered.review_status == "pending_approval"


@pytest.mark.parametrize("lacking", [{}, {"fields": {"description": "Cloud"}}, {"evidence": [{"name": "x"}]}])
async def test_an_answer_gives_everything_that_was_asked_for(office: Office, lacking: dict[str, Any]) -> None:
    view = await office.submit(await office.partner("Alba"), description=None)
    await office.act(view, submitting.answer_info, sent=_read(fields={"description": "?"}))
    await office.act(view, submitting.ask_info, fields=["value_add", "description", "evidence:quote"], note=None)

    with pytest.raises(NotNow, match=r"must be filled first|not among them"):
        await office.act(view, submitting.answer_info, sent=_read(**lacking))
    whole = _read(fields={"value_add": "Migration"}, evidence=[{"name": "Quote", "kind": "quote"}])
    answered = await office.act(view, submitting.answer_info, sent=whole)

    assert answered.review_status == "pending_approval"
