"""The claims of an evidence pack: the registration and its rivals side by side, then and now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from hub.db import deal_reviews, record_lists, records
from hub.db.deal_reviews import ReviewRow
from hub.db.records import StoredRecord
from hub.db.session import Tx
from hub.domain.deals.calendar import BusinessCalendar
from hub.domain.deals.case import Case, Claim
from hub.domain.deals.facts import Facts, Registration, Rival
from hub.domain.deals.outcomes import Decision
from hub.domain.deals.states import BY_ACTION
from hub.record.deals import DEAL_REGISTRATION
from hub.record.onboard import PARTNER
from hub.services.deals.evidence_pack import ClaimView, Since
from hub.services.deals.evidence_since import changes, likeness_view, match_view
from hub.services.deals.parts import protection_until

_SAID = ("deal_type", "customer_name", "product_lines", "amount", "close_date", "contact_name", "contact_email")
_TIMES = ("submitted_at", "eligible_at")


async def claims_side_by_side(
    tx: Tx, *, then: Facts, now: Facts, decision: Decision, step: str, calendar: BusinessCalendar
) -> tuple[ClaimView, ...]:
    """The registration first, then rivals: those that it is in conflict with, then those that were first.

    A rival that the decision did not know is marked as new.
    """
    known = Case(then, {}, calendar).claims
    ids = {claim.rival.id for claim in known}
    new = [claim for claim in Case(now, {}, calendar).claims if claim.rival.id not in ids]
    mine = then.registration
    today = await _Today.load(tx, [mine.id, *ids, *(c.rival.id for c in new)], calendar)
    names = await _partner_names(tx, [mine, *(c.rival for c in (*known, *new))])
    rivals = [_rival_view(c, mine, today, names, decision, known=True) for c in known]
    rivals += [_rival_view(c, mine, today, names, decision, known=False) for c in new]
    rivals.sort(key=lambda v: (not v.counterpart, not v.prior, str(v.values["eligible_at"])))
    return (_own_view(then, step, today, names), *rivals)


class _Today:
    """The registrations as they are stored now."""

    def __init__(
        self, stored: Mapping[UUID, StoredRecord], reviews: Mapping[UUID, ReviewRow], calendar: BusinessCalendar
    ) -> None:
        self._stored, self._reviews, self._calendar = stored, reviews, calendar

    @classmethod
    async def load(cls, tx: Tx, ids: Iterable[str], calendar: BusinessCalendar) -> _Today:
        wanted = [UUID(i) for i in ids]
        return cls(await records.load(tx, DEAL_REGISTRATION, wanted), await deal_reviews.load(tx, wanted), calendar)

    def values(self, registration_id: str) -> dict[str, Any] | None:
        """None when it was deleted."""
        stored = self._stored.get(UUID(registration_id))
        if stored is None or not stored.alive:
            return None
        review = self._reviews.get(stored.id)
        held: Mapping[str, Any] = stored.values
        return {
            "status": held["review_status"],
            **{name: held[name] for name in _SAID},
            "deal_type": held["deal_type"] or "resale",
            "customer_name": held["customer_name"] or "",
            "product_lines": held["product_lines"] or (),
            **{name: held[name] for name in ("submitted_at", "complete_at", "eligible_at", "decided_at")},
            "place": review.place if review else None,
            "protected_until": protection_until(self._calendar, held["protection_ends"]),
        }


def _own_view(then: Facts, step: str, today: _Today, names: Mapping[str, str]) -> ClaimView:
    mine = then.registration
    now = today.values(mine.id)
    # Reviews, extensions and amendments are judged where the registration stands; a screening leads somewhere.
    led_to = {str(action): transition.target for action, transition in BY_ACTION.items()}
    status = mine.status if step in ("review", "extend", "amend", "appeal") else led_to.get(step, mine.status)
    values = {**_values(mine, now), "status": str(status)}
    # The facts are of before the judgement; a place that it gave is never another one afterwards.
    if now and now["eligible_at"] and now["eligible_at"] <= then.now:
        values |= {"eligible_at": now["eligible_at"], "place": now["place"]}
    return ClaimView(
        id=mine.id,
        partner=names.get(mine.partner, mine.partner),
        on_behalf_of=_named(mine.on_behalf_of, names),
        values=values,
        **_since(values, now),
    )


def _rival_view(
    claim: Claim, mine: Registration, today: _Today, names: Mapping[str, str], decision: Decision, *, known: bool
) -> ClaimView:
    rival = claim.rival
    now = today.values(rival.id)
    values = _values(rival, now)
    since = _since(values, now) if known else {"since": "new", "changes": ()}
    return ClaimView(
        id=rival.id,
        partner=names.get(rival.partner, rival.partner_name or rival.partner),
        on_behalf_of=_named(rival.on_behalf_of, names),
        values=values,
        counterpart=rival.id in decision.counterparts,
        prior=claim.prior,
        same_partner=claim.same_partner,
        two_tier=claim.two_tier,
        shared_lines=tuple(sorted(set(mine.product_lines) & set(rival.product_lines))),
        customer=match_view(rival.match),
        opportunity=likeness_view(claim.likeness),
        **since,
    )


def _values(said: Registration | Rival, now: Mapping[str, Any] | None) -> dict[str, Any]:
    """As of the decision. What a snapshot does not hold is never changed once it is there, or is of today."""
    return {
        "status": str(said.status),
        **{name: getattr(said, name) for name in (*_SAID, *_TIMES)},
        "complete_at": now["complete_at"] if now else None,
        "decided_at": said.decided_at if isinstance(said, Registration) else now["decided_at"] if now else None,
        "place": said.priority,
        "protected_until": said.protection_until,
    }


def _since(then: Mapping[str, Any], now: Mapping[str, Any] | None) -> dict[str, Any]:
    if now is None:
        return {"since": "gone", "changes": ()}
    changed = changes(then, now)
    since: Since = "changed" if changed else "same"
    return {"since": since, "changes": changed}


async def _partner_names(tx: Tx, claims: Iterable[Registration | Rival]) -> dict[str, str]:
    ids = {i for claim in claims for i in (claim.partner, claim.on_behalf_of) if i}
    titles = await record_lists.titles(tx, PARTNER, [UUID(i) for i in ids])
    return {str(i): name for i, name in titles.items()}


def _named(partner: str | None, names: Mapping[str, str]) -> str | None:
    return names.get(partner, partner) if partner else None
