"""The kit from which emulators of vendors' APIs are built."""

from hub.sdk.sandbox.base import Answer, ContractObject, FieldChanges, Sandbox, SandboxSpec
from hub.sdk.sandbox.faults import Fault, Faults
from hub.sdk.sandbox.world import SandboxClock, StoredRecord, World

__all__ = [
    "Answer",
    "ContractObject",
    "Fault",
    "Faults",
    "FieldChanges",
    "Sandbox",
    "SandboxClock",
    "SandboxSpec",
    "StoredRecord",
    "World",
]
