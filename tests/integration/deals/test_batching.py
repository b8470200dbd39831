"""Submissions that come at one moment are judged in one transaction, each as if it came alone after those before it."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
from pydantic import ValidationError

from hub.sdk.http import decode_json, encode_json
from hub.services.deals.batching import Batcher
from hub.services.deals.receiving import Answer, Handed, Sent
from hub.services.deals.submitting import MOST_AT_ONCE
from hub.services.refusals import Duplicate, Invalid
from tests.integration.deals.conftest import Office, complete


class Silent:
    """A queue that nobody listens to."""

    async def wake(self, name: str, connection_id: int, *, delay: timedelta = timedelta(0)) -> None:
        raise AssertionError(f"there is no connection to wake: {name} {connection_id} {delay}")


def _batcher(office: Office) -> Batcher:
    return Batcher(office.db, desk=lambda: office.desk, queue=Silent())


def _handed(partner: UUID, key: str = "k", **fields: Any) -> Handed:
    return Handed(Sent(fields=complete(partner, **fields)), key, "key portal")


async def _submit(batcher: Batcher, *handed: Handed) -> list[Answer | BaseException]:
    return await asyncio.gather(*(batcher.submit(one) for one in handed), return_exceptions=True)


def _view(answer: Answer | BaseException) -> Mapping[str, Any]:
    assert isinstance(answer, Answer), answer
    view: dict[str, Any] = decode_json(answer.json.encode())
    return view


async def _transactions(office: Office) -> int:
    rows = await office.all("select count(distinct xid) as n from change where record_type = 'deal_registration'")
    return int(rows[0]["n"])


async def test_in_one_transaction_the_first_wins_and_the_others_see_it(office: Office) -> None:
    partners = [await office.partner(f"Partner {n}") for n in range(4)]

    answers = await _submit(_batcher(office), *(_handed(partner, key=str(partner)) for partner in partners))

    first, *others = map(_view, answers)
    assert await _transactions(office) == 1
    assert [o["rule"] for o in first["outcomes"]] == ["authorised", "stale_crm_guard"]
    for view in others:
        duplicate = next(o for o in view["outcomes"] if o["rule"] == "duplicate_other_partner")
        assert first["id"] in duplicate["counterparts"]
        assert view["review_status"] == "conflict_review"
        assert view["place"] > first["place"]


async def test_the_answer_is_what_is_stored(office: Office) -> None:
    partner, rival = await office.partner("Alba"), await office.partner("Brio")

    _, answer = await _submit(_batcher(office), _handed(partner, "a"), _handed(rival, "b"))

    assert isinstance(answer, Answer)
    assert _view(answer)["frozen_by"] == [str(answer.registration_id)]
    assert _view(answer) == decode_json(encode_json(await office.view(answer.registration_id)))


async def test_earlier_ones_of_the_batch_count_as_open(office: Office) -> None:
    partner = await office.partner("Alba")
    other = {"customer_name": "Other AG", "customer_domain": "other-ag.de", "contact_email": "e@other-ag.de"}

    await _submit(_batcher(office), _handed(partner, "a"), _handed(partner, "b", **other))

    rows = await office.all("select facts -> 'standing' -> 'open_registrations' as n from deal_decision order by id")
    assert [row["n"] for row in rows] == [0, 1]


async def test_one_that_cannot_be_stored_does_not_take_the_others_down(office: Office) -> None:
    partner = await office.partner("Alba")
    keys = ("fine", "not \0 fine", "fine too")

    answers = await _submit(_batcher(office), *(_handed(partner, key, value_add=None) for key in keys))

    assert [type(answer) for answer in answers] == [Answer, psycopg.DataError, Answer]
    assert [row["n"] for row in await office.all("select count(*) as n from deal_submission")] == [2]


async def test_a_refused_one_stops_no_other_and_leaves_its_key_free(office: Office) -> None:
    partner, batcher = await office.partner("Alba"), _batcher(office)
    faulty = [_handed(partner, "x", name=None), _handed(partner, "y", prize=1), _handed(UUID(int=1), "z")]

    answers = await _submit(batcher, *faulty, _handed(partner, "w"))
    again = await _submit(batcher, *(_handed(partner, key, customer_name=f"{key} AG") for key in "xyz"))

    assert [type(answer) for answer in answers] == [Invalid, ValidationError, Invalid, Answer]
    assert all(isinstance(answer, Answer) and answer.new for answer in again)


async def test_equal_keys_at_one_moment_are_one_registration(office: Office) -> None:
    partner = await office.partner("Alba")
    same, other = _handed(partner), _handed(partner, customer_name="Other AG")

    first, second, third = await _submit(_batcher(office), same, same, other)

    assert isinstance(first, Answer)
    assert isinstance(second, Answer)
    assert (first.new, second.new, second.json) == (True, False, first.json)
    assert isinstance(third, Duplicate)


async def test_a_reference_is_used_once_within_a_batch(office: Office) -> None:
    partner, rival = await office.partner("Alba"), await office.partner("Brio")

    answers = await _submit(
        _batcher(office),
        _handed(partner, "a", partner_reference="A-1"),
        _handed(partner, "b", partner_reference="A-1"),
        _handed(rival, "c", partner_reference="A-1"),
    )

    assert [type(answer) for answer in answers] == [Answer, Duplicate, Answer]


async def test_more_than_fit_go_in_several_transactions_and_a_caller_that_left_is_passed_over(office: Office) -> None:
    partner, batcher = await office.partner("Alba"), _batcher(office)
    waiting = [
        asyncio.create_task(batcher.submit(_handed(partner, str(n), customer_name=f"Kunde {n} AG")))
        for n in range(MOST_AT_ONCE + 3)
    ]
    await asyncio.sleep(0)  # all of them wait now, and none was taken
    waiting[0].cancel()

    answers = await asyncio.gather(*waiting, return_exceptions=True)

    assert isinstance(answers[0], asyncio.CancelledError)
    assert all(isinstance(answer, Answer) for answer in answers[1:])
    assert await _transactions(office) == 2
