"""Misspelt names: which stored names may be meant, by the ends of their words with any one letter left out.

A short word is one part, a long one two: its first and its last letters. Two spellings of a part that are one typo
apart (a letter too many, too few, another one, or two exchanged) have a key in common, since each also stands with
every single letter left out. So names are found whose typos fall into different parts, wherever the words stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import combinations
from math import prod
from zlib import crc32

from rapidfuzz import fuzz
from rapidfuzz.process import extract

from hub.domain.matching.features import OrganizationFeatures

_END = 5
_LONG = 7
_MOST_GROUPS = 10
_MOST_EXPECTED = 100.0


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the `word`-th word of a name, with a key for each of its spellings."""

    word: int
    keys: tuple[int, ...]


@dataclass(frozen=True)
class KeyShares:
    """The share of all `names` that have a key, for each frequent one; every other key is rarer than these."""

    frequent: Mapping[int, float] = field(default_factory=dict)
    names: float = 0.0

    def telling(self, keys: tuple[int, ...]) -> tuple[int, ...]:
        """Of a part's keys those to look for; the first one is that of its own spelling.

        A spelling that is frequent is right. All names that have it have the other keys too, so asking for those as
        well costs several times as much and finds only names that are stored with a typo in this very part.
        """
        return keys[:1] if keys[0] in self.frequent else keys

    def of(self, part: Part) -> float:
        """The share of names that have a key of this part: about that of its most frequent key.

        Names that have one of them mostly have all: those of the right spelling.
        """
        frequent, rare = self.frequent, self._rare
        return max([frequent.get(key, rare) for key in part.keys])

    @cached_property
    def _rare(self) -> float:
        """Of an unknown key: most were never seen."""
        return min(self.frequent.values(), default=0.0) / 15


def spelt(features: OrganizationFeatures) -> list[tuple[str, ...]]:
    """The words of each name as it is written, and in Latin letters where it is of another script."""
    forms = [form for name in features.names for form in (name, name.latin) if form is not None]
    return list(dict.fromkeys(form.words for form in forms))


def spelling_keys(names: Iterable[Sequence[str]]) -> list[int]:
    """The keys under which a record with these names (each as its words) is found, as 32-bit numbers."""
    return sorted({key for words in names for word in words for keys in _parts(word) for key in keys})


def sought_parts(words: Sequence[str], shares: KeyShares) -> list[tuple[Part, ...]]:
    """Groups of parts, the single ones first. A name that has a key of every part of one group may be the one meant.

    Groups are as small as they are rare; together they let through about a hundred names. Where all words are so
    frequent that no group is rare, the rarest is all there is.
    """
    parts = [Part(n, shares.telling(keys)) for n, word in enumerate(dict.fromkeys(words)) for keys in _sought(word)]
    share = [shares.of(part) for part in parts]

    def expected(group: tuple[int, ...]) -> float:
        # Parts of one word come together; words are taken to be independent.
        by_word: dict[int, float] = {}
        for n in group:
            word = parts[n].word
            by_word[word] = min(share[n], by_word.get(word, 1.0))
        return prod(by_word.values()) * shares.names

    numbers = range(len(parts))
    chosen: list[tuple[int, ...]] = []
    room = _MOST_EXPECTED
    for size in (1, 2, 3):
        for cost, group in sorted((expected(group), group) for group in combinations(numbers, size)):
            if cost > room or len(chosen) == _MOST_GROUPS:
                break
            if not any(set(smaller) <= set(group) for smaller in chosen):
                chosen.append(group)
                room -= cost
    if parts and not chosen:
        chosen = [min(combinations(numbers, min(3, len(parts))), key=expected)]
    return [tuple(parts[n] for n in group) for group in chosen]


def key_sets(groups: Sequence[tuple[Part, ...]]) -> list[list[tuple[int, ...]]]:
    """The same groups as few sets of keys: a name has a key of every set of one of them.

    All single parts make one set; pairs that have one part in common make two, and so do all pairs of some parts with
    some others.
    """
    singles = [part for group in groups if len(group) == 1 for part in group]
    beside: dict[Part, list[Part]] = {}
    for group in groups:
        if len(group) == 2:
            beside.setdefault(group[0], []).append(group[1])
    first: dict[frozenset[Part], list[Part]] = {}
    for part, others in beside.items():
        first.setdefault(frozenset(others), []).append(part)
    return [
        *([[_keys_of(singles)]] if singles else []),
        *([_keys_of(parts), _keys_of(others)] for others, parts in first.items()),
        *([part.keys for part in group] for group in groups if len(group) > 2),
    ]


def _keys_of(parts: Iterable[Part]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(key for part in parts for key in part.keys))


def likenesses(text: str, others: Sequence[str], *, least: float = 0.0) -> list[float]:
    """How like each of the others is to `text`, from 0 to 100: as written or with the words sorted, the better one.

    What is below `least` is 0.
    """
    best = [0.0] * len(others)
    for scorer in (fuzz.ratio, fuzz.token_sort_ratio):
        for _, likeness, at in extract(text, others, scorer=scorer, limit=None, score_cutoff=least):
            best[at] = max(likeness, best[at])
    return best


@lru_cache(maxsize=65_536)
def _parts(word: str) -> tuple[tuple[int, ...], ...]:
    if len(word) < _LONG:
        return (_spellings("w", word),)
    return (_spellings("p", word[:_END]), _spellings("s", word[-_END:]))


@lru_cache(maxsize=65_536)
def _sought(word: str) -> tuple[tuple[int, ...], ...]:
    """As `_parts`; a letter more or less can make one part of two, and two of one."""
    parts = _parts(word)
    if len(word) == _LONG - 1:
        [whole] = parts
        return tuple((*whole, *end) for end in (_spellings("p", word[:_END]), _spellings("s", word[-_END:])))
    if len(word) == _LONG:
        return tuple((*end, *_spellings("w", word)) for end in parts)
    return parts


def _spellings(kind: str, text: str) -> tuple[int, ...]:
    """The text itself and then, from three letters on, without each of its letters."""
    texts = {text: None}
    if len(text) > 2:
        texts |= {text[:i] + text[i + 1 :]: None for i in range(len(text))}
    return tuple(crc32(f"{kind}{t}".encode()) - 2**31 for t in texts)
