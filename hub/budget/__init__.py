"""The budget broker: paces the requests to each remote account over all workers."""

from hub.budget.priority import Priority, at_priority

__all__ = ["Priority", "at_priority"]
