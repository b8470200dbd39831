"""What all processes count together: the requests to each remote account, by urgency, and wrong API keys."""

from hub.budget.broker import AccountBudget, Budgets, open_budgets
from hub.budget.connection import ConnectionBudget
from hub.budget.failures import Failures
from hub.budget.meter import CallKey, Meter, Purpose, calls_for
from hub.budget.pace import Standing
from hub.budget.priority import RANKS, Priority, at_priority

__all__ = [
    "RANKS",
    "AccountBudget",
    "Budgets",
    "CallKey",
    "ConnectionBudget",
    "Failures",
    "Meter",
    "Priority",
    "Purpose",
    "Standing",
    "at_priority",
    "calls_for",
    "open_budgets",
]
