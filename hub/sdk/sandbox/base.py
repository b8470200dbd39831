"""What every sandbox is: an emulator of a vendor's API over a world, with a door for humans and one for faults."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypedDict

from starlette.types import ASGIApp

from hub.sdk.records import WebhookRequest
from hub.sdk.sandbox.faults import Fault, Faults
from hub.sdk.sandbox.world import SandboxClock, World


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, as a sandbox wants it on the wire."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class FieldChanges(TypedDict, total=False):
    """What of a field is to be different, in the words of `hub.sdk.capabilities.RemoteField`."""

    type: str
    label: str
    writable: bool
    nullable: bool
    max_length: int
    values: list[str]


# All digits, or long and with a digit: record ids of every vendor, but no API version or resource name.
_LOOKS_LIKE_ID = re.compile(r"\d+|(?=[^/]*\d)[\w-]{12,}").fullmatch


class Sandbox(ABC):
    """Base of a vendor's emulator.

    A vendor's sandbox writes its API in `vendor_app` from the vendor's contract. The kit wraps it (`hub.sdk.sandbox.
    app.build_app`) with transport faults, the call log and the admin API under `/__sandbox__/`.

    The `human_*` methods are what a person does in the vendor's own screens: they obey the vendor's rules for ids,
    stamps, merges and deletions, and fire the vendor's webhooks. `fields` are the vendor's field names and JSON types.
    """

    name: ClassVar[str]
    # Standing switches with their defaults: the open points of the contract.
    switches: ClassVar[Mapping[str, Any]] = {}
    # Counted faults this sandbox understands besides the kit's transport faults: name -> what happens.
    faults_known: ClassVar[Mapping[str, str]] = {}

    def __init__(self, *, seed: int = 0, clock: SandboxClock | None = None) -> None:
        self.seed = seed
        self.clock = clock or SandboxClock()
        self.world = World(self.clock)
        self.faults = Faults(self.switches)
        # API requests served, by "METHOD /path/with/ids/folded"; admin requests are not counted.
        self.calls: Counter[str] = Counter()
        self.base_url = ""
        # Where webhooks are delivered; empty: they wait.
        self.webhook_target = ""

    @abstractmethod
    def vendor_app(self) -> ASGIApp:
        """The vendor's API and nothing else."""

    @abstractmethod
    def settings(self, base_url: str) -> dict[str, Any]:
        """What an operator would type to connect to this sandbox at `base_url` (input of the connector's settings)."""

    @abstractmethod
    def reset(self) -> None:
        """Back to the state right after construction: empty world, first ids, no tokens, no faults."""

    @abstractmethod
    def human_create(self, object_name: str, fields: Mapping[str, Any]) -> str:
        """A person creates a record; returns its id. Raises ValueError where the vendor's screens would refuse."""

    @abstractmethod
    def human_edit(self, object_name: str, record_id: str, fields: Mapping[str, Any]) -> None:
        """A person saves the given fields of a record; other fields stay."""

    @abstractmethod
    def human_delete(self, object_name: str, record_id: str) -> None:
        """A person deletes a record in the way that can be undone."""

    @abstractmethod
    def human_undelete(self, object_name: str, record_id: str) -> None:
        """A person restores a deleted record."""

    @abstractmethod
    def human_purge(self, object_name: str, record_id: str) -> None:
        """A record disappears for good and leaves no tombstone."""

    @abstractmethod
    def human_merge(self, object_name: str, winner: str, loser: str) -> str:
        """A person merges two records; returns the survivor's id (the winner's, or a new one)."""

    def remove_field(self, object_name: str, field_name: str) -> None:
        """An administrator of the vendor's system removes a field: it leaves the schema, and naming it is an error."""
        raise NotImplementedError(f"{self.name} has no fields that can be removed")

    def change_field(self, object_name: str, field_name: str, changes: FieldChanges) -> None:
        """An administrator of the vendor's system changes a field, or adds one that is not there."""
        raise NotImplementedError(f"{self.name} has no fields that can be changed")

    def set_picklist(self, object_name: str, field_name: str, values: Sequence[str]) -> None:
        """An administrator of the vendor's system replaces the allowed values of a picklist."""
        raise NotImplementedError(f"{self.name} has no picklists")

    def fault_answer(self, fault: Fault) -> Answer:
        """How this vendor words `throttle`, `throttle_with_retry_after` and `unavailable`.

        `fault.options` may hold `seconds` (Retry-After) and `scope` (`burst`, `daily`, `concurrency`).
        """
        if fault.name == "unavailable":
            return Answer(503, b'{"error": "service unavailable"}', {"content-type": "application/json"})
        headers = {"content-type": "application/json"}
        if fault.name == "throttle_with_retry_after":
            headers["retry-after"] = str(fault.options.get("seconds", 1))
        return Answer(429, b'{"error": "too many requests"}', headers)

    def call_name(self, method: str, path: str) -> str:
        """The name under which a request is counted: method and path, ids folded to `{id}`."""
        return f"{method} {'/'.join('{id}' if _LOOKS_LIKE_ID(part) else part for part in path.split('/'))}"

    def take_webhooks(self, url: str) -> list[WebhookRequest]:  # noqa: ARG002
        """The deliveries that are due now, signed for the public address `url`; each is handed out once.

        The webhook faults (duplicate, reorder, drop, late, bad signature) are applied here.
        """
        return []

    def webhook_answered(self, request: WebhookRequest, status: int | None) -> None:  # noqa: B027 - most vendors do not care
        """What the receiver answered (None: nothing): vendors that deliver again put the request back."""

    def rows(self, object_name: str) -> dict[str, dict[str, Any]]:
        """The live records as they truly are now, without lag, by id: what the three sides are compared by."""
        return {record.id: dict(record.fields) for record in self.world.live(object_name)}


@dataclass(frozen=True, slots=True)
class ContractObject:
    """One object with which the contract suite exercises a connector.

    `make(n)` gives the vendor fields of the n-th valid record; `text_field` is a plain text field the suite edits;
    `required_field` one that may not be empty; `key_field` the unique field for the hub's key.
    """

    name: str
    make: Callable[[int], dict[str, Any]]
    text_field: str
    key_field: str
    required_field: str


@dataclass(frozen=True, slots=True)
class SandboxSpec:
    """What a connector's `sandbox.py` declares: how to make the emulator, and objects to try it with."""

    make: Callable[..., Sandbox]
    contract_objects: tuple[ContractObject, ...]
