"""Which record of the hub an incoming one belongs to: a link, a new record, or a question to a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from hub.domain.matching.features import Features
from hub.domain.matching.scoring import MatchScore, Verdict, decide, score
from hub.domain.matching.weights import Weights, WeightTable, default_weights

Id = TypeVar("Id")


class Decision(StrEnum):
    """`link` to `Choice.chosen`, make a `new` record, or `review`: a person chooses among `Choice.ranked`."""

    LINK = "link"
    NEW = "new"
    REVIEW = "review"


class Reason(StrEnum):
    """Why a choice was made as it was."""

    SURE = "sure"
    """One candidate is the same beyond doubt; rivals, where there are any, are duplicates of it."""
    NOTHING_ALIKE = "nothing_alike"
    NOT_SURE = "not_sure"
    """The best candidate may be the same, but the evidence does not suffice."""
    AMBIGUOUS = "ambiguous"
    """Several candidates that are not one another are about equally good."""
    TAKEN = "taken"
    """The best candidate is already linked to another record of the incoming system: a suspected duplicate in it."""


@dataclass(frozen=True, slots=True)
class Candidate(Generic[Id]):
    """A record of the hub that shares a key with the incoming one.

    `taken` says that it is already linked to another record of the connection that the incoming one comes from.
    """

    id: Id
    features: Features
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Ranked(Generic[Id]):
    """A candidate with its score and verdict."""

    candidate: Candidate[Id]
    score: MatchScore
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Choice(Generic[Id]):
    """What to do with an incoming record; `ranked` are its candidates that are not simply different, best first.

    `chosen` is set with `link` only. `same` or `review` entries of `ranked` beside the chosen one are suspected
    duplicates inside the hub.
    """

    decision: Decision
    reason: Reason
    chosen: Id | None
    ranked: tuple[Ranked[Id], ...]


def choose(incoming: Features, candidates: Sequence[Candidate[Id]], *, weights: Weights | None = None) -> Choice[Id]:
    """Decide on one incoming record. The order of `candidates` settles ties only: of equals the first is taken."""
    weights = weights or default_weights()
    ranked = _rank(incoming, candidates, weights)
    best = ranked[0] if ranked else None
    if best is None or best.verdict is Verdict.FAMILY:
        return Choice(Decision.NEW, Reason.NOTHING_ALIKE, None, ranked)
    reason = _reason(best, ranked[1:], weights)
    if reason is Reason.SURE:
        return Choice(Decision.LINK, reason, best.candidate.id, ranked)
    return Choice(Decision.REVIEW, reason, None, ranked)


def _rank(incoming: Features, candidates: Sequence[Candidate[Id]], weights: Weights) -> tuple[Ranked[Id], ...]:
    """Candidates that are not different: `same` before `review` before `family`, then by score."""
    scored = ((candidate, score(incoming, candidate.features, weights=weights)) for candidate in candidates)
    judged = (Ranked(candidate, s, decide(s, weights=weights)) for candidate, s in scored)
    alike = [ranked for ranked in judged if ranked.verdict is not Verdict.DIFFERENT]
    return tuple(sorted(alike, key=lambda ranked: (_ORDER[ranked.verdict], -ranked.score.total)))


_ORDER = {Verdict.SAME: 0, Verdict.REVIEW: 1, Verdict.FAMILY: 2}


def _reason(best: Ranked[Id], others: Sequence[Ranked[Id]], weights: Weights) -> Reason:
    if best.verdict is not Verdict.SAME:
        return Reason.NOT_SURE
    table = _table(best, weights)
    rivals = [o for o in others if o.verdict is Verdict.SAME and best.score.total - o.score.total < table.margin]
    if best.candidate.taken or any(rival.candidate.taken for rival in rivals):
        return Reason.TAKEN
    if all(_duplicates(best.candidate, rival.candidate, weights) for rival in rivals):
        return Reason.SURE
    return Reason.AMBIGUOUS


def _duplicates(a: Candidate[Id], b: Candidate[Id], weights: Weights) -> bool:
    return decide(score(a.features, b.features, weights=weights), weights=weights) is Verdict.SAME


def _table(ranked: Ranked[Id], weights: Weights) -> WeightTable:
    return weights.organization if ranked.score.organization else weights.person
