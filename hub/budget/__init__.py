"""What all processes count together: the requests to each remote account, by urgency, and wrong API keys."""

from hub.budget.broker import AccountBudget, Budgets, open_budgets
from hub.budget.failures import Failures
from hub.budget.pace import Standing
from hub.budget.priority import RANKS, Priority, at_priority

__all__ = [
    "RANKS",
    "AccountBudget",
    "Budgets",
    "Failures",
    "Priority",
    "Standing",
    "at_priority",
    "open_budgets",
]
