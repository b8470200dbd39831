"""What a world is made of: remote systems with their mappings, whichever they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from hub.mapping.model import Mapping as ObjectMapping
from hub.record.definition import RecordType
from hub.sdk.connector import ConnectorSpec, OpenConnector
from hub.sdk.sandbox import Sandbox
from hub.simulation.script import Theme


@dataclass(frozen=True)
class Side:
    """One remote system of a world: whose emulator plays it, and by which mappings the hub sees it.

    `prepare` is done to the emulator before anybody acts, `adapt` to the connector that was opened on it.
    """

    name: str
    spec: ConnectorSpec
    mappings: Mapping[str, ObjectMapping]
    prepare: Callable[[Sandbox], None] = lambda _: None
    adapt: Callable[[OpenConnector], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Traits:
    """How good the systems of a world are; what an emulator's API cannot vary stays as it is.

    `page` and `batch`: the most records that travel at once. `preconditions`, `upsert`, `webhooks`: whether the API has
    them.
    """

    page: int
    batch: int
    preconditions: bool = True
    upsert: bool = True
    webhooks: bool = True

    def __str__(self) -> str:
        weak = [name for name in ("preconditions", "upsert", "webhooks") if not getattr(self, name)]
        return f"pages of {self.page}, batches of {self.batch}{''.join(f', without {name}' for name in weak)}"


@dataclass(frozen=True)
class Setting:
    """Kinds of worlds: `make` draws the systems of one, for its theme. `types`: the record types that mappings know.

    `registers`: partners register deals at the hub, of which no system of these worlds has any.
    """

    name: str
    make: Callable[[Random, Theme], tuple[list[Side], Traits]]
    types: Mapping[str, RecordType]
    registers: bool = False
