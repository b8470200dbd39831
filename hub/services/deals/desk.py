"""What every use case of deal registration works with."""

from __future__ import annotations

from dataclasses import dataclass

from hub.domain.deals.calendar import BusinessCalendar
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
