"""Notes and tasks in accounts that take no unique property on them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.hubspot.client import HubSpotClient
from tests.connectors.hubspot.conftest import Bench, create, done

TASK = {"hs_task_subject": "See", "hs_timestamp": "2026-11-03T09:00:00Z"}


@pytest.fixture
def searching(bench: Bench) -> HubSpotClient:
    for name in ("notes", "tasks"):
        bench.sandbox.crm.properties[name]["hub_id"].unique = False
    return bench.connect(activity_keys="searched")


async def test_a_task_is_found_again_by_search_once_the_index_knows_it(bench: Bench, searching: HubSpotClient) -> None:
    bench.sandbox.faults.set("search_lag", 30)
    written = done((await searching.write("tasks", [create(("hub_id", "T-1"), **TASK)]))[0])

    at_once = await searching.find_by_key("tasks", "hub_id", ["T-1"], ("hs_task_subject",))
    bench.later(seconds=30)
    later = await searching.find_by_key("tasks", "hub_id", ["T-1", "T-2"], ("hs_task_subject",))

    assert (written.created, list(at_once)) == (True, [])
    assert [(found.id, found.fields["hub_id"]) for found in later] == [(written.remote_id, "T-1")]


async def test_the_hub_knows_how_long_to_wait_before_it_makes_another(searching: HubSpotClient) -> None:
    tasks, deals = searching.capabilities.of("tasks"), searching.capabilities.of("deals")
    assert (tasks.upsert, tasks.find_lag) == (False, timedelta(minutes=2))
    assert (deals.upsert, deals.find_lag) == (True, timedelta(0))
