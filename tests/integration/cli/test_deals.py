"""Deal registrations and their policy on the command line."""

import asyncio
from pathlib import Path
from uuid import UUID

import yaml

from hub.db.session import Database
from hub.policy import SHIPPED
from hub.record import RECORD_TYPES
from hub.services.records import create_record
from tests.integration.cli.conftest import Command
from tests.integration.deals.conftest import complete


async def _partner(database_url: str) -> UUID:
    values = {"legal_name": "Alba IT", "status": "active"}
    async with Database(database_url) as db, db.transaction() as tx:
        return (await create_record(tx, RECORD_TYPES["partner"], values=values, actor="test")).id


def test_a_deal_is_submitted_once_shown_rejected_and_told(
    partnerhub: Command, tmp_path: Path, database_url: str
) -> None:
    file = tmp_path / "deal.yaml"
    file.write_text(yaml.safe_dump({"fields": complete(asyncio.run(_partner(database_url)))}))

    first = partnerhub("deals", "submit", str(file), "--key", "k1", "--json")
    again = partnerhub("deals", "submit", str(file), "--key", "k1")
    shown = partnerhub("deals", "show", first.data["id"])
    told = partnerhub("deals", "events", first.data["id"], "--json")
    refused = partnerhub("deals", "approve", first.data["id"])

    assert first.data["review_status"] == "rejected"  # a partner without programme and contract
    assert f"Submitted before: {first.data['id']}." in again.out
    assert "in_program" in shown.out
    assert [event["kind"] for event in told.data] == ["submit", "screen", "reject"]
    assert (refused.code, "that is rejected cannot" in refused.error) == (1, True)
    assert "Nothing waits." in partnerhub("deals", "list").out
    assert [q["id"] for q in partnerhub("deals", "list", "--status", "rejected", "--json").data] == [first.data["id"]]
    assert partnerhub("deals", "expire", "--json").data == {"expired": 0, "reminded": 0}


def test_a_policy_is_checked_and_tried(partnerhub: Command, tmp_path: Path) -> None:
    assert "checked: good" in partnerhub("policy", "check").out
    assert partnerhub("policy", "test", "--json").data["ok"] is True

    again = partnerhub("policy", "replay", str(SHIPPED), "--json")
    assert (again.data["looked_at"], again.data["otherwise"]) == (0, [])

    broken = tmp_path / "policy.yaml"
    broken.write_text("version: 1\npolicy: deal_registration\n")
    said = partnerhub("policy", "check", str(broken))
    assert said.code == 1
    assert "policy.yaml:1 edition: 'edition' is missing." in said.out
