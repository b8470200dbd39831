"""Submissions as they come in at the doors: read, told apart from those that came before, answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from hub.db import deal_admission
from hub.db.session import Tx
from hub.record.definition import RecordType
from hub.record.schemas import patch_schema
from hub.record.values import Values
from hub.sdk.http import decode_json, encode_json
from hub.services.deals.desk import Desk
from hub.services.deals.submitting import Submission, submit, submitted_before
from hub.services.deals.viewing import registration_view
from hub.services.refusals import Fault, Invalid

_MOST_PARTS = 50


class Sent(BaseModel):
    """`fields` are those of the record type deal_registration; parties and evidence are rows without their deal."""

    model_config = ConfigDict(extra="forbid")

    fields: dict[str, Any] = Field(default={}, description="Fields of the registration.")
    parties: list[dict[str, Any]] = Field(default=[], max_length=_MOST_PARTS, description="Rows of deal_party.")
    evidence: list[dict[str, Any]] = Field(default=[], max_length=_MOST_PARTS, description="Rows of deal_evidence.")


def read_submission(types: Mapping[str, RecordType], sent: Sent) -> Submission:
    """Raises ValidationError and Invalid, which name each field."""
    return Submission(
        values=patch_schema(types["deal_registration"]).model_validate(sent.fields).to_values(),
        parties=_rows(types["deal_party"], sent.parties, "parties"),
        evidence=read_evidence(types, sent.evidence),
    )


def read_evidence(types: Mapping[str, RecordType], rows: Sequence[Mapping[str, Any]]) -> list[Values]:
    return _rows(types["deal_evidence"], rows, "evidence")


async def submit_once(
    tx: Tx, desk: Desk, types: Mapping[str, RecordType], *, sent: Sent, key: str, actor: str
) -> tuple[dict[str, Any], bool]:
    """The answer, and whether it is a new one: the same key with the same body is submitted once.

    Raises Duplicate for the same key with another body, and what `submit` raises.
    """
    earlier = await submitted_before(tx, actor=actor, key=key, body=sent.model_dump(mode="json"))
    if earlier is not None:
        return earlier, False
    submission = read_submission(types, sent)
    if not submission.values.get("name"):
        raise Invalid([Fault("fields.name", "is missing")])
    registration_id = await submit(tx, desk, sent=submission, actor=actor)
    view = await registration_view(tx, registration_id)
    answer: dict[str, Any] = decode_json(encode_json(view))
    await deal_admission.store_answer(tx, actor=actor, key=key, answer=answer)
    return answer, True


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
