"""The guards' policy: the file that comes with the hub, and what a connection's options say instead."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator

from hub.domain.guards import EFFECTS, Effect, Guards, Threshold
from hub.domain.limits import FieldLimit
from hub.domain.plan import Direction

POLICY = Path(__file__).parents[3] / "config" / "policies" / "guards.yaml"

Unlimited = Literal["unlimited"]


class ThresholdDoc(BaseModel):
    """So many records, or such a share of the linked ones, whichever is more."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    floor: int = Field(ge=1, description="Records below which nothing is ever stopped.")
    share: str = Field("0 %", description="Part of the object's linked records, such as 5 %.")

    @field_validator("share")
    @classmethod
    def _is_share(cls, text: str) -> str:
        _share(text)
        return text

    def threshold(self) -> Threshold:
        return Threshold(self.floor, _share(self.share))


class EffectsDoc(BaseModel):
    """The limits of one direction; those that are not named stay as they are, `unlimited` takes one away."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    creates: ThresholdDoc | Unlimited | None = None
    changes: ThresholdDoc | Unlimited | None = None
    nulls: ThresholdDoc | Unlimited | None = None
    deletes: ThresholdDoc | Unlimited | None = None

    def thresholds(self) -> dict[Effect, Threshold | None]:
        """Those that are named."""
        named: dict[Effect, ThresholdDoc | Unlimited | None] = {effect: getattr(self, effect) for effect in EFFECTS}
        return {effect: None if doc == "unlimited" else doc.threshold() for effect, doc in named.items() if doc}


class DirectionsDoc(BaseModel):
    """Limits into the hub and out of it."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    into: EffectsDoc = Field(EffectsDoc(), alias="in")
    out: EffectsDoc = EffectsDoc()

    def by_direction(self) -> dict[Direction, dict[Effect, Threshold | None]]:
        return {"in": self.into.thresholds(), "out": self.out.thresholds()}


class LimitDoc(BaseModel):
    """How far a field may move before a person has to look at it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_change: str | None = Field(None, description="Share of the value before, such as 20 %.")
    max: Decimal | None = Field(None, ge=0, description="The largest number or amount.")
    never_earlier: bool = Field(False, description="A day may not move back.")
    second_person: bool = Field(False, description="Two people must decide on what is beyond.")

    @field_validator("max_change")
    @classmethod
    def _is_share(cls, text: str | None) -> str | None:
        if text is not None:
            _share(text, most=Decimal(10))
        return text

    def limit(self) -> FieldLimit:
        share = None if self.max_change is None else _share(self.max_change, most=Decimal(10))
        return FieldLimit(share, self.max, self.never_earlier, self.second_person)


class GuardsDoc(DirectionsDoc):
    """A connection's guards: limits of all its objects, and of single ones."""

    objects: dict[str, DirectionsDoc] = Field(default_factory=dict, description="Limits of single objects.")
    second_person: list[Effect] | None = Field(None, description="Effects whose stops need the word of two people.")
    limits: dict[str, dict[str, LimitDoc]] = Field(
        default_factory=dict, description="Limits of single fields, by record type and field."
    )
    look_again_minutes: int | None = Field(None, ge=1, description="Minutes between two looks at a stopped object.")


@cache
def default_guards() -> Guards:
    """What holds for every connection that says nothing else."""
    return _laid_over(Guards({}), GuardsDoc.model_validate(yaml.safe_load(POLICY.read_text("utf-8"))))


def guards_of(options: Mapping[str, Any]) -> Guards:
    """The guards of a connection with these options."""
    own = options.get("guards")
    return _laid_over(default_guards(), GuardsDoc.model_validate(own)) if own else default_guards()


def _laid_over(base: Guards, doc: GuardsDoc) -> Guards:
    thresholds: dict[Direction, dict[Effect, Threshold]] = {}
    for direction, own in doc.by_direction().items():
        merged = {**base.thresholds.get(direction, {}), **own}
        thresholds[direction] = {effect: limit for effect, limit in merged.items() if limit is not None}
    minutes = doc.look_again_minutes
    limits = {name: dict(of) for name, of in base.limits.items()}
    for name, fields in doc.limits.items():
        limits.setdefault(name, {}).update({field: one.limit() for field, one in fields.items()})
    return Guards(
        thresholds,
        {name: one.by_direction() for name, one in doc.objects.items()},
        base.second_person if doc.second_person is None else frozenset(doc.second_person),
        limits,
        base.look_again if minutes is None else timedelta(minutes=minutes),
    )


def _share(text: str, *, most: Decimal = Decimal(1)) -> Decimal:
    try:
        share = Decimal(text.strip().removesuffix("%").strip()) / 100
    except InvalidOperation:
        raise ValueError(f"{text!r} is no share: write it as 5 %") from None
    if not text.strip().endswith("%") or not 0 <= share <= most:
        raise ValueError(f"{text!r} is no share from 0 % to {most * 100:f} %")
    return share
