"""Several questions to the database in one statement."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar, overload

from hub.db.session import Tx

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")

_PARAMETER = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """A SELECT of one JSON value with named parameters, and what reads the answer's text.

    Questions that are asked together may share parameters of one name and value. One whose SELECT hardly comes twice
    does not recur: it is not worth preparing.
    """

    sql: str
    given: Mapping[str, object]
    read: Callable[[str], T]
    recurs: bool = True

    def then(self, make: Callable[[T], A]) -> Question[A]:
        """The question whose answer is made of this one's."""
        read = self.read
        return Question(self.sql, self.given, lambda text: make(read(text)), self.recurs)


@overload
async def ask(tx: Tx, a: Question[A], /) -> tuple[A]: ...
@overload
async def ask(tx: Tx, a: Question[A], b: Question[B], /) -> tuple[A, B]: ...
@overload
async def ask(tx: Tx, a: Question[A], b: Question[B], c: Question[C], /) -> tuple[A, B, C]: ...
@overload
async def ask(tx: Tx, a: Question[A], b: Question[B], c: Question[C], d: Question[D], /) -> tuple[A, B, C, D]: ...
async def ask(tx: Tx, /, *questions: Question[Any]) -> tuple[Any, ...]:
    """The answers, all of one moment. What each costs by itself is little beside what every statement costs."""
    given: dict[str, object] = {}
    for question in questions:
        for name, value in question.given.items():
            assert given.setdefault(name, value) == value, f"two questions mean different things by {name}"
    statement, names = _whole(tuple(question.sql for question in questions))
    prepared = all(question.recurs for question in questions)
    [row] = await tx.numbered(statement, [given[name] for name in names], prepared=prepared)
    return tuple(question.read(text) for question, text in zip(questions, row, strict=True))


def rows_as_json(select: str) -> str:
    """The rows of a SELECT as one JSON array."""
    return f"select coalesce(json_agg(row), '[]') from ({select}) row"


@lru_cache(maxsize=256)
def _whole(selects: tuple[str, ...]) -> tuple[bytes, tuple[str, ...]]:
    """One statement with numbered parameters, and their names in that order."""
    whole = "select " + ", ".join(f"({select})::text" for select in selects)
    names = tuple(dict.fromkeys(_PARAMETER.findall(whole)))
    numbers = {name: f"${n}" for n, name in enumerate(names, 1)}
    return _PARAMETER.sub(lambda found: numbers[found[1]], whole).encode(), names
