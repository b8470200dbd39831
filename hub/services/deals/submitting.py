"""Submitting a registration, once however often it is sent, and answering what the partner was asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from hub.db import deal_admission, deal_reviews
from hub.db.deal_reviews import ReviewRow
from hub.db.session import Tx
from hub.domain.deals.guards import Circumstances
from hub.domain.deals.states import Action
from hub.record.deals import DEAL_EVIDENCE, DEAL_PARTY, DEAL_REGISTRATION
from hub.record.values import Values
from hub.sdk.http import encode_json
from hub.services.deals.desk import Desk
from hub.services.deals.screening import screen
from hub.services.deals.working import Deal, put_back, step, take_out
from hub.services.records import found_here, refuse_duplicate, store_new
from hub.services.refusals import Duplicate, NotNow, invalid

HUB_OWNED = (
    "stage",
    "review_status",
    "submitted_at",
    "complete_at",
    "eligible_at",
    "decided_at",
    "rejection_code",
    "rejection_reason",
    "protection_ends",
    "opportunity",
)
"""Fields of the record that the lifecycle writes and nobody submits."""


@dataclass(frozen=True, slots=True)
class Submission:
    """What is handed in: fields of the registration, and rows of its parties and proofs without their deal."""

    values: Values
    parties: Sequence[Values] = ()
    evidence: Sequence[Values] = ()


async def submitted_before(tx: Tx, *, actor: str, key: str, body: object) -> dict[str, Any] | None:
    """The answer that this caller got for this key; None when the key is new, and is this transaction's from then on.

    Raises Duplicate when another body was sent under the key. One that is under way is waited for.
    """
    digest = hashlib.sha256(encode_json(body)).digest()
    earlier = await deal_admission.claim_key(tx, actor=actor, key=key, digest=digest)
    if earlier is None:
        return None
    if earlier.digest != digest or earlier.answer is None:
        raise Duplicate("This Idempotency-Key came with another body before: take a new key for a new registration.")
    return earlier.answer


async def submit(tx: Tx, desk: Desk, *, sent: Submission, actor: str) -> UUID:
    """Store the registration, judge it, and let it go where the rules say; all in this transaction.

    Raises Invalid for fields that the hub itself writes, and Duplicate for the partner's own reference used before.
    """
    _refuse_owned(sent.values)
    if not isinstance(sent.values.get("partner"), UUID):
        raise invalid("partner", "is missing: a registration is somebody's")
    now = await tx.now()
    await _lock_reference(tx, sent.values)
    await refuse_duplicate(tx, DEAL_REGISTRATION, sent.values)
    draft = {**sent.values, "review_status": "draft", "stage": "draft", "channel": sent.values.get("channel") or "api"}
    registration_id = await store_new(tx, DEAL_REGISTRATION, values=draft, actor=actor)
    await _store_parts(tx, registration_id, sent, actor=actor)
    stored = await found_here(tx, DEAL_REGISTRATION, registration_id)
    # The hours allowed are known with the facts.
    deal = Deal(registration_id, stored.values, ReviewRow(registration_id, timedelta(0), actor))
    given = Circumstances(now=now, actor=actor)
    deal = step(deal, Action.SUBMIT, given, calendar=desk.calendar).with_values(submitted_at=now)
    deal = step(deal, Action.SCREEN, replace(given, actor="hub"), calendar=desk.calendar)
    await put_back(tx, desk, await screen(tx, desk, deal, actor=actor), actor=actor)
    return registration_id


async def answer_info(tx: Tx, desk: Desk, *, registration_id: UUID, sent: Submission, actor: str) -> None:
    """The partner fills what it was asked for, and nothing else; then all rules judge again. Raises NotNow, Invalid."""
    deal = await take_out(tx, registration_id)
    edited = {name for name, value in sent.values.items() if value != deal.values[name]}
    edited |= {"parties"} if sent.parties else set()
    proofs = {f"evidence:{proof.get('kind')}" for proof in sent.evidence}
    asked = frozenset(deal.review.asked)
    if "evidence" not in asked:
        edited |= proofs
    now = await tx.now()
    given = Circumstances(now=now, actor=actor, asked=asked, edited=frozenset(edited), missing=())
    deal = step(deal, Action.ANSWER_INFO, given, calendar=desk.calendar).with_values(**sent.values)
    deal = replace(deal, review=replace(deal.review, asked=()))
    await _store_parts(tx, registration_id, sent, actor=actor)
    await put_back(tx, desk, await screen(tx, desk, deal, actor=actor), actor=actor)


async def ask_info(
    tx: Tx, desk: Desk, *, registration_id: UUID, fields: Sequence[str], note: str | None, actor: str
) -> None:
    """A person asks the partner for more; the deadline stands still until it answers. Raises NotNow, Invalid."""
    known = (*DEAL_REGISTRATION.fields, "parties", "evidence")
    if unknown := [f for f in fields if f.partition(":")[0] not in known or f in HUB_OWNED]:
        raise invalid("fields", f"cannot be asked for: {', '.join(unknown)}")
    if not fields:
        raise invalid("fields", "must name at least one field")
    deal = await take_out(tx, registration_id)
    given = Circumstances(now=await tx.now(), actor=actor)
    deal = step(deal, Action.ASK_INFO, given, calendar=desk.calendar, note=note)
    await deal_reviews.unfreeze(tx, by=deal.id)
    await put_back(tx, desk, replace(deal, review=replace(deal.review, asked=tuple(fields))), actor=actor)


async def _store_parts(tx: Tx, registration_id: UUID, sent: Submission, *, actor: str) -> None:
    for record_type, rows in ((DEAL_PARTY, sent.parties), (DEAL_EVIDENCE, sent.evidence)):
        for row in rows:
            await store_new(tx, record_type, values={**row, "deal": registration_id}, actor=actor)


async def _lock_reference(tx: Tx, values: Values) -> None:
    """Two submissions of one partner with one reference wait for each other: the second one is the duplicate."""
    if reference := values.get("partner_reference"):
        await deal_admission.lock_scope(tx, keys=[f"r:{values['partner']}"], product_lines=[str(reference)])


async def refuse_behind_the_review(tx: Tx, *, registration_id: UUID, names: Iterable[str]) -> None:
    """What the review of a submitted registration writes is not written past it. Raises NotNow."""
    owned = sorted(set(names) & set(HUB_OWNED) - {"opportunity"})
    if owned and await deal_reviews.load(tx, [registration_id]):
        raise NotNow(
            f"{', '.join(owned)} of a submitted registration follows from its review: use /api/v1/deal-registrations."
        )


def _refuse_owned(values: Values) -> None:
    for name in HUB_OWNED:
        if values.get(name) is not None:
            raise invalid(name, "is written by the hub, not submitted")
