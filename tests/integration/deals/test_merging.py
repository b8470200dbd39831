"""Two registrations of one partner become one: the earlier keeps its place, and it can be undone."""

import asyncio
from typing import Any

import pytest

from hub.record import RECORD_TYPES
from hub.services.deals import changing, deciding, merging
from hub.services.deals.merging import DealMergePreview, DealsUnmerged
from hub.services.deals.receiving import Sent, read_submission
from hub.services.deals.reviewing import look_again
from hub.services.deals.submitting import submit
from hub.services.deals.viewing import RegistrationView
from hub.services.hub_merges import merge_pair
from hub.services.records import patch_record
from hub.services.refusals import Invalid, NotNow
from tests.integration.deals.conftest import Office, complete

LETTER = {"name": "Letter", "kind": "mail", "sha256": "ab" * 32}
QUOTE = {"name": "Quote", "kind": "quote", "sha256": "cd" * 32}


async def _twice(office: Office) -> tuple[RegistrationView, RegistrationView]:
    """The same partner registers one deal twice, the second time with more."""
    partner, distributor = await office.partner("Alba"), await office.partner("Brio")
    party = {"partner": str(distributor), "role": "distributor"}
    helper = {"partner": str(distributor), "role": "services"}
    views = []
    for fields, parties, evidence in (
        ({}, [party], [LETTER]),
        ({"value_add": "Migration"}, [party, helper], [LETTER, QUOTE]),
    ):
        sent = Sent(fields=complete(partner, **fields), parties=parties, evidence=evidence)
        async with office.db.transaction() as tx:
            submission = read_submission(RECORD_TYPES, sent)
            judged = await submit(tx, office.desk, RECORD_TYPES, sent=submission, actor="key portal")
        views.append(await office.view(judged.deal.id))
    return views[0], views[1]


async def _merge(office: Office, loser: RegistrationView, survivor: RegistrationView, *take: str) -> RegistrationView:
    return await office.act(loser, merging.merge, into=survivor.id, take=take)


async def _preview(office: Office, loser: RegistrationView, survivor: RegistrationView) -> DealMergePreview:
    async with office.db.transaction() as tx:
        return await merging.preview_merge(tx, registration_id=loser.id, into=survivor.id)


async def _unmerge(office: Office, view: RegistrationView) -> DealsUnmerged:
    async with office.db.transaction() as tx:
        return await merging.unmerge(tx, office.desk, registration_id=view.id, actor="key approver")


async def _parts(office: Office, view: RegistrationView) -> list[str]:
    rows = await office.all(
        "select role as what from deal_party where deal = %s union all select name from deal_evidence where deal = %s"
        " order by 1",
        view.id,
        view.id,
    )
    return [row["what"] for row in rows]


async def test_nobody_is_held_up_by_one_that_is_merged_at_the_same_moment(office: Office) -> None:
    first, second = await _twice(office)
    await office.act(first, deciding.approve)  # it is not judged again, which would hold its scope
    caro = await office.partner("Caro")
    async with office.db.transaction() as tx:
        await merging.merge(tx, office.desk, registration_id=second.id, into=first.id, take=(), actor="key approver")
        submitting = asyncio.create_task(office.submit(caro))
        while await tx.one("select 1 from pg_locks where not granted") is None:
            assert not submitting.done(), "it met what is about to end"
            await asyncio.sleep(0)

    third = await submitting
    rows = await office.all("select distinct frozen_by from deal_freeze where registration_id = %s", third.id)
    assert second.id not in [row["frozen_by"] for row in rows]


async def test_the_later_lives_on_in_the_earlier_which_keeps_its_place(office: Office) -> None:
    first, second = await _twice(office)
    assert (second.review_status, first.frozen_by) == ("conflict_review", ())
    quote = await office.create("quote", number="Q-1", deal=second.id)

    preview = await _preview(office, second, first)
    merged = await _merge(office, second, first, "value_add")
    kept = await office.view(first.id)

    assert preview.offers == {"value_add": "Migration"}
    assert (preview.moves, preview.stays) == (
        {"deal_party": 1, "deal_evidence": 1, "deal_line": 0},
        {"deal_party": 1, "deal_evidence": 1},
    )
    assert (merged.review_status, merged.stage, merged.merged_into) == ("merged", "withdrawn", first.id)
    assert (kept.place, kept.review_status, kept.frozen_by) == (first.place, "pending_approval", ())
    assert "duplicate_same_partner" not in {o["rule"] for o in kept.outcomes}
    assert await _parts(office, first) == ["Letter", "Quote", "distributor", "services"]
    assert [r["deal"] for r in await office.all("select deal from quote where id = %s", quote)] == [first.id]
    [row] = await office.all("select value_add from deal_registration where id = %s", first.id)
    assert row["value_add"] == "Migration"
    assert await office.kinds(second) == ["submit", "screen", "hold", "merge"]
    assert "merged_in" in await office.kinds(first)


async def test_a_merge_is_undone_and_the_later_one_is_judged_again(office: Office) -> None:
    first, second = await _twice(office)
    await _merge(office, second, first, "value_add")

    undone = await _unmerge(office, second)

    again = await office.view(second.id)
    assert (undone.references, undone.values, undone.left_alone) == (2, ("value_add",), ())
    assert (again.review_status, again.place, again.merged_into) == ("conflict_review", second.place, None)
    assert await _parts(office, second) == ["Letter", "Quote", "distributor", "services"]
    assert await _parts(office, first) == ["Letter", "distributor"]
    with pytest.raises(NotNow, match="cannot take the step unmerge"):
        await _unmerge(office, second)


async def test_what_was_changed_since_is_left_alone_and_named(office: Office) -> None:
    first, second = await _twice(office)
    quote = await office.create("quote", number="Q-1", deal=second.id)
    await _merge(office, second, first, "value_add")
    async with office.db.transaction() as tx:
        for name, record_id, values in (
            ("deal_registration", first.id, {"value_add": "Training"}),
            ("quote", quote, {"deal": None}),
        ):
            await patch_record(tx, RECORD_TYPES[name], record_id=record_id, values=values, version=None, actor="test")

    undone = await _unmerge(office, second)

    assert undone.values == ()
    assert len(undone.left_alone) == 2
    assert "quote" in str(undone.left_alone)
    assert "value_add" in str(undone.left_alone)


async def test_registrations_of_two_partners_are_not_merged(office: Office) -> None:
    first = await office.submit(await office.partner("Alba"))
    second = await office.submit(await office.partner("Brio"))

    assert "different partners" in str((await _preview(office, second, first)).refusal)
    with pytest.raises(NotNow, match="different partners"):
        await _merge(office, second, first)


async def test_the_earlier_is_not_merged_into_the_later(office: Office) -> None:
    first, second = await _twice(office)

    with pytest.raises(NotNow, match="was first"):
        await _merge(office, first, second)


async def test_nothing_lives_on_in_what_has_ended(office: Office) -> None:
    first, second = await _twice(office)
    await office.act(first, changing.end, how="withdraw")

    with pytest.raises(NotNow, match="nothing can live on"):
        await _merge(office, second, first)


async def test_only_what_is_offered_can_be_taken(office: Office) -> None:
    first, second = await _twice(office)

    with pytest.raises(Invalid, match="not offered: amount; there is: value_add"):
        await _merge(office, second, first, "amount")


async def test_what_a_protected_one_takes_over_is_an_amendment(office: Office) -> None:
    first, second = await _twice(office)
    approved = await office.act(first, deciding.approve)
    # The conflict review of the second one freezes the first.
    with pytest.raises(NotNow, match="frozen"):
        await office.act(approved, changing.amend, values={"value_add": "x"})

    await _merge(office, second, first, "value_add")

    kept = await office.view(first.id)
    assert (kept.review_status, kept.frozen_by) == ("amended", ())
    assert kept.protection_ends == approved.protection_ends


async def test_who_waited_for_the_later_one_is_looked_at_again(office: Office) -> None:
    first, second = await _twice(office)
    rival = await office.submit(await office.partner("Ceto"))
    assert rival.review_status == "conflict_review"
    await _merge(office, second, first)

    assert await look_again(office.db, office.desk) == 1

    counterparts: set[Any] = {c for o in (await office.view(rival.id)).outcomes for c in o["counterparts"]}
    assert counterparts == {str(first.id)}


async def test_the_merge_of_records_does_not_lead_past_the_review(office: Office) -> None:
    first, second = await _twice(office)

    async with office.db.transaction() as tx:
        with pytest.raises(NotNow, match="with their review"):
            await merge_pair(tx, RECORD_TYPES["deal_registration"], loser=second.id, survivor=first.id, actor="test")
