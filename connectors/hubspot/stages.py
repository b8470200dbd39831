"""Pipelines and their stages: in an account's own words, and by the ids that deals hold.

Ids differ from account to account (in pipelines that a customer made they are numbers); labels are what people chose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from msgspec import Struct

from connectors.hubspot.api import Api
from connectors.hubspot.cached import Cached
from hub.sdk.clock import Clock
from hub.sdk.errors import RecordRejected


class Stage(Struct, frozen=True):
    """One stage of one pipeline of deals; `pipeline` and `label` are in the account's words."""

    pipeline_id: str
    pipeline: str
    id: str
    label: str
    closed: bool
    won: bool


class Stages:
    """The stages of one account's deals."""

    def __init__(self, api: Api, clock: Clock) -> None:
        self._api = api
        self._cached = Cached(self._read, clock)

    async def of(self, pipeline_id: str | None, stage_id: str) -> Stage | None:
        """The stage that a deal holds; None for one that the account does not list."""
        found = _held(await self._cached.get(), pipeline_id, stage_id)
        return found or _held(await self._cached.look_again(), pipeline_id, stage_id)

    async def called(self, pipeline: str, stage: str | None) -> Stage:
        """The stage with this label in the pipeline with that one, the pipeline's first without a label.

        Capitals and underscores make no difference. Raises RecordRejected where there is none.
        """
        found = _called(await self._cached.get(), pipeline, stage)
        found = found or _called(await self._cached.look_again(), pipeline, stage)
        if found is None:
            what = f"a pipeline {pipeline!r}" + (f" with a stage {stage!r}" if stage else "")
            message = f"HubSpot has no {what}: make it under Settings > Objects > Deals > Pipelines."
            raise RecordRejected(message.replace("no a ", "no "), fields=("stage.label",), code="unknown_stage")
        return found

    async def _read(self) -> Sequence[Stage]:
        body = (await self._api.get(f"{self._api.paths.pipelines}/deals")).body
        return [_stage(pipeline, stage) for pipeline in body["results"] for stage in pipeline["stages"]]


def _stage(pipeline: Mapping[str, Any], stage: Mapping[str, Any]) -> Stage:
    metadata = stage.get("metadata") or {}
    closed = str(metadata.get("isClosed")).lower() == "true"
    won = closed and _number(metadata.get("probability")) == 1
    return Stage(str(pipeline["id"]), str(pipeline["label"]), str(stage["id"]), str(stage["label"]), closed, won)


def _number(text: object) -> Decimal | None:
    try:
        return Decimal(str(text))
    except InvalidOperation:
        return None


def _held(stages: Sequence[Stage], pipeline_id: str | None, stage_id: str) -> Stage | None:
    return next((s for s in stages if s.id == stage_id and pipeline_id in (None, s.pipeline_id)), None)


def _called(stages: Sequence[Stage], pipeline: str, stage: str | None) -> Stage | None:
    inside = [s for s in stages if _plain(s.pipeline) == _plain(pipeline)]
    return next((s for s in inside if stage is None or _plain(s.label) == _plain(stage)), None)


def _plain(label: str) -> str:
    return " ".join(label.replace("_", " ").casefold().split())
