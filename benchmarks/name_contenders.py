"""Other ways to find the firm that a misspelt name means: a scan, an index in memory, pg_trgm."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence

import psycopg
from rapidfuzz import fuzz, process

RAREST = 10
MOST_POSTINGS = 60_000
RERANKED = 200


class Scan:
    """Every name is compared, by rapidfuzz, in one process."""

    name = "rapidfuzz scan"

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts

    def first(self, text: str) -> str | None:
        found = process.extractOne(text, self._texts, scorer=fuzz.ratio)
        return found[0] if found else None


class MemoryIndex:
    """The posting lists of the rarest trigrams, counted; rapidfuzz compares the names that share most of them."""

    name = "trigrams in memory"

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._lists: dict[str, array[int]] = {}
        for number, text in enumerate(texts):
            for gram in _trigrams(text):
                self._lists.setdefault(gram, array("i")).append(number)

    def first(self, text: str) -> str | None:
        lists = sorted((self._lists[gram] for gram in _trigrams(text) if gram in self._lists), key=len)
        shared: Counter[int] = Counter()
        read = 0
        for postings in lists[:RAREST]:
            read += len(postings)
            if shared and read > MOST_POSTINGS:
                break
            shared.update(postings)
        likest = [self._texts[number] for number, _ in shared.most_common(RERANKED)]
        found = process.extractOne(text, likest, scorer=_either_way)
        return found[0] if found else None


class Trgm:
    """The extension pg_trgm with its GIN index: names at least half alike, the likest first."""

    name = "pg_trgm at 0.5"

    def __init__(self, connection: psycopg.Connection, texts: Iterable[str]) -> None:
        self._connection = connection
        connection.execute("create extension if not exists pg_trgm")
        connection.execute("drop table if exists firm")
        connection.execute("create temp table firm (name text)")
        with connection.cursor() as cursor, cursor.copy("copy firm from stdin") as copy:
            for text in texts:
                copy.write_row((text,))
        connection.execute("create index on firm using gin (name gin_trgm_ops)")
        connection.execute("analyze firm")
        connection.execute("set pg_trgm.similarity_threshold = 0.5")

    def first(self, text: str) -> str | None:
        row = self._connection.execute(
            "select name from firm where name %% %s order by similarity(name, %s) desc limit 1", (text, text)
        ).fetchone()
        return row[0] if row else None


def _trigrams(text: str) -> set[str]:
    """Three letters in a row, the ends of words being letters too."""
    return {padded[i : i + 3] for word in text.split() for padded in [f" {word} "] for i in range(len(padded) - 2)}


def _either_way(a: str, b: str, **_: object) -> float:
    return max(fuzz.ratio(a, b), fuzz.token_sort_ratio(a, b))
