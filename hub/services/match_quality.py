"""How well the matcher does on labels, and weights estimated from them that are taken only when they do better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.domain.matching import Verdict, Weights
from hub.domain.matching.estimate import estimate_weights, kind_of
from hub.domain.matching.evaluate import MatcherQuality, matcher_quality, score_labelled
from hub.domain.matching.labelled import Labelled
from hub.services.refusals import NotNow

LEAST_PAIRS = 50
"""So many pairs known to be the same must be in each half; fewer say nothing about weights."""


@dataclass(frozen=True, slots=True)
class Split:
    """Weights estimated on one half of the labels and judged on the other, which they never saw."""

    seed: int
    estimated_on: int
    same: float
    review: float
    quality: MatcherQuality


@dataclass(frozen=True, slots=True)
class Wrong:
    """Two records that are judged same and labelled different: the matcher errs, or the label does."""

    a: str
    b: str
    total: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """`in_force`: the weights in force on all labels. `splits`: estimated anew, each judged on the half not seen.

    `wrong` are the automatic pairs of the weights in force that contradict the labels, the surest first.
    """

    records: int
    same_pairs: int
    in_force: MatcherQuality
    wrong: tuple[Wrong, ...]
    splits: tuple[Split, ...]


@dataclass(frozen=True, slots=True)
class Estimate:
    """New weights from one half of the labels; `before` and `after` are figures on the other half.

    `worse` names every figure that falls; empty when none does.
    """

    weights: Weights
    before: MatcherQuality
    after: MatcherQuality
    worse: tuple[str, ...]


def evaluate(labelled: Labelled, *, in_force: Weights, prior: Weights, seeds: Sequence[int]) -> Evaluation:
    """Judge the weights in force, and weights estimated anew from `prior` on each half for each seed."""
    _refuse_few(labelled)
    return Evaluation(
        records=len(labelled.features),
        same_pairs=sum(1 for _ in labelled.same_pairs()),
        in_force=matcher_quality(labelled, weights=in_force),
        wrong=_wrong(labelled, in_force),
        splits=tuple(_split(labelled, prior, seed, half) for seed in seeds for half in (0, 1)),
    )


def estimate(labelled: Labelled, *, prior: Weights, in_force: Weights, seed: int = 0) -> Estimate:
    """Estimate on one half, starting from `prior`; hold the result against the weights in force on the other half."""
    _refuse_few(labelled)
    weights = estimate_weights(labelled.half(0, seed=seed), prior=prior, seed=seed)
    unseen = labelled.half(1, seed=seed)
    before, after = matcher_quality(unseen, weights=in_force), matcher_quality(unseen, weights=weights)
    return Estimate(weights, before, after, _worse(before, after))


def _wrong(labelled: Labelled, weights: Weights) -> tuple[Wrong, ...]:
    judged = score_labelled(labelled, weights=weights)
    pairs = [Wrong(*p.ids, p.score.total) for p in judged if p.verdict is Verdict.SAME and not p.truth]
    return tuple(sorted(pairs, key=lambda pair: -pair.total))


def _split(labelled: Labelled, prior: Weights, seed: int, half: int) -> Split:
    weights = estimate_weights(labelled.half(half, seed=seed), prior=prior, seed=seed)
    quality = matcher_quality(labelled.half(1 - half, seed=seed), weights=weights)
    table = getattr(weights, kind_of(labelled))
    return Split(seed, half, table.same, table.review, quality)


def _worse(before: MatcherQuality, after: MatcherQuality) -> tuple[str, ...]:
    """More to review is worse only where it is more than two pairs a record, which a person can still look at."""
    falls = {
        "precision of automatic matches": after.auto.precision < before.auto.precision,
        "recall of automatic matches": after.auto.recall < before.auto.recall,
        "recall with review": after.found.recall < before.found.recall,
        "pairs to review": after.reviews_per_record > max(2.0, before.reviews_per_record),
    }
    return tuple(name for name, fell in falls.items() if fell)


def _refuse_few(labelled: Labelled) -> None:
    for half in (0, 1):
        known = sum(1 for _ in labelled.half(half).same_pairs())
        if known < LEAST_PAIRS:
            raise NotNow(
                f"{known} pairs of half the labels are known to be the same; at least {LEAST_PAIRS} are needed in each"
                " half to say anything about weights."
            )
