"""Matching: which records of two systems are one organisation or one person."""

from hub.domain.matching.assignment import Assignment, ScoredPair, assign, duplicate_groups
from hub.domain.matching.choice import Candidate, Choice, Decision, Ranked, Reason, choose
from hub.domain.matching.features import (
    Features,
    OrganizationFeatures,
    PersonFeatures,
    organization_features,
    person_features,
)
from hub.domain.matching.keys import MAX_KEYS, match_keys
from hub.domain.matching.misspelt import KeyShares, Part, key_sets, likenesses, sought_parts, spelling_keys, spelt
from hub.domain.matching.scoring import Evidence, MatchScore, Verdict, decide, score
from hub.domain.matching.weights import Weights, default_weights, parse_weights, weights_text

__all__ = [
    "MAX_KEYS",
    "Assignment",
    "Candidate",
    "Choice",
    "Decision",
    "Evidence",
    "Features",
    "KeyShares",
    "MatchScore",
    "OrganizationFeatures",
    "Part",
    "PersonFeatures",
    "Ranked",
    "Reason",
    "ScoredPair",
    "Verdict",
    "Weights",
    "assign",
    "choose",
    "decide",
    "default_weights",
    "duplicate_groups",
    "key_sets",
    "likenesses",
    "match_keys",
    "organization_features",
    "parse_weights",
    "person_features",
    "score",
    "sought_parts",
    "spelling_keys",
    "spelt",
    "weights_text",
]
