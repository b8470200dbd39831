"""How good a matcher is against labels: pairs, clusters (B-cubed) and links between two systems."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

from hub.domain.matching.assignment import duplicate_groups
from hub.domain.matching.choice import Candidate, Choice, choose
from hub.domain.matching.features import Features
from hub.domain.matching.keys import match_keys
from hub.domain.matching.labelled import Labelled, Pair
from hub.domain.matching.scoring import MatchScore, Verdict, decide, score
from hub.domain.matching.weights import Weights


class Judged(NamedTuple):
    """A pair of labelled records: what the matcher says of it, and whether it is one and the same."""

    ids: Pair
    score: MatchScore
    verdict: Verdict
    truth: bool


ScoredPairs = Sequence[Judged]


@dataclass(frozen=True, slots=True)
class Quality:
    """Shares between 0 and 1; `precision` is 1 when nothing was linked."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True, slots=True)
class MatcherQuality:
    """How a matcher does on all pairs of labelled records.

    `auto`: pairs judged same. `found`: pairs judged same or left to review. `b_cubed`: clusters of the auto pairs.
    """

    auto: Quality
    found: Quality
    reviews_per_record: float
    b_cubed: Quality


def matcher_quality(labelled: Labelled, *, weights: Weights) -> MatcherQuality:
    """Judge the pairs that were decided on, or every pair of a labelled list that shares a key."""
    scored = score_labelled(labelled, weights=weights)
    auto = [pair for pair in scored if pair.verdict is Verdict.SAME]
    reviews = [pair for pair in scored if pair.verdict is Verdict.REVIEW]
    findable = sum(1 for _ in labelled.same_pairs())
    truly = duplicate_groups(labelled.same_pairs())
    found = duplicate_groups(pair.ids for pair in auto)
    return MatcherQuality(
        auto=_quality(auto, findable),
        found=_quality([*auto, *reviews], findable),
        reviews_per_record=len(reviews) / max(1, len(labelled.features)),
        b_cubed=b_cubed(
            {i: found.get(i, i) for i in labelled.features}, labels={i: truly.get(i, i) for i in labelled.features}
        ),
    )


def score_labelled(labelled: Labelled, *, weights: Weights) -> ScoredPairs:
    """Score, verdict and truth of the pairs that were decided on, or of every pair that shares a key."""
    features, groups = labelled.features, labelled.groups
    if labelled.decided is not None:
        truths = labelled.decided
    else:
        truths = {(a, b): groups[a] == groups[b] for a, b in sorted(_candidates(features))}
    return [
        Judged(
            pair, s := score(features[pair[0]], features[pair[1]], weights=weights), decide(s, weights=weights), truth
        )
        for pair, truth in truths.items()
    ]


def link_systems(
    held: Mapping[str, Features], incoming: Mapping[str, Features], *, weights: Weights
) -> dict[str, Choice[str]]:
    """Choose for each incoming record in turn, as the first load of a second system does.

    A record that is not linked becomes one of the hub's own and so a candidate, taken, for those that follow.
    """
    known = {**held, **incoming}
    holders = _by_key(held)
    taken: set[str] = set()
    choices: dict[str, Choice[str]] = {}
    for i, features in incoming.items():
        keys = match_keys(features)
        near = sorted({other for key in keys for other in holders[key]})
        candidates = [Candidate(other, known[other], other in taken) for other in near]
        choice = choices[i] = choose(features, candidates, weights=weights)
        taken.add(i if choice.chosen is None else choice.chosen)
        if choice.chosen is None:
            for key in keys:
                holders[key].append(i)
    return choices


def pair_quality(pairs: Collection[tuple[str, str]], *, labels: Mapping[str, Hashable], findable: int) -> Quality:
    """Quality of linked pairs; `labels` are the true clusters, `findable` is how many right pairs there are."""
    right = sum(1 for a, b in pairs if labels[a] == labels[b])
    return Quality(
        precision=right / len(pairs) if pairs else 1.0,
        recall=right / findable if findable else 1.0,
    )


def pairs_within(labels: Mapping[str, Hashable]) -> int:
    """How many pairs of records share a cluster."""
    return sum(size * (size - 1) // 2 for size in Counter(labels.values()).values())


def links_between(left: Collection[str], right: Collection[str], *, labels: Mapping[str, Hashable]) -> int:
    """The most right one-to-one links that two systems allow: per cluster the smaller of its two shares."""
    there, here = Counter(labels[i] for i in left), Counter(labels[i] for i in right)
    return sum(min(count, here[cluster]) for cluster, count in there.items())


def b_cubed(found: Mapping[str, Hashable], *, labels: Mapping[str, Hashable]) -> Quality:
    """B-cubed quality of found clusters: per record the share of its found cluster that is right, and the reverse.

    Every record of `labels` must have a found cluster.
    """
    both: Counter[tuple[Hashable, Hashable]] = Counter((found[i], cluster) for i, cluster in labels.items())
    in_found: dict[Hashable, int] = defaultdict(int)
    in_truth: dict[Hashable, int] = defaultdict(int)
    for (group, cluster), count in both.items():
        in_found[group] += count
        in_truth[cluster] += count
    precision = sum(n * n / in_found[group] for (group, _), n in both.items()) / len(labels)
    recall = sum(n * n / in_truth[cluster] for (_, cluster), n in both.items()) / len(labels)
    return Quality(precision, recall)


def _quality(pairs: ScoredPairs, findable: int) -> Quality:
    right = sum(pair.truth for pair in pairs)
    return Quality(right / len(pairs) if pairs else 1.0, right / findable if findable else 1.0)


def _candidates(features: Mapping[str, Features]) -> set[Pair]:
    return {pair for ids in _by_key(features).values() for pair in combinations(sorted(ids), 2)}


def _by_key(features: Mapping[str, Features]) -> defaultdict[str, list[str]]:
    holders: defaultdict[str, list[str]] = defaultdict(list)
    for i, of_record in features.items():
        for key in match_keys(of_record):
            holders[key].append(i)
    return holders
