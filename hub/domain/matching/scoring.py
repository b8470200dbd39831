"""The score of two records as a sum of printable pieces of evidence, and the verdict it allows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from hub.domain.matching.compare import compare
from hub.domain.matching.features import Features, OrganizationFeatures
from hub.domain.matching.weights import Weights, WeightTable

ALIKE = ("equal", "close", "contained")
"""Levels of a name that let another feature's agreement count."""


class Verdict(StrEnum):
    """`same`: one and the same. `family`: same group, another site or legal entity. `review`: a person decides."""

    SAME = "same"
    FAMILY = "family"
    REVIEW = "review"
    DIFFERENT = "different"


class Evidence(NamedTuple):
    """One feature's share in a score: `weight` is log2(m/u) in bits, negative when it speaks against."""

    feature: str
    level: str
    weight: float
    a: str
    b: str

    def __str__(self) -> str:
        return f"{self.weight:+6.2f}  {self.feature} {self.level}: {self.a!r} / {self.b!r}"


@dataclass(frozen=True, slots=True)
class MatchScore:
    """The evidence on two records and its sum in bits."""

    total: float
    evidence: tuple[Evidence, ...]
    organization: bool

    def as_rows(self) -> list[dict[str, str | float]]:
        """The evidence as rows to store and show; `theirs` is of the first record scored, `ours` of the second."""
        return [
            {"feature": e.feature, "level": e.level, "weight": e.weight, "theirs": e.a, "ours": e.b}
            for e in self.evidence
        ]

    def found(self, feature: str, *levels: str) -> bool:
        """Whether `feature` reached one of `levels`."""
        return any(e.feature == feature and e.level in levels for e in self.evidence)


def score(a: Features, b: Features, *, weights: Weights) -> MatchScore:
    """Compare two records of one kind; a level that the weights do not know weighs nothing."""
    organization = isinstance(a, OrganizationFeatures)
    table = (weights.organization if organization else weights.person).weights
    evidence = [
        Evidence(feature, level, table.get(feature, {}).get(level, 0.0), x, y) for feature, level, x, y in compare(a, b)
    ]
    return MatchScore(round(sum([e.weight for e in evidence]), 2), tuple(evidence), organization)


def decide(score: MatchScore, *, weights: Weights) -> Verdict:
    """The verdict on a score. Names alone never give `same`; different verified identifiers never do."""
    if score.organization:
        return _organizations(score, weights.organization)
    return _persons(score, weights.person)


def _organizations(score: MatchScore, table: WeightTable) -> Verdict:
    if score.found("identifier", "different"):
        # The same number in another scheme contradicts that: a person looks. Else it is at most the same group.
        if score.found("identifier", "same"):
            return Verdict.REVIEW
        return Verdict.FAMILY if score.total >= table.review or _one_group(score) else Verdict.DIFFERENT
    if score.total >= table.same and _corroborated(score):
        return Verdict.SAME
    if score.found("place", "other_country") and not score.found("identifier", "same") and _one_group(score):
        return Verdict.FAMILY
    if score.total >= table.review:
        return Verdict.REVIEW
    return Verdict.FAMILY if _one_group(score) else Verdict.DIFFERENT


def _corroborated(score: MatchScore) -> bool:
    """An identifier; or a like name, one way to reach it that agrees, and no sign of another site or legal entity."""
    if score.found("name_number", "contradicting") or score.found("place", "other_country"):
        return False
    if score.found("identifier", "same"):
        return True
    if score.found("legal_form", "contradicting"):
        return False
    reached = (
        score.found("domain", "same")
        or score.found("email", "same")
        or score.found("phone", "same")
        or score.found("street", "same")
    )
    return reached and score.found("name", *ALIKE) and not _elsewhere(score)


def _elsewhere(score: MatchScore) -> bool:
    return score.found("street", "near", "different") or score.found(
        "place", "close_postcode", "other_postcode", "other_city"
    )


def _one_group(score: MatchScore) -> bool:
    """A shared domain, or a shared phone with a like name: one group, though not one site or legal entity."""
    if score.found("domain", "same"):
        return True
    return score.found("phone", "same") and score.found("name", *ALIKE, "partial")


def _persons(score: MatchScore, table: WeightTable) -> Verdict:
    """A personal mailbox or phone identifies a person only together with the name; a shared mailbox is always asked."""
    reached = score.found("email", "same") or score.found("phone", "same")
    named = score.found("last_name", "same") and not score.found("first_name", "different")
    if score.total >= table.same and reached and named:
        return Verdict.SAME
    asked = score.total >= table.review or score.found("email", "same")
    return Verdict.REVIEW if asked else Verdict.DIFFERENT
