"""Are two registrations of one customer about the same opportunity? The second stage of matching."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from hub.domain.deals.facts import Feature, Registration, Rival
from hub.domain.matching import Verdict
from hub.record.values import Money

# Bits, as in the first stage; guessed until there are enough decided cases to estimate them from.
_CLOSE = ((30, 2.0), (90, 1.0), (180, -1.0))
_FAR = -3.0
_AMOUNT = ((0.7, 1.5), (0.4, 0.5), (0.15, -0.5))
_OTHER_SIZE = -2.0
_CONTACT = 3.0
SAME, DIFFERENT = 1.0, -2.0


@dataclass(frozen=True, slots=True)
class Likeness:
    """The evidence that two are one opportunity, its sum in bits, and the verdict: same, review or different."""

    verdict: Verdict
    total: float
    features: tuple[Feature, ...]


def same_opportunity(ours: Registration, theirs: Rival) -> Likeness:
    """Judge by close dates, amounts, contact and scope; what one side does not say weighs nothing.

    Without any common product line they are different; with one and nothing that speaks against it, they are the same.
    """
    shared = sorted(set(ours.product_lines) & set(theirs.product_lines))
    if not shared:
        return Likeness(Verdict.DIFFERENT, 0.0, (_feature("scope", "disjoint", 0.0, ours, theirs),))
    features = (_feature("scope", ", ".join(shared), 1.0, ours, theirs), *_compared(ours, theirs))
    total = round(sum(f.weight for f in features), 2)
    verdict = Verdict.SAME if total >= SAME else Verdict.DIFFERENT if total <= DIFFERENT else Verdict.REVIEW
    return Likeness(verdict, total, features)


def _feature(name: str, level: str, weight: float, ours: Registration, theirs: Rival) -> Feature:
    return Feature(
        feature=name,
        level=level,
        weight=weight,
        theirs=", ".join(theirs.product_lines),
        ours=", ".join(ours.product_lines),
    )


def _compared(ours: Registration, theirs: Rival) -> Iterator[Feature]:
    if ours.close_date and theirs.close_date:
        yield _by_date(ours.close_date, theirs.close_date)
    if ours.amount and theirs.amount and ours.amount.currency == theirs.amount.currency:
        yield _by_amount(ours.amount, theirs.amount)
    mine, other = (ours.contact_email or "").lower(), (theirs.contact_email or "").lower()
    if mine and mine == other:
        yield Feature(feature="contact", level="same", weight=_CONTACT, theirs=other, ours=mine)


def _by_date(ours: date, theirs: date) -> Feature:
    days = abs((ours - theirs).days)
    weight = next((w for most, w in _CLOSE if days <= most), _FAR)
    return Feature(feature="close_date", level=f"{days} days apart", weight=weight, theirs=str(theirs), ours=str(ours))


def _by_amount(ours: Money, theirs: Money) -> Feature:
    larger = max(ours.amount, theirs.amount)
    ratio = float(min(ours.amount, theirs.amount) / larger) if larger > 0 else 1.0
    weight = next((w for least, w in _AMOUNT if ratio >= least), _OTHER_SIZE)
    return Feature(
        feature="amount", level=f"ratio {ratio:.2f}", weight=weight, theirs=str(theirs.amount), ours=str(ours.amount)
    )
