"""What a connector says about the remote schema, and what happens when the schema changes under it."""

from __future__ import annotations

import pytest

from hub.sdk.errors import RecordRejected
from hub.sdk.records import ReadQuery
from tests.contract.trial import Trial

_TYPES = {"text", "number", "money", "bool", "date", "datetime", "picklist", "multipicklist", "reference", "other"}


async def test_objects_to_try_are_among_the_objects(trial: Trial) -> None:
    assert trial.object.name in await trial.describes.objects()


async def test_description_holds_the_fields_with_known_types(trial: Trial) -> None:
    described = await trial.describes.describe(trial.object.name)

    assert {trial.object.text_field, trial.object.key_field, trial.object.required_field} <= described.fields.keys()
    assert {field.type for field in described.fields.values()} <= _TYPES
    assert all(name == field.name for name, field in described.fields.items())
    assert described.fields[trial.object.key_field].unique
    assert described.fields[trial.object.text_field].writable


async def test_picklists_are_described_with_their_values(trial: Trial) -> None:
    described = await trial.describes.describe(trial.object.name)

    assert all(field.values for field in described.fields.values() if field.type in ("picklist", "multipicklist"))


async def test_unknown_object_is_rejected(system: Trial) -> None:
    with pytest.raises(RecordRejected):
        await system.describes.describe("no_such_object")


async def test_removed_field_is_no_longer_described(trial: Trial) -> None:
    gone = _remove_a_field(trial)

    assert gone not in (await trial.describes.describe(trial.object.name)).fields


async def test_reading_a_removed_field_is_a_clear_error_or_leaves_it_absent(trial: Trial) -> None:
    trial.seed(3)
    gone = _remove_a_field(trial)

    said = await _read_field(trial, gone)

    assert isinstance(said, RecordRejected), said
    assert gone in said.message


async def _read_field(trial: Trial, field: str) -> object:
    query = ReadQuery(object=trial.object.name, fields=(field,))
    try:
        page = await trial.reads.read_page(query, None)
    except RecordRejected as error:
        return error
    assert page.records
    if all(field not in record.fields for record in page.records):
        pytest.skip(f"{trial.spec.name} leaves out fields it does not have")
    return [record.fields for record in page.records]


def _remove_a_field(trial: Trial) -> str:
    """An administrator removes a field that records may lack; its name."""
    names = trial.valid().keys() - {trial.object.required_field, trial.object.key_field}
    gone = sorted(names)[0]
    try:
        trial.sandbox.remove_field(trial.object.name, gone)
    except NotImplementedError as reason:
        pytest.skip(str(reason))
    return gone
