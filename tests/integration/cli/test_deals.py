"""Deal registrations and their policy on the command line."""

import asyncio
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import yaml

from hub.db.session import Database
from hub.policy import SHIPPED
from hub.record import RECORD_TYPES
from hub.services.records import create_record
from tests.integration.cli.conftest import Command
from tests.integration.deals.conftest import complete


async def _partner(database_url: str, *, in_program: bool = False) -> UUID:
    values: dict[str, Any] = {"legal_name": "Alba IT", "status": "active", "contract_end": date(2040, 1, 1)}
    async with Database(database_url) as db, db.transaction() as tx:
        partner = (await create_record(tx, RECORD_TYPES["partner"], values=values, actor="test")).id
        if in_program:
            said = {"code": "reseller", "name": "Resellers"}
            program = (await create_record(tx, RECORD_TYPES["program"], values=said, actor="test")).id
            member: dict[str, Any] = {"partner": partner, "program": program, "valid_from": date(2020, 1, 1)}
            await create_record(tx, RECORD_TYPES["program_membership"], values=member, actor="test")
        return partner


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


def test_every_step_of_a_registration_is_a_command(partnerhub: Command, tmp_path: Path, database_url: str) -> None:
    def file(**sent: Any) -> str:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.yaml"
        path.write_text(yaml.safe_dump(sent))
        return str(path)

    def status(*words: str) -> str:
        said = partnerhub("deals", *words, "--json")
        return str(said.data["review_status"] if said.code == 0 else said.out)

    partner = asyncio.run(_partner(database_url, in_program=True))
    made = partnerhub("deals", "draft", file(fields=complete(partner, description=None)), "--json").data["id"]
    assert status("edit", made, file(fields={"value_add": "Migration"})) == "draft"
    assert status("hand-in", made) == "needs_info"
    assert status("answer", made, file(fields={"description": "Cloud"})) == "pending_approval"
    assert status("ask", made, "--field", "evidence:quote", "--note", "A quote, please.") == "needs_info"
    assert status("answer", made, file(evidence=[{"name": "Quote", "kind": "quote"}])) == "pending_approval"
    assert status("review", made) == "pending_approval"
    assert "has an interest" in status("reject", made, "--reason", "not_viable")
    _submitted_by_somebody_else(database_url)
    assert status("reject", made, "--reason", "not_viable") == "rejected"
    proof = file(evidence=[{"name": "Letter", "kind": "customer_letter"}])
    assert status("appeal", made, proof, "--text", "Look again.") == "appealed"
    assert status("approve", made) == "approved"
    assert status("amend", made, "--set", "value_add=Training") == "amended"
    assert status("win", made) == "won"
    assert "cannot take the step revoke" in status("revoke", made, "--reason", "compliance")


def test_evidence_merge_and_report_on_the_command_line(partnerhub: Command, tmp_path: Path, database_url: str) -> None:
    partner = asyncio.run(_partner(database_url, in_program=True))
    made = []
    for key, fields in (("one", {}), ("two", {"value_add": "Migration"})):
        file = tmp_path / f"{key}.yaml"
        file.write_text(yaml.safe_dump({"fields": complete(partner, **fields)}))
        made.append(partnerhub("deals", "submit", str(file), "--key", key, "--json").data["id"])
    first, second = made
    page = tmp_path / "evidence.html"

    pack = partnerhub("deals", "evidence", second, "--json").data
    shown = partnerhub("deals", "evidence", second)
    written = partnerhub("deals", "evidence", second, "--html", str(page))
    seen = partnerhub("deals", "merge", second, first, "--preview")
    unsure = partnerhub("deals", "merge", second, first)
    merged = partnerhub("deals", "merge", second, first, "--take", "value_add", "--yes", "--json")
    apart = partnerhub("deals", "unmerge", second)
    report = partnerhub("deals", "report", "--by", "program", "--json")
    as_csv = partnerhub("deals", "report", "--csv")

    assert [claim["same_partner"] for claim in pack["claims"]] == [False, True]
    assert "duplicate_same_partner" in shown.out
    assert written.code == 0
    assert page.stat().st_mode & 0o077 == 0
    assert page.read_text().startswith("<!doctype html>")
    assert "value_add" in seen.out
    assert unsure.code == 2
    assert merged.data["merged_into"] == first
    assert "are two again" in apart.out
    assert [g["group"] for g in report.data["groups"]] == ["reseller"]
    assert as_csv.out.splitlines()[1].startswith("(all),2,")
    assert "reseller" in partnerhub("deals", "report", "--by", "program").out


def _submitted_by_somebody_else(database_url: str) -> None:
    """The operator of these commands handed it in, and would not be let decide."""
    with psycopg.connect(database_url) as database:
        database.execute("update deal_review set submitted_by = 'key portal'")


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


def test_a_file_of_deals_is_tried_imported_and_its_faults_written(
    partnerhub: Command, tmp_path: Path, database_url: str
) -> None:
    partner = asyncio.run(_partner(database_url))
    file, left = tmp_path / "deals.csv", tmp_path / "left.csv"
    file.write_text(f"name,partner,customer\nWarehouse,{partner},Nordlicht AG\nOther,P-9,Suedlicht AG\n")

    tried = partnerhub("deals", "import", str(file), "--dry-run", "--json")
    said = partnerhub("deals", "import", str(file), "--errors", str(left))
    again = partnerhub("deals", "import", str(file), "--json")
    file.write_bytes("name;partner\nMüller;x\n".encode("cp1252"))
    unread = partnerhub("deals", "import", str(file))

    assert (tried.code, tried.data["counts"]) == (1, {"submitted": 1, "refused": 1})
    assert (said.code, "1 submitted, 1 refused" in said.out) == (1, True)
    assert "There is no partner 'P-9'" in left.read_text()
    assert again.data["counts"] == {"known": 1, "refused": 1}
    assert (unread.code, "looks like Windows-1252" in unread.error) == (2, True)
