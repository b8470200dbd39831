"""Records of which it is known who is who: what weights are estimated from and judged by."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from math import comb
from zlib import crc32

from hub.domain.matching.features import Features

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Labelled:
    """Records of one kind by id, and what is known about pairs of them.

    `groups`: what belongs together by record id; records of two groups are different ones. `decided`: the pairs that
    somebody decided on, True where they are one; None where the groups say it all, as in a labelled list.
    """

    features: Mapping[str, Features]
    groups: Mapping[str, str]
    decided: Mapping[Pair, bool] | None = None

    def half(self, half: int, *, seed: int = 0) -> Labelled:
        """One half (0 or 1) of it: whole groups, the same ones for the same seed."""
        groups = half_of(self.groups, half=half, seed=seed)
        decided = self.decided
        if decided is not None:
            decided = {pair: same for pair, same in decided.items() if pair[0] in groups}
        return Labelled({i: self.features[i] for i in groups}, groups, decided)

    def same_pairs(self) -> Iterator[Pair]:
        """The pairs known to be one and the same."""
        if self.decided is not None:
            yield from (pair for pair, same in self.decided.items() if same)
            return
        members: dict[str, list[str]] = defaultdict(list)
        for i, group in self.groups.items():
            members[group].append(i)
        for ids in members.values():
            yield from combinations(ids, 2)

    def blind_pairs(self, *, draws: int, seed: int) -> Iterator[Pair]:
        """Different records as blind chance puts them together: all pairs, or so many, the same ones for a seed."""
        draw = random.Random(seed)  # noqa: S311 - a repeatable sample, not a secret
        ids = sorted(self.groups)
        few = comb(len(ids), 2) <= draws
        pairs = combinations(ids, 2) if few else (draw.sample(ids, 2) for _ in range(draws))
        return ((a, b) for a, b in pairs if self.groups[a] != self.groups[b])


def half_of(groups: Mapping[str, str], *, half: int, seed: int = 0) -> dict[str, str]:
    """The records of one half (0 or 1) of the groups: whole groups, the same ones for the same seed."""
    return {i: group for i, group in groups.items() if crc32(f"{seed}:{group}".encode()) & 1 == half}
