"""Why two records are one or not, feature by feature."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from hub.db import records
from hub.db.session import Tx
from hub.domain.matching import Weights, decide, match_keys, score
from hub.record.definition import RecordType
from hub.services.labelled_lists import features_of, kind_of_type
from hub.services.refusals import NotFound


@dataclass(frozen=True, slots=True)
class Point:
    """One feature of both records: the level they reach, its weight in bits, and the values."""

    feature: str
    level: str
    weight: float
    a: str
    b: str


@dataclass(frozen=True, slots=True)
class Explained:
    """The evidence on two records, what it adds up to, and what follows.

    `same` and `review` are the totals from which on the one or the other follows; `shared_keys` are what would bring
    them together: records without any are never compared.
    """

    a: UUID
    b: UUID
    verdict: str
    total: float
    same: float
    review: float
    shared_keys: tuple[str, ...]
    evidence: tuple[Point, ...]


async def explain_pair(tx: Tx, record_type: RecordType, *, one: UUID, other: UUID, weights: Weights) -> Explained:
    """Raises NotFound for a record that is not there, Invalid for a type that is not matched by evidence."""
    kind = kind_of_type(record_type)
    stored = await records.load(tx, record_type, [one, other])
    for record_id in (one, other):
        if record_id not in stored:
            raise NotFound(f"There is no {record_type.name} {record_id}.")
    a, b = (features_of(stored[i].values, kind) for i in (one, other))
    scored = score(a, b, weights=weights)
    table = weights.organization if kind == "organization" else weights.person
    return Explained(
        a=one,
        b=other,
        verdict=decide(scored, weights=weights).value,
        total=scored.total,
        same=table.same,
        review=table.review,
        shared_keys=tuple(key for key in match_keys(a) if key in match_keys(b)),
        evidence=tuple(Point(*e) for e in scored.evidence),
    )
