"""Submitting a registration, once however often it is sent, and answering what the partner was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from hub.db import deal_admission, deal_arrivals, deal_reviews, records
from hub.db.deal_reviews import ReviewRow
from hub.db.session import Tx
from hub.domain.deals.guards import Circumstances
from hub.domain.deals.states import Action
from hub.record.deals import DEAL_EVIDENCE, DEAL_PARTY, DEAL_REGISTRATION
from hub.record.definition import RecordType
from hub.record.values import Value, Values
from hub.services.deals.desk import Desk
from hub.services.deals.fields import HUB_OWNED
from hub.services.deals.parts import Parts, party, proof, stored_parts
from hub.services.deals.screening import Judged, screen
from hub.services.deals.working import Deal, put_back, put_back_all, step, take_out
from hub.services.matching import new_ids
from hub.services.records import dead_links, duplicate, refuse_dead_links
from hub.services.refusals import Invalid, Refusal, invalid


@dataclass(frozen=True, slots=True)
class Submission:
    """What is handed in: fields of the registration, and rows of its parties and proofs without their deal."""

    values: Values
    parties: Sequence[Values] = ()
    evidence: Sequence[Values] = ()

    def rows(self) -> Iterator[tuple[RecordType, Values]]:
        yield from ((DEAL_PARTY, row) for row in self.parties)
        yield from ((DEAL_EVIDENCE, row) for row in self.evidence)


MOST_AT_ONCE = 32
"""A claim takes up to 45 locks (15 keys, three lines): those of four transactions fit PostgreSQL's default of 6,400."""


async def submit_many(
    tx: Tx,
    desk: Desk,
    types: Mapping[str, RecordType],
    *,
    submissions: Sequence[Submission],
    actors: Sequence[str],
) -> list[Judged | Refusal]:
    """Store registrations, judge them, and let them go where the rules say: all in this transaction.

    The results have the order of the submissions, at most `MOST_AT_ONCE`. Each is judged as if it came alone after
    those before it: it meets them as rivals. One that is refused stops no other and leaves nothing behind; its result
    is the refusal: Invalid for what is missing, leads nowhere or is the hub's to write, Duplicate for the partner's own
    reference used before. What only the database refuses (PostgreSQL cannot store the character NUL) is raised and
    ends the transaction: then hand them in one by one.

    `types` are the record types with their custom fields; each actor is who hands in the submission at its place.
    The statements are as few for many as for one. Locks are taken: call it once in a transaction, before anything
    that others could wait for, and `wake_outbound` after it.
    """
    assert len(submissions) <= MOST_AT_ONCE
    await tx.look_up_by_index(planned_once=True)
    now = await tx.now()
    results: dict[int, Judged | Refusal] = dict(await refused(tx, submissions))
    fit = [(sent, actor) for n, (sent, actor) in enumerate(zip(submissions, actors, strict=True)) if n not in results]
    if fit:
        judged = iter(await _submit(tx, desk, types, fit, now=now))
        results |= {n: next(judged) for n in range(len(submissions)) if n not in results}
    return [results[n] for n in range(len(submissions))]


async def _submit(
    tx: Tx, desk: Desk, types: Mapping[str, RecordType], fit: Sequence[tuple[Submission, str]], *, now: datetime
) -> list[Judged]:
    record_type, actors = types["deal_registration"], [actor for _, actor in fit]
    deals = [
        (_draft(record_type, i, sent, desk, actor=actor, now=now), parts_of(sent))
        for i, (sent, actor) in zip(sorted(new_ids(len(fit))), fit, strict=True)
    ]
    async with tx.together():
        judged = await screen(tx, desk, deals, actors=actors)
        stored = await put_back_all(tx, desk, [one.deal for one in judged], actors=actors, record_type=record_type)
    return [replace(one, deal=deal) for one, deal in zip(judged, stored, strict=True)]


async def submit(tx: Tx, desk: Desk, types: Mapping[str, RecordType], *, sent: Submission, actor: str) -> Judged:
    """One of them. Raises Invalid, Duplicate."""
    [result] = await submit_many(tx, desk, types, submissions=[sent], actors=[actor])
    if isinstance(result, Refusal):
        raise result
    return result


def _draft(
    record_type: RecordType, registration_id: UUID, sent: Submission, desk: Desk, *, actor: str, now: datetime
) -> Deal:
    """Submitted and on the way to screening."""
    said = {**sent.values, "review_status": "draft", "stage": "draft", "channel": sent.values.get("channel") or "api"}
    values = {**dict.fromkeys(record_type.fields), **said}
    # The hours allowed are known with the facts.
    review = ReviewRow(registration_id, timedelta(0), actor)
    deal = Deal(registration_id, values, review, parts=tuple(sent.rows()))
    given = Circumstances(now=now, actor=actor)
    deal = step(deal, Action.SUBMIT, given, calendar=desk.calendar).with_values(submitted_at=now)
    return step(deal, Action.SCREEN, replace(given, actor="hub"), calendar=desk.calendar)


def parts_of(sent: Submission) -> Parts:
    return Parts(tuple(map(party, sent.parties)), tuple(map(proof, sent.evidence)))


async def refused(tx: Tx, submissions: Sequence[Submission]) -> dict[int, Refusal]:
    """Why some may not come in, by position; those that may are left out."""
    found: dict[int, Refusal] = {
        n: invalid(*fault) for n, sent in enumerate(submissions) if (fault := _unfit(sent.values))
    }
    rows = [(n, row) for n, sent in enumerate(submissions) for row in ((DEAL_REGISTRATION, sent.values), *sent.rows())]
    for (n, _), faults in zip(rows, await dead_links(tx, [row for _, row in rows]), strict=True):
        if faults:
            found.setdefault(n, Invalid(faults))
    references = {
        n: (sent.values["partner"], reference)
        for n, sent in enumerate(submissions)
        if n not in found and (reference := sent.values.get("partner_reference"))
    }
    return found | await used(tx, references) if references else found


async def used(tx: Tx, references: Mapping[int, tuple[Value, ...]]) -> dict[int, Refusal]:
    """Two submissions of one partner with one reference wait for each other: the second one is the duplicate."""
    await deal_admission.hold(tx, (f"r:{partner}|{reference}" for partner, reference in references.values()))
    names = ("partner", "partner_reference")
    found = await records.find_by_key(tx, DEAL_REGISTRATION, names, list(set(references.values())))
    refused: dict[int, Refusal] = {}
    taken = set(found)
    for n, key in references.items():
        if key in taken:
            refused[n] = duplicate(DEAL_REGISTRATION, names, found.get(key, ()))
        taken.add(key)
    return refused


def _unfit(values: Values) -> tuple[str, str] | None:
    """The field at fault, and what is wrong with it."""
    if not values.get("name"):
        return "fields.name", "is missing"
    for name in HUB_OWNED:
        if values.get(name) is not None:
            return name, "is written by the hub, not submitted"
    if not isinstance(values.get("partner"), UUID):
        return "partner", "is missing: a registration is somebody's"
    return None


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
    missing = _unanswered(asked, deal.values, sent)
    given = Circumstances(now=now, actor=actor, asked=asked, edited=frozenset(edited), missing=missing)
    deal = step(deal, Action.ANSWER_INFO, given, calendar=desk.calendar).with_values(**sent.values)
    deal = replace(deal, review=replace(deal.review, asked=()), parts=tuple(sent.rows()))
    for record_type, row in sent.rows():
        await refuse_dead_links(tx, record_type, row)
    earlier, new = (await stored_parts(tx, [deal.id]))[deal.id], parts_of(sent)
    parts = Parts((*earlier.parties, *new.parties), (*earlier.proofs, *new.proofs))
    [judged] = await screen(tx, desk, [(deal, parts)], actors=[actor])
    await put_back(tx, desk, judged.deal, actor=actor)


def _unanswered(asked: Iterable[str], stored: Values, sent: Submission) -> tuple[str, ...]:
    """What was asked for and is still not there; whether what is there suffices is for the rules to say."""
    kinds = {proof.get("kind") for proof in sent.evidence}
    parts = {"parties": bool(sent.parties), "evidence": bool(sent.evidence)}
    values = {**stored, **sent.values}
    return tuple(
        name
        for name in sorted(asked)
        if not parts.get(name, name.partition(":")[2] in kinds if ":" in name else values.get(name) is not None)
    )


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
    await deal_arrivals.look_again(tx, registration_id, actor=actor)
