"""The rules, each a function of the case and its parameters; all are evaluated, none stops another."""

from hub.domain.deals.registry import RULES
from hub.domain.deals.rules import credit, direct, duplicates, gates, market, process

__all__ = ["RULES", "credit", "direct", "duplicates", "gates", "market", "process"]
