"""Reads that were stopped in the middle and went on much later: nothing that happened meanwhile is missed."""

from __future__ import annotations

from datetime import timedelta

from hub.sdk.records import Page, ReadQuery
from hub.sdk.sample.client import SampleClient
from tests.integration.engine.conftest import Stage


async def test_a_deletion_during_a_first_read_that_was_interrupted_for_long_is_seen_by_the_next(stage: Stage) -> None:
    early = stage.left.create(name="Acme", website="acme.com")
    stage.left.create(name="Bolt", website="bolt.com")
    page = await _one_page(stage, None)
    stage.left.sandbox.human_delete("partners", early)
    _later(stage)
    stage.left.create(name="Cask", website="cask.com")
    while not page.done:
        page = await _one_page(stage, page.cursor)

    following = await _one_page(stage, page.cursor)

    assert [deletion.id for deletion in following.deletions] == [early]


async def _one_page(stage: Stage, cursor: str | None) -> Page:
    connector = stage.left.connection.connector
    assert isinstance(connector, SampleClient)
    size = 100 if cursor and "since" in cursor else 1
    return await connector.read_page(ReadQuery("partners", ("name",), page_size=size), cursor)


def _later(stage: Stage) -> None:
    clock = stage.left.sandbox.clock
    clock.advance(timedelta(hours=1))
