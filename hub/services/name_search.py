"""The organisations that a name may mean, however it is spelt."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from uuid import UUID

import structlog

from hub.db import name_index
from hub.db.name_index import Named
from hub.db.questions import Question, ask
from hub.db.session import Tx
from hub.domain.matching import KeyShares, OrganizationFeatures, key_sets, likenesses, sought_parts, spelt

log = structlog.get_logger()

NEAREST = 10
LEAST_LIKENESS, MOST_BEHIND = 60.0, 15.0
MOST_NAMES = 3
MOST_LOOKED_AT = 1_500
_LEARN_EVERY, _WHILE_NOTHING_IS_KNOWN = 600.0, 20.0  # seconds: how frequent keys are changes slowly


@dataclass
class NameSearch:
    """Searches by what this process knows of how frequent keys are; it asks for that now and then."""

    _shares: KeyShares = field(default_factory=KeyShares)
    _learned_at: float | None = None

    async def nearest(self, tx: Tx, sought: Sequence[OrganizationFeatures]) -> list[dict[UUID, float]]:
        """For each at most `NEAREST` organisations, with the likeness of their names to one of its own, likest first.

        Those whose likeness is far behind that of the likest are none. One query for all of them.
        """
        [found] = await ask(tx, await self.question(tx, sought))
        return found

    async def question(self, tx: Tx, sought: Sequence[OrganizationFeatures]) -> Question[list[dict[UUID, float]]]:
        """`nearest`, to be asked together with others."""
        await self._learn(tx)
        names = [(at, words) for at, features in enumerate(sought) for words in spelt(features)[:MOST_NAMES]]
        groups = [key_sets(sought_parts(words, self._shares)) for _, words in names]

        def nearest(found: list[list[Named]]) -> list[dict[UUID, float]]:
            best: list[dict[UUID, float]] = [{} for _ in sought]
            for (at, words), rows in zip(names, found, strict=True):
                if len(rows) > MOST_LOOKED_AT:
                    log.info("names_truncated", name=" ".join(words), most=MOST_LOOKED_AT)
                _take_likest(best[at], " ".join(words), rows)
            return [_likest(of) for of in best]

        return name_index.having(groups, most=MOST_LOOKED_AT + 1).then(nearest)

    async def _learn(self, tx: Tx) -> None:
        now = time.monotonic()
        every = _LEARN_EVERY if self._shares.frequent else _WHILE_NOTHING_IS_KNOWN
        if self._learned_at is None or now - self._learned_at > every:
            self._learned_at = now
            self._shares = KeyShares(*await name_index.shares(tx))


def _likest(found: Mapping[UUID, float]) -> dict[UUID, float]:
    least = max(found.values(), default=0.0) - MOST_BEHIND
    near = [item for item in found.items() if item[1] >= least]
    return dict(nsmallest(NEAREST, near, key=lambda item: (-item[1], item[0])))


def _take_likest(best: dict[UUID, float], text: str, rows: Sequence[Named]) -> None:
    whose = [(record_id, name) for record_id, names in rows for name in names]
    likest = likenesses(text, [name for _, name in whose], least=LEAST_LIKENESS)
    for (record_id, _), likeness in zip(whose, likest, strict=True):
        if likeness and likeness > best.get(record_id, 0.0):
            best[record_id] = likeness
