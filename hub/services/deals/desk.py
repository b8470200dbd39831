"""What every use case of deal registration works with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub.domain.deals.calendar import BusinessCalendar, add_business
from hub.domain.deals.policy import Policy
from hub.services.deals.candidates import Candidates


@dataclass(frozen=True)
class Desk:
    """The policy that judges, and the search for what may be the same customer."""

    policy: Policy
    candidates: Candidates

    @property
    def calendar(self) -> BusinessCalendar:
        return self.policy.calendar

    def due_to_see(self, kind: str, raised_at: datetime) -> datetime | None:
        """Until when an alert of this kind should have been seen; None where the policy sets no time."""
        hours = self.policy.acknowledge_within.get(kind)
        return None if hours is None else add_business(self.calendar, raised_at, hours)
