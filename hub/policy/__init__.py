"""Policies of deal registration as files: read, checked, and tried with the cases beside them."""

from hub.policy.errors import PolicyError
from hub.policy.load import SHIPPED, load_policy

__all__ = ["SHIPPED", "PolicyError", "load_policy"]
