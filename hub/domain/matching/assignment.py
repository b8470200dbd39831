"""One-to-one links between two systems from scored pairs, taken only where no other pair competes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hub.domain.matching.scoring import Verdict


class ScoredPair(NamedTuple):
    """A record of one system, a record of the other, and what their comparison gave."""

    left: str
    right: str
    total: float
    verdict: Verdict

    @property
    def ends(self) -> tuple[str, str]:
        """Both ids."""
        return self.left, self.right


@dataclass(frozen=True, slots=True)
class Assignment:
    """`links` use every record at most once; `reviews` are all other pairs a person should see."""

    links: tuple[ScoredPair, ...]
    reviews: tuple[ScoredPair, ...]


def assign(
    pairs: Sequence[ScoredPair],
    *,
    margin: float,
    left_groups: Mapping[str, str],
    right_groups: Mapping[str, str],
) -> Assignment:
    """Link pairs judged `same`, best first, where both ends are free and no rival comes within `margin`.

    A rival is another `same` pair of one of the two records whose other end belongs to another group. Groups name
    suspected duplicates inside one system (see `duplicate_groups`); a record outside them is a group of its own.
    """
    ordered = sorted(pairs, key=lambda pair: (-pair.total, pair.left, pair.right))
    sure = [pair for pair in ordered if pair.verdict is Verdict.SAME]
    of_left, of_right = _by_end(sure, 0), _by_end(sure, 1)
    used: set[tuple[int, str]] = set()
    links: list[ScoredPair] = []
    for pair in sure:
        ends = {(0, pair.left), (1, pair.right)}
        rivals = _rivals(pair, of_left[pair.left], groups=right_groups, end=1, margin=margin)
        rivals += _rivals(pair, of_right[pair.right], groups=left_groups, end=0, margin=margin)
        if not rivals and not ends & used:
            used |= ends
            links.append(pair)
    linked = set(links)
    waiting = (pair for pair in ordered if pair.verdict in (Verdict.SAME, Verdict.REVIEW))
    return Assignment(tuple(links), tuple(pair for pair in waiting if pair not in linked))


def duplicate_groups(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Group name (its smallest id) of every id in `pairs`; ids connected through pairs share a group."""
    parent: dict[str, str] = {}

    def root(node: str) -> str:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for a, b in pairs:
        first, second = sorted((root(a), root(b)))
        parent[second] = first
    return {node: root(node) for node in list(parent)}


def _rivals(
    pair: ScoredPair, others: Sequence[ScoredPair], *, groups: Mapping[str, str], end: int, margin: float
) -> list[ScoredPair]:
    group = groups.get(pair.ends[end], pair.ends[end])
    return [
        other
        for other in others
        if groups.get(other.ends[end], other.ends[end]) != group and pair.total - other.total < margin
    ]


def _by_end(pairs: Sequence[ScoredPair], end: int) -> dict[str, list[ScoredPair]]:
    found: dict[str, list[ScoredPair]] = defaultdict(list)
    for pair in pairs:
        found[pair.ends[end]].append(pair)
    return found
