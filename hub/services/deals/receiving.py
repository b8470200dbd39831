"""Submissions as they come in at the doors: read, told apart from those that came before, answered."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.db import deal_admission
from hub.db.deal_admission import Answered
from hub.db.session import Tx
from hub.record.definition import RecordType
from hub.record.schemas import patch_schema
from hub.record.values import Values
from hub.sdk.http import decode_json, encode_json
from hub.services.custom_fields import record_types
from hub.services.deals.desk import Desk
from hub.services.deals.screening import Judged
from hub.services.deals.submitting import Submission, submit_many
from hub.services.deals.viewing import view_of
from hub.services.refusals import Duplicate, Fault, Invalid, Refusal

_MOST_PARTS = 50


class Sent(BaseModel):
    """`fields` are those of the record type deal_registration; parties and evidence are rows without their deal."""

    model_config = ConfigDict(extra="forbid")

    fields: dict[str, Any] = Field(default={}, description="Fields of the registration.")
    parties: list[dict[str, Any]] = Field(default=[], max_length=_MOST_PARTS, description="Rows of deal_party.")
    evidence: list[dict[str, Any]] = Field(default=[], max_length=_MOST_PARTS, description="Rows of deal_evidence.")


@dataclass(frozen=True, slots=True)
class Handed:
    """A submission as a caller hands it in, under a key of the caller's own, or of `owner`'s."""

    sent: Sent
    key: str
    actor: str
    owner: str | None = None

    @property
    def name(self) -> tuple[str, str]:
        return self.owner or self.actor, self.key

    def digest(self) -> bytes:
        return hashlib.sha256(encode_json(self.sent.model_dump(mode="json"))).digest()


@dataclass(frozen=True, slots=True)
class Answer:
    """The view of the registration as JSON text, and whether it is a new one."""

    registration_id: UUID
    json: str
    new: bool


Refused = Refusal | ValidationError


async def submit_each_once(tx: Tx, desk: Desk, handed: Sequence[Handed]) -> list[Answer | Refused]:
    """Answer each: the same key with the same body is submitted once, whoever sends it again at whatever moment.

    The results have the order of what was handed in, which is at most `MOST_AT_ONCE` with keys that all differ. One
    that is refused stops no other, and leaves its key free. Raises what `submit_many` raises.
    """
    await deal_admission.hold(tx, (f"k:{actor}|{key}" for actor, key in (one.name for one in handed)))
    before = await deal_admission.answers(tx, [one.name for one in handed])
    digests = {one.name: one.digest() for one in handed}
    types = await record_types(tx)
    results: dict[tuple[str, str], Answer | Refused] = {}
    fresh: dict[tuple[str, str], tuple[Submission, str]] = {}
    for one in handed:
        if one.name in before:
            results[one.name] = _again(before[one.name], digests[one.name])
            continue
        try:
            fresh[one.name] = read_submission(types, one.sent), one.actor
        except (ValidationError, Invalid) as exc:
            results[one.name] = exc
    submissions, actors = [sent for sent, _ in fresh.values()], [actor for _, actor in fresh.values()]
    judged = await submit_many(tx, desk, types, submissions=submissions, actors=actors) if fresh else []
    results |= {name: _answer(one) for name, one in zip(fresh, judged, strict=True)}
    await deal_admission.store_answers(
        tx,
        [Answered(*name, digests[name], answer.json) for name in fresh if isinstance(answer := results[name], Answer)],
    )
    return [results[one.name] for one in handed]


async def submit_once(tx: Tx, desk: Desk, handed: Handed) -> Answer:
    """One of them. Raises ValidationError, Invalid, Duplicate."""
    [result] = await submit_each_once(tx, desk, [handed])
    if isinstance(result, Answer):
        return result
    raise result


def _again(earlier: Answered, digest: bytes) -> Answer | Duplicate:
    if earlier.digest == digest:
        return Answer(UUID(decode_json(earlier.answer.encode())["id"]), earlier.answer, new=False)
    return Duplicate("This Idempotency-Key came with another body before: take a new key for a new registration.")


def _answer(judged: Judged | Refusal) -> Answer | Refusal:
    if isinstance(judged, Refusal):
        return judged
    deal = judged.deal
    frozen_by = (deal.id,) if judged.frozen else ()
    view = view_of(deal.id, deal.values, deal.review, judged.decision, frozen_by=frozen_by)
    return Answer(deal.id, encode_json(view).decode(), new=True)


def read_submission(types: Mapping[str, RecordType], sent: Sent) -> Submission:
    """Raises ValidationError and Invalid, which name each field."""
    return Submission(
        values=patch_schema(types["deal_registration"]).model_validate(sent.fields).to_values(),
        parties=_rows(types["deal_party"], sent.parties, "parties"),
        evidence=read_evidence(types, sent.evidence),
    )


def read_evidence(types: Mapping[str, RecordType], rows: Sequence[Mapping[str, Any]]) -> list[Values]:
    return _rows(types["deal_evidence"], rows, "evidence")


def _rows(record_type: RecordType, rows: Sequence[Mapping[str, Any]], path: str) -> list[Values]:
    required = [f.name for f in record_type.own_fields if f.required and f.name != "deal"]
    faults = [
        Fault(f"{path}.{index}.{name}", "is missing")
        for index, row in enumerate(rows)
        for name in required
        if row.get(name) is None
    ]
    faults += [Fault(f"{path}.{i}.deal", "is not to be given") for i, row in enumerate(rows) if "deal" in row]
    if faults:
        raise Invalid(faults)
    schema = patch_schema(record_type)
    return [schema.model_validate(row).to_values() for row in rows]
