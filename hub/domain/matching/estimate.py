"""Weights and thresholds from labelled records, so that every installation can estimate its own."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, log2

from hub.domain.matching.compare import compare
from hub.domain.matching.evaluate import ScoredPairs, score_labelled
from hub.domain.matching.features import Features, OrganizationFeatures
from hub.domain.matching.labelled import Labelled
from hub.domain.matching.scoring import Verdict
from hub.domain.matching.weights import Chances, Weights, WeightTable

PRIOR_PAIRS = 20
"""What was assumed before weighs as much as so many observed pairs, and never less than half an observation."""

_CERTAINTY = 0.999
_BLIND_DRAWS = 100_000
_STEP = 0.5
_PLANNED = {"organization": 1_000_000, "person": 100_000}


@dataclass(frozen=True, slots=True)
class Goal:
    """What the thresholds must keep on the labels they are estimated from: more than is promised for unseen records.

    `precision` of the pairs judged same, `recall` of all pairs when those left to a person count as found.
    """

    precision: float = 0.995
    recall: float = 0.96


def estimate_weights(labelled: Labelled, *, prior: Weights, goal: Goal | None = None, seed: int = 0) -> Weights:
    """`prior` with the table of this kind of record estimated anew. What the labels do not show stays as it was."""
    kind = kind_of(labelled)
    before: WeightTable = getattr(prior, kind)
    chances = estimate_chances(labelled, prior=before.chances, seed=seed)
    table = _with_thresholds(labelled, replace(before, chances=chances), prior, goal or Goal())
    return replace(prior, **{kind: table})


def kind_of(labelled: Labelled) -> str:
    """The name of the table that these records need. Raises ValueError where there are none."""
    if not labelled.features:
        raise ValueError("There are no labelled records.")
    first = next(iter(labelled.features.values()))
    return "organization" if isinstance(first, OrganizationFeatures) else "person"


def estimate_chances(
    labelled: Labelled, *, prior: Mapping[str, Mapping[str, Chances]], seed: int = 0
) -> dict[str, dict[str, Chances]]:
    """Per feature and level, how often it occurs among same pairs (m) and among pairs drawn blindly (u).

    A level that no pair reaches keeps the chances it had.
    """
    features = labelled.features
    alike = _levels((features[a], features[b]) for a, b in labelled.same_pairs())
    unlike = _levels((features[a], features[b]) for a, b in labelled.blind_pairs(draws=_BLIND_DRAWS, seed=seed))
    names = prior.keys() | alike.keys() | unlike.keys()
    return {name: _chances(alike[name], unlike[name], prior.get(name, {})) for name in sorted(names)}


def chance_floor(kind: str) -> float:
    """Bits that two of all planned records must gather to be one and the same with great certainty (Bayes)."""
    return log2(_PLANNED[kind]) + log2(_CERTAINTY / (1 - _CERTAINTY))


def _with_thresholds(labelled: Labelled, table: WeightTable, prior: Weights, goal: Goal) -> WeightTable:
    """The lowest `same` that keeps the precision, the highest `review` that keeps the recall.

    Decisions of people are about doubtful pairs only: they say nothing of how much there is to find, so `review` stays.
    """
    kind = kind_of(labelled)
    opened = replace(prior, **{kind: replace(table, same=0.0, review=0.0)})
    scored = score_labelled(labelled, weights=opened)
    same = _same_threshold(scored, floor=chance_floor(kind), precision=goal.precision)
    review = table.review if labelled.decided is not None else _review_threshold(labelled, scored, goal.recall)
    return replace(table, same=same, review=min(same, review))


def _same_threshold(scored: ScoredPairs, *, floor: float, precision: float) -> float:
    """The lowest step that keeps `precision` here, but never less than chance agreement among many records asks for."""
    sure = [(pair.score.total, pair.truth) for pair in scored if pair.verdict is Verdict.SAME]
    threshold = ceil(floor / _STEP) * _STEP
    while not _keeps([truth for total, truth in sure if total >= threshold], precision):
        threshold += _STEP
    return threshold


def _keeps(truths: Sequence[bool], precision: float) -> bool:
    return not truths or sum(truths) / len(truths) >= precision


def _review_threshold(labelled: Labelled, scored: ScoredPairs, recall: float) -> float:
    """The highest step above which `recall` of the labelled pairs lie; 0 where blocking alone loses more."""
    right = sorted((pair.score.total for pair in scored if pair.truth), reverse=True)
    needed = ceil(recall * sum(1 for _ in labelled.same_pairs()))
    if needed > len(right) or not needed:
        return 0.0
    return max(0.0, right[needed - 1] // _STEP * _STEP)


def _levels(pairs: Iterable[tuple[Features, Features]]) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for a, b in pairs:
        for agreement in compare(a, b):
            counts[agreement.feature][agreement.level] += 1
    return counts


def _chances(alike: Counter[str], unlike: Counter[str], prior: Mapping[str, Chances]) -> dict[str, Chances]:
    seen = alike.keys() | unlike.keys()
    unknown = Chances(1 / (len(seen) + 1), 1 / (len(seen) + 1))
    estimated = {
        level: Chances(
            m=_share(alike[level], alike.total(), prior.get(level, unknown).m),
            u=_share(unlike[level], unlike.total(), prior.get(level, unknown).u),
        )
        for level in sorted(seen)
    }
    return {**prior, **estimated}


def _share(count: int, total: int, assumed: float) -> float:
    """The share that count of total is, pulled towards what was assumed; never zero."""
    weight = max(0.5, PRIOR_PAIRS * assumed)
    return min(1.0, (count + weight) / (total + weight / assumed))
