"""Two registrations of one partner for one deal become one: the later lives on in the earlier, until that is undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from hub.db import audit, changes, deal_parts, merges, references
from hub.db.changes import Change, Origin
from hub.db.merges import MovedReference, Moves, StoredMerge
from hub.db.references import Moved
from hub.db.session import Tx
from hub.domain.deals.guards import Circumstances
from hub.domain.deals.states import DECIDABLE, IN_REVIEW, PROTECTED, Action
from hub.record import RECORD_TYPES
from hub.record.codec import decode_values
from hub.record.deals import DEAL_REGISTRATION
from hub.record.values import Value, Values, encode_values
from hub.sdk.http import decode_json, encode_json
from hub.services.deals.changing import amend
from hub.services.deals.deciding import settle_others
from hub.services.deals.desk import Desk
from hub.services.deals.fields import HUB_OWNED
from hub.services.deals.parts import stored_parts
from hub.services.deals.reviewing import review
from hub.services.deals.screening import hold_scope, screen
from hub.services.deals.working import Deal, put_back, step, take_out
from hub.services.refusals import NotFound, NotNow, Refusal, invalid

_PARTS = ("deal_party", "deal_evidence", "deal_line")
_STAY = (*_PARTS, "deal_event")
_NOT_OFFERED = frozenset({*HUB_OWNED, "partner_reference"})


@dataclass(frozen=True, slots=True)
class DealMergePreview:
    """What a merge would do. `offers`: values that only the later one has, to be taken or not. `differs`: [earlier,
    later] where both have one; the earlier one's stays. `refusal`: why it cannot be done, or None."""

    loser: UUID
    survivor: UUID
    offers: dict[str, Any]
    differs: dict[str, list[Any]]
    moves: dict[str, int]
    stays: dict[str, int]
    refusal: str | None


@dataclass(frozen=True, slots=True)
class DealsUnmerged:
    """Two again. `left_alone`: a sentence for each thing that had changed since the merge."""

    loser: UUID
    survivor: UUID
    references: int
    values: tuple[str, ...]
    left_alone: tuple[str, ...]


async def preview_merge(tx: Tx, *, registration_id: UUID, into: UUID) -> DealMergePreview:
    """Look before merging; nothing is stored. Raises NotFound, Gone, Invalid."""
    loser, survivor = await _pair(tx, registration_id, into)
    moving = {name: len(ids) for name, ids in (await deal_parts.to_move(tx, loser=loser.id, survivor=into)).items()}
    there = await deal_parts.counts(tx, loser.id)
    ours, theirs = _json(survivor.values), _json(loser.values)
    try:
        _refuse(loser, survivor)
        refusal = None
    except Refusal as exc:
        refusal = exc.detail
    return DealMergePreview(
        loser=loser.id,
        survivor=into,
        offers=_json(_offers(loser, survivor)),
        differs={
            name: [ours[name], theirs[name]]
            for name, value in loser.values.items()
            if name not in _NOT_OFFERED and value is not None and survivor.values[name] not in (None, value)
        },
        moves=moving,
        stays={name: there[name] - moving[name] for name in _PARTS if there[name] > moving[name]},
        refusal=refusal,
    )


async def merge(tx: Tx, desk: Desk, *, registration_id: UUID, into: UUID, take: Sequence[str] = (), actor: str) -> None:
    """Let a registration live on in an earlier one of the same partner, which keeps its place.

    Parties, proofs and lines that the earlier one lacks go over, and whatever else refers to it, such as quotes and
    alerts. Of the values that only the later one has, those in `take` are taken over. The later one ends: its copies in
    other systems follow as those of an ended registration. Raises NotNow, Invalid.
    """
    loser, survivor = await _pair(tx, registration_id, into)
    _refuse(loser, survivor)
    taken = _taken(_offers(loser, survivor), take)
    now = await tx.now()
    given = Circumstances(now=now, actor=actor, text=f"It lives on in registration {into}.")
    ended = step(loser, Action.MERGE, given, calendar=desk.calendar)
    await hold_scope(tx, loser, survivor)
    moved = await _move(tx, loser.id, into, actor)
    await settle_others(tx, loser.id)
    await put_back(tx, desk, ended, actor=actor)
    await _join(tx, desk, survivor, loser.id, taken, actor)
    stored = await take_out(tx, into)
    await merges.add(
        tx,
        record_type=DEAL_REGISTRATION.name,
        loser=loser.id,
        survivor=into,
        survivor_version=0,
        kind="merge",
        review_id=None,
        moves=Moves(filled=_json({name: stored.values[name] for name in taken}), references=[_kept(m) for m in moved]),
        by=actor,
    )
    detail = {"into": str(into), "references": len(moved), "taken": sorted(taken)}
    await audit.note(tx, actor=actor, action="deal_registrations_merged", subject=str(loser.id), detail=detail)


async def unmerge(tx: Tx, desk: Desk, *, registration_id: UUID, actor: str) -> DealsUnmerged:
    """Two again, as far as nobody changed what the merge moved; the later one is judged anew, with its old place.

    Raises NotFound, and NotNow where it was not merged.
    """
    loser = await take_out(tx, registration_id)
    given = Circumstances(now=await tx.now(), actor=actor)
    back = step(loser, Action.UNMERGE, given, calendar=desk.calendar)
    stored = await merges.standing(tx, loser=registration_id)
    if stored is None:
        raise NotFound(f"Registration {registration_id} was not merged by the hub.")
    left: list[str] = []
    moved = await _move_back(tx, stored, actor, left)
    values = await _give_back(tx, desk, stored, actor, left)
    await merges.mark_undone(tx, stored.id, by=actor)
    parts = await stored_parts(tx, [back.id])
    [judged] = await screen(tx, desk, [(back, parts[back.id])], actors=[actor])
    await put_back(tx, desk, judged.deal, actor=actor)
    detail = {"from": str(stored.survivor), "left_alone": len(left)}
    await audit.note(tx, actor=actor, action="deal_registrations_unmerged", subject=str(loser.id), detail=detail)
    return DealsUnmerged(registration_id, stored.survivor, len(moved), tuple(values), tuple(left))


async def _pair(tx: Tx, loser: UUID, survivor: UUID) -> tuple[Deal, Deal]:
    """Both held, in the order of their ids: two merges that meet do not wait for each other."""
    if loser == survivor:
        raise invalid("into", "must be another registration than the one that is merged into it")
    held = {i: await take_out(tx, i) for i in sorted((loser, survivor))}
    return held[loser], held[survivor]


def _refuse(loser: Deal, survivor: Deal) -> None:
    """Raises NotNow: only the later of two live ones of the same selling partner is merged into the earlier."""
    seller = ("partner", "on_behalf_of")
    if any(loser.values[name] != survivor.values[name] for name in seller):
        raise NotNow("The two are of different partners: decide the conflict instead of merging.")
    if survivor.status not in IN_REVIEW | PROTECTED:
        raise NotNow(f"Registration {survivor.id} is {survivor.status}: nothing can live on in it.")
    if _order(loser) < _order(survivor):
        raise NotNow(f"Registration {loser.id} was first: merge {survivor.id} into it, so that its place stays.")


def _order(deal: Deal) -> tuple[bool, int, str]:
    """First is who has the lower place; of those without one, who submitted first."""
    return deal.review.place is None, deal.review.place or 0, str(deal.values["submitted_at"])


def _offers(loser: Deal, survivor: Deal) -> dict[str, Value]:
    return {
        name: value
        for name, value in loser.values.items()
        if name not in _NOT_OFFERED and value is not None and survivor.values[name] is None
    }


def _taken(offers: Mapping[str, Value], take: Sequence[str]) -> dict[str, Value]:
    if unknown := [name for name in take if name not in offers]:
        raise invalid("take", f"is not offered: {', '.join(unknown)}; there is: {', '.join(offers) or 'nothing'}")
    return {name: offers[name] for name in take}


async def _join(tx: Tx, desk: Desk, survivor: Deal, loser: UUID, taken: Values, actor: str) -> None:
    """The survivor with what it takes over, judged again where that may make a difference."""
    now = await tx.now()
    noted = survivor.noted("merged_in", actor=actor, now=now, note=f"Registration {loser} lives on in this one.")
    if survivor.status in PROTECTED:
        await put_back(tx, desk, noted, actor=actor)
        if taken:
            note = f"Taken over from registration {loser}."
            await amend(tx, desk, registration_id=survivor.id, values=taken, note=note, actor=actor)
        return
    await put_back(tx, desk, noted.with_values(**taken), actor=actor)
    if survivor.status in DECIDABLE:
        note = f"Registration {loser} was merged into it."
        await review(tx, desk, registration_id=survivor.id, note=note, actor=actor)


async def _move(tx: Tx, loser: UUID, survivor: UUID, actor: str) -> list[Moved]:
    moved = await references.move(tx, DEAL_REGISTRATION, loser=loser, survivor=survivor, but=_STAY)
    for name, ids in (await deal_parts.to_move(tx, loser=loser, survivor=survivor)).items():
        moved += await references.move_rows(tx, RECORD_TYPES[name], "deal", ids, to=survivor)
    await _log(tx, moved, actor, was=loser, why="its registration was merged")
    return moved


async def _move_back(tx: Tx, stored: StoredMerge, actor: str, left: list[str]) -> list[Moved]:
    wanted = [Moved(m.record_type, m.record_id, m.version, m.field, m.to) for m in stored.moves.references]
    moved = await references.move_back(tx, wanted, loser=stored.loser)
    back = {(m.record_type, m.record_id, m.field) for m in moved}
    left += [
        f"{m.field} of {m.record_type} {m.record_id} stays: it was changed since."
        for m in wanted
        if (m.record_type, m.record_id, m.field) not in back
    ]
    there = [replace(m, to=stored.loser) for m in moved]
    await _log(tx, there, actor, was=stored.survivor, why="the merge of its registration was undone")
    return moved


async def _give_back(tx: Tx, desk: Desk, stored: StoredMerge, actor: str, left: list[str]) -> list[str]:
    """The survivor gives up what it took over, and keeps what was changed since."""
    filled = decode_values(DEAL_REGISTRATION, encode_json(stored.moves.filled))
    if not filled:
        return []
    survivor = await take_out(tx, stored.survivor)
    back = [name for name, value in filled.items() if survivor.values[name] == value]
    left += [f"{name} of {survivor.id} stays: it was changed since." for name in filled if name not in back]
    await put_back(tx, desk, survivor.with_values(**dict.fromkeys(back)), actor=actor)
    return back


async def _log(tx: Tx, moved: Sequence[Moved], actor: str, *, was: UUID, why: str) -> None:
    log = [
        Change(
            m.record_id, m.record_type, m.version, "update",
            encode_values({m.field: was}), encode_values({m.field: m.to}), encode_json({m.field: why}),
        )
        for m in moved
    ]  # fmt: skip
    await changes.append(tx, origin=Origin(actor=actor), changes=log)


def _kept(moved: Moved) -> MovedReference:
    return MovedReference(moved.record_type, moved.record_id, moved.version, moved.field, moved.to)


def _json(values: Mapping[str, Value]) -> dict[str, Any]:
    decoded: dict[str, Any] = decode_json(encode_values(values))
    return decoded
