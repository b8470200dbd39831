"""Two systems that keep rewriting each other's value are stopped; people are not."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from hub.sdk.sandbox import StoredRecord
from tests.integration.engine.conftest import Stage, System


def _rewrite(system: System, change: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The system has its own idea of how a city is spelt."""
    records = system.sandbox.records
    real_save, real_add = records.save, records.add

    def spelt(fields: Mapping[str, Any]) -> dict[str, Any]:
        return {n: change(v) if n == "city" and v else v for n, v in fields.items()}

    def save(name: str, record_id: str, fields: Mapping[str, Any], *, by: str) -> StoredRecord:
        return real_save(name, record_id, spelt(fields), by=by)

    def add(name: str, fields: Mapping[str, Any], *, by: str) -> StoredRecord:
        return real_add(name, spelt(fields), by=by)

    monkeypatch.setattr(records, "save", save)
    monkeypatch.setattr(records, "add", add)


async def test_two_systems_that_reformat_each_other_are_stopped_and_named(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    _rewrite(stage.left, str.lower, monkeypatch)
    _rewrite(stage.right, str.upper, monkeypatch)
    stage.left.create(name="Acme", website="acme.com", city="Bonn")
    await stage.settle(rounds=30)
    assert stage.left.writes() + stage.right.writes() < 15
    (dead,) = await stage.all("select state, error_class, message, hint from delivery where state = 'dead'")
    assert dead["error_class"] == "Loop"
    for word in ("city", "bonn", "BONN", "left", "right"):
        assert word in dead["message"]
    assert dead["hint"]


async def test_a_record_beside_the_looping_one_goes_on(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    _rewrite(stage.left, str.lower, monkeypatch)
    _rewrite(stage.right, str.upper, monkeypatch)
    stage.left.create(name="Acme", website="acme.com", city="Bonn")
    other = stage.left.create(name="Other", website="other.com")
    await stage.settle(rounds=30)
    stage.left.edit(other, name="Other Inc")
    await stage.settle()
    assert "Other Inc" in stage.right.names()


async def test_people_who_change_a_value_to_and_fro_are_not_stopped(stage: Stage) -> None:
    row = stage.left.create(name="Acme", website="acme.com", city="Bonn")
    await stage.settle()
    (right,) = stage.right.rows()
    for _ in range(2):
        stage.left.edit(row, city="Berlin")
        await stage.settle()
        stage.right.edit(right, city="Bonn")
        await stage.settle()
    assert await stage.all("select id from delivery where state = 'dead'") == []
