"""Weights and thresholds from labelled records, so that every installation can re-estimate its own."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from math import ceil, log2
from zlib import crc32

from hub.domain.matching.compare import compare
from hub.domain.matching.evaluate import ScoredPairs, pairs_within, score_candidates
from hub.domain.matching.features import Features
from hub.domain.matching.scoring import Verdict
from hub.domain.matching.weights import Chances, Weights

_CERTAINTY = 0.999
_UNLIKE_PAIRS = 100_000
_STEP = 0.5
_PLANNED_RECORDS = 1_000_000
_CHANCE_FLOOR = log2(_PLANNED_RECORDS) + log2(_CERTAINTY / (1 - _CERTAINTY))
"""Bits that two of a million records must gather to be one and the same with that certainty (Bayes)."""


def half_of(labels: Mapping[str, str], *, half: int, seed: int = 0) -> dict[str, str]:
    """The labels of one half (0 or 1) of the clusters: whole clusters, the same ones for the same seed."""
    return {i: cluster for i, cluster in labels.items() if crc32(f"{seed}:{cluster}".encode()) & 1 == half}


def estimate_chances(
    features: Mapping[str, Features], *, labels: Mapping[str, str], seed: int = 0
) -> dict[str, dict[str, Chances]]:
    """Per feature and level, how often it occurs among pairs of one cluster (m) and among pairs drawn blindly (u)."""
    alike = _levels((features[a], features[b]) for a, b in _labelled_pairs(labels))
    unlike = _levels((features[a], features[b]) for a, b in _unlike_pairs(labels, seed=seed))
    return {feature: _chances(alike[feature], unlike[feature]) for feature in sorted(alike.keys() | unlike.keys())}


def estimate_thresholds(
    features: Mapping[str, Features],
    *,
    labels: Mapping[str, str],
    weights: Weights,
    precision: float,
    recall: float,
) -> Weights:
    """`weights` with the organisation thresholds that these labels ask for.

    `same` is the lowest that keeps `precision` of the automatic pairs, `review` the highest that still finds `recall`
    of all labelled pairs when those left to a person count as found.
    """
    open_table = replace(weights.organization, same=0.0, review=0.0)
    scored = score_candidates(features, weights=replace(weights, organization=open_table))
    same = _same_threshold(scored, labels=labels, precision=precision)
    review = min(same, _review_threshold(scored, labels=labels, recall=recall))
    return replace(weights, organization=replace(weights.organization, same=same, review=review))


def _same_threshold(scored: ScoredPairs, *, labels: Mapping[str, Hashable], precision: float) -> float:
    """The lowest step that keeps `precision` here, but never less than chance agreement among many records asks for."""
    sure = [(s.total, labels[a] == labels[b]) for (a, b), (s, verdict) in scored.items() if verdict is Verdict.SAME]
    threshold = ceil(_CHANCE_FLOOR / _STEP) * _STEP
    while not _keeps([right for total, right in sure if total >= threshold], precision):
        threshold += _STEP
    return threshold


def _keeps(right: Sequence[bool], precision: float) -> bool:
    return not right or sum(right) / len(right) >= precision


def _review_threshold(scored: ScoredPairs, *, labels: Mapping[str, Hashable], recall: float) -> float:
    """The highest step above which `recall` of the labelled pairs lie; 0 where blocking alone loses more."""
    right = sorted((s.total for (a, b), (s, _) in scored.items() if labels[a] == labels[b]), reverse=True)
    needed = ceil(recall * pairs_within(labels))
    if needed > len(right):
        return 0.0
    return max(0.0, right[needed - 1] // _STEP * _STEP)


def _labelled_pairs(labels: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    clusters: dict[str, list[str]] = defaultdict(list)
    for i, cluster in labels.items():
        clusters[cluster].append(i)
    for members in clusters.values():
        yield from combinations(members, 2)


def _unlike_pairs(labels: Mapping[str, str], *, seed: int) -> Iterable[tuple[str, str]]:
    draw = random.Random(seed)  # noqa: S311 - a repeatable sample, not a secret
    ids = sorted(labels)
    for _ in range(_UNLIKE_PAIRS):
        a, b = draw.sample(ids, 2)
        if labels[a] != labels[b]:
            yield a, b


def _levels(pairs: Iterable[tuple[Features, Features]]) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for a, b in pairs:
        for agreement in compare(a, b):
            counts[agreement.feature][agreement.level] += 1
    return counts


def _chances(alike: Counter[str], unlike: Counter[str]) -> dict[str, Chances]:
    """Shares of each level, smoothed by half an observation so that none is zero."""
    levels = sorted(alike.keys() | unlike.keys())
    m_total, u_total = alike.total() + len(levels) / 2, unlike.total() + len(levels) / 2
    return {level: Chances(m=(alike[level] + 0.5) / m_total, u=(unlike[level] + 0.5) / u_total) for level in levels}
