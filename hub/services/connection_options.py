"""What can be set for a connection beside the settings of its system."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.domain.plan import DIRECTIONS, Direction
from hub.services.guards.policy import GuardsDoc
from hub.services.objects import GRACE, SCAN_EVERY, Registrations
from hub.services.refusals import Fault, Invalid


class ConnectionOptions(BaseModel):
    """None of them is secret; each is optional."""

    model_config = ConfigDict(extra="forbid", strict=True)

    ca_file: str | None = Field(None, description="Certificate of an authority to trust for this system.")
    allow_private: bool | None = Field(None, description="Its address may be a private one.")
    mappings: str | None = Field(None, description="Folder with this connection's own mappings.")
    describe_minutes: int | None = Field(
        None, ge=1, description="Minutes between two looks at the system's fields; 15 without it."
    )
    create: Literal["both", "in", "out", "none"] | None = Field(
        None,
        description="Where syncs make new records by themselves: both (as without it), in (only in the hub), out (only"
        " there), or none.",
    )
    reserve_percent: int | None = Field(
        None,
        ge=0,
        le=90,
        description="Percent of the account's limits left to people and others; 0 without it.",
    )
    poll_seconds: int | None = Field(None, ge=1, description="Seconds between two regular reads; 60 without it.")
    guards: GuardsDoc | None = Field(None, description="What a run may do unasked, where not as the policy says.")
    grace_seconds: int | None = Field(
        None, ge=0, description="Seconds that a deletion there waits before the hub follows it; 600 without it."
    )
    reconcile_hours: int | None = Field(
        None, ge=0, description="Hours between two reconciliations; 24 without it, 0 for never."
    )
    scan_hours: int | None = Field(
        None, ge=1, description="Hours between full reads where only these show deletions; 24 without it."
    )
    registrations: Registrations | None = Field(
        None,
        description="What becomes of deal registrations from there: judge (as without it: those submitted are judged,"
        " those decided before the first read are taken over), take_over (also those decided later), or leave (they are"
        " synced, and neither judged nor claims).",
    )


def creates(options: Mapping[str, Any]) -> frozenset[Direction]:
    """Where a connection with these options makes new records by itself."""
    chosen = options.get("create", "both")
    return frozenset(d for d in DIRECTIONS if chosen in (d, "both"))


def checked_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options as they are stored, without those that are None. Raises Invalid, which names each wrong one."""
    try:
        return ConnectionOptions.model_validate(dict(options)).model_dump(mode="json", by_alias=True, exclude_none=True)
    except ValidationError as exc:
        known = ", ".join(ConnectionOptions.model_fields)
        raise Invalid(
            [
                Fault(
                    f"options.{'.'.join(map(str, e['loc']))}",
                    f"is no option; there are: {known}" if e["type"] == "extra_forbidden" else e["msg"],
                )
                for e in exc.errors(include_input=False, include_url=False)
            ]
        ) from None


def grace_of(options: Mapping[str, Any]) -> timedelta:
    """How long a deletion in the connection's system waits before the hub's record follows it."""
    seconds = options.get("grace_seconds")
    return GRACE if seconds is None else timedelta(seconds=seconds)


def scan_every(options: Mapping[str, Any]) -> timedelta:
    """How often objects whose deletions only a full read shows are read in full."""
    hours = options.get("scan_hours")
    return SCAN_EVERY if hours is None else timedelta(hours=hours)


def registrations_of(options: Mapping[str, Any]) -> Registrations:
    """What becomes of deal registrations that a connection with these options brings."""
    chosen: Registrations = options.get("registrations", "judge")
    return chosen


def reserve_of(options: Mapping[str, Any]) -> float:
    """The part of the account's limits that the connection leaves alone."""
    percent = options.get("reserve_percent")
    return percent / 100 if isinstance(percent, int) else 0.0
