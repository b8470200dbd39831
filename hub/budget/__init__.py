"""The budget broker: paces the requests to each remote account over all workers, by how urgent they are."""

from hub.budget.broker import AccountBudget, Budgets, open_budgets
from hub.budget.priority import Priority, at_priority

__all__ = ["AccountBudget", "Budgets", "Priority", "at_priority", "open_budgets"]
