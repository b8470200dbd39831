"""Whose the fields of a registration are: the lifecycle's, the partner's word that was judged, or anybody's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hub.domain.deals.states import ENDED, Status
from hub.domain.merge import FieldMerge
from hub.record.deals import DEAL_REGISTRATION

HUB_OWNED = (
    "stage",
    "review_status",
    "submitted_at",
    "complete_at",
    "eligible_at",
    "decided_at",
    "rejection_code",
    "rejection_reason",
    "protection_ends",
    "opportunity",
)
"""Fields of the record that the lifecycle writes and nobody submits."""

LIFECYCLE = frozenset(HUB_OWNED) - {"opportunity"}
"""Fields that follow from the review, whatever a system says of them."""

JUDGED = (
    frozenset(f.name for f in DEAL_REGISTRATION.own_fields)
    - set(HUB_OWNED)
    - {
        "name",
        "partner_reference",
        "customer",
    }
)
"""What the partner claims and the rules judged by: not changed beside the review."""

SUBMITTED_STAGES = ("submitted", "in_review")
OPEN_STAGES = ("draft", "submitted")
DECIDED_STAGES: dict[str, Status] = {
    "approved": Status.APPROVED,
    "rejected": Status.REJECTED,
    "won": Status.WON,
    "lost": Status.LOST,
    "expired": Status.EXPIRED,
    "withdrawn": Status.WITHDRAWN,
}
"""What a system's stage says of a registration that was decided there."""

OF_THE_REVIEW = "follows from the review of the registration"
HELD = "was judged: it changes by an answer or an amendment only"


def closed_fields(review_status: object) -> frozenset[str]:
    """What nobody writes beside the review of a submitted registration; once it has ended, what was judged is free."""
    return LIFECYCLE if review_status in ENDED else LIFECYCLE | JUDGED


def under_review(rules: Mapping[str, FieldMerge]) -> dict[str, FieldMerge]:
    """The merge rules of an object for registrations that were submitted.

    What a system says of the lifecycle is overruled; its edits of what was judged wait as conflicts.
    """
    return {name: _under_review(name, rule) for name, rule in rules.items()}


def _under_review(name: str, rule: FieldMerge) -> FieldMerge:
    if name in LIFECYCLE:
        return replace(rule, policy="system_of_record", owner=False, locked=None, limit=None, rule=OF_THE_REVIEW)
    return replace(rule, held=HELD) if name in JUDGED else rule
