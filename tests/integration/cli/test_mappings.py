"""Mappings at the command line: faults with file, line and field; checks against a system; previews; the schema."""

import json
from pathlib import Path
from shutil import copytree

import jsonschema
import pytest

from hub.app import MAPPINGS
from hub.files.source import read_source
from hub.mapping.errors import MAPPING
from tests.integration.cli.conftest import Command, Remote, account

_HEAD = "version: 1\nobject: Account\nrecord: partner\nkey: {field: Hub_Id__c}\nfields:\n"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A copy of the shipped mappings that a test may spoil."""
    return copytree(MAPPINGS, tmp_path / "mappings")


def _write(folder: Path, *fields: str) -> Path:
    file = folder / "account.yaml"
    file.write_text(_HEAD + "".join(f"  {field}\n" for field in fields))
    return file


def test_the_shipped_mappings_have_no_fault(partnerhub: Command) -> None:
    said = partnerhub("mapping", "check", "--json")
    assert said.code == 0
    assert said.data["ok"]
    assert len(said.data["files"]) >= 7


def test_a_field_the_record_does_not_have_is_named_with_file_line_and_field(
    partnerhub: Command, tmp_path: Path
) -> None:
    file = _write(tmp_path, "legal_name: {remote: Name, required: true}", "legal_nam: {remote: Name2}")
    said = partnerhub("mapping", "check", str(file))
    assert said.code == 1
    assert "account.yaml:7 legal_nam:" in said.out
    assert "Traceback" not in said.err


def test_a_round_trip_that_loses_data_is_shown_by_an_example(partnerhub: Command, tmp_path: Path) -> None:
    lossy = "tier: {remote: Partner_Tier__c, lens: {values: {silver: Silver, gold: Gold}}}"
    file = _write(tmp_path, "legal_name: {remote: Name, required: true}", lossy)
    said = partnerhub("mapping", "check", str(file), "--json")
    assert said.code == 1
    [issue] = said.data["issues"]
    assert (issue["line"], issue["field"]) == (7, "tier")
    assert "→ nothing" in issue["counter_example"]


def test_a_file_that_is_no_yaml_is_one_issue(partnerhub: Command, tmp_path: Path) -> None:
    file = tmp_path / "account.yaml"
    file.write_text("version: 1\nobject: [Account\n")
    said = partnerhub("mapping", "check", str(file))
    assert said.code == 1
    assert "account.yaml:" in said.out


def test_a_file_or_system_that_is_not_there_is_answered_with_those_that_are(partnerhub: Command) -> None:
    assert partnerhub("mapping", "check", "nowhere.yaml").code == 2
    said = partnerhub("mapping", "check", "salesfarce")
    assert said.code == 2
    assert "hubspot, salesforce" in said.error


def test_a_mapping_with_a_fault_stops_the_sync_with_every_fault_listed(
    partnerhub: Command, salesforce: Remote, own: Path
) -> None:
    said = partnerhub(
        "connect", "salesforce", "sf", "--settings", str(salesforce.file), "--allow-private", "--mappings", str(own)
    )
    assert said.code == 0, said.err
    file = own / "salesforce" / "account.yaml"
    file.write_text(file.read_text().replace("employees:", "employes:").replace("  tier:", "  teir:"))
    said = partnerhub("plan", "sf")
    assert said.code == 1
    assert "employes" in said.error
    assert "teir" in said.error
    assert "partnerhub mapping check" in said.error


def test_a_remote_field_that_vanished_is_named_by_check_and_by_mapping_check(partnerhub: Command, sf: Remote) -> None:
    assert partnerhub("mapping", "check", "--against", "sf").code == 0
    sf.sandbox.remove_field("Account", "Program_Number__c")
    for words in (["check", "sf"], ["mapping", "check", "--against", "sf"]):
        said = partnerhub(*words)
        assert said.code == 1
        assert "Account has no field Program_Number__c" in said.out
        assert "account.yaml:" in said.out


def test_a_sync_over_a_vanished_field_leaves_it_out_and_says_which(partnerhub: Command, sf: Remote, hs: Remote) -> None:
    acme = sf.sandbox.human_create("Account", account("Acme GmbH"))
    assert partnerhub("sync", "sf", "--object", "Account").code == 0
    sf.sandbox.human_edit("Account", acme, {"Name": "Acme AG"})
    sf.sandbox.remove_field("Account", "NumberOfEmployees")
    looked = partnerhub("drift", "sf", "--look", "--json").data
    assert [(d["kind"], d["field"], d["stops"]) for d in looked] == [("removed", "employees", "both")]
    said = partnerhub("sync", "sf")
    assert said.code == 0, said.err
    assert "Account has no field NumberOfEmployees" in said.out
    assert "account.yaml:" in said.out
    told = partnerhub("drift").out
    assert "-  employees:" in told
    assert "partnerhub drift" in partnerhub("status").out
    assert partnerhub("sync", "hs").code == 0


def test_a_field_that_fits_again_is_told_as_settled(partnerhub: Command, sf: Remote) -> None:
    sf.sandbox.change_field("Account", "BillingCity", {"writable": False})
    said = partnerhub("drift", "sf", "--look", "--json")
    assert said.code == 0, said.out + said.err
    [finding] = said.data
    assert (finding["kind"], finding["stops"], finding["state"]) == ("read_only", "push", "open")
    assert "direction: pull" in finding["edit"]
    sf.sandbox.change_field("Account", "BillingCity", {"writable": True})
    assert "Every field fits" in partnerhub("drift", "sf", "--look").out
    assert [d["id"] for d in partnerhub("drift", "--settled", "--json").data] == [finding["id"]]


def test_a_look_needs_the_name_of_a_connection(partnerhub: Command) -> None:
    assert "Name the connection" in partnerhub("drift", "--look").error


def test_a_named_file_is_held_against_a_connection(partnerhub: Command, sf: Remote, tmp_path: Path) -> None:
    file = _write(tmp_path, "legal_name: {remote: Name, required: true}", "city: {remote: BillingCty}")
    said = partnerhub("mapping", "check", str(file), "--against", "sf", "--json")
    assert said.code == 1
    errors = [issue for issue in said.data["issues"] if issue["level"] == "error"]
    assert [(issue["field"], issue["line"]) for issue in errors] == [("city", 7)]
    assert "BillingCity" in errors[0]["message"]


def test_a_preview_shows_both_sides_and_what_would_be_written(partnerhub: Command, sf: Remote) -> None:
    acme = sf.sandbox.human_create("Account", account("Acme GmbH", Website="https://www.acme.example/"))
    before = partnerhub("mapping", "preview", "sf", "Account", acme, "--json").data
    assert before["record_id"] is None
    partnerhub("sync", "sf", "--object", "Account")
    sf.sandbox.human_edit("Account", acme, {"Name": "Acme AG"})
    after = partnerhub("mapping", "preview", "sf", "Account", acme, "--json").data
    name = next(row for row in after["fields"] if row["field"] == "legal_name")
    assert (name["mapped"], name["current"], name["written"]) == ("Acme AG", "Acme GmbH", {"Name": "Acme GmbH"})
    assert "acme.example" in partnerhub("mapping", "preview", "sf", "Account", acme).out


def test_a_preview_of_something_that_is_not_there_is_one_sentence(partnerhub: Command, sf: Remote) -> None:
    assert "sf has no Account" in partnerhub("mapping", "preview", "sf", "Account", "001000000000000AAA").error
    assert "sf maps no Campaign" in partnerhub("mapping", "preview", "sf", "Campaign", "1").error


def test_the_schema_accepts_every_shipped_mapping(partnerhub: Command) -> None:
    schema = json.loads(partnerhub("mapping", "schema").out)
    for file in MAPPINGS.glob("*/*.yaml"):
        jsonschema.validate(read_source(file, kind=MAPPING).data, schema)


def test_custom_fields_are_declared_listed_and_removed(partnerhub: Command) -> None:
    none = partnerhub("fields", "list")
    assert "partnerhub fields declare" in none.out
    words = ["region", "choice", "--doc", "Sales region.", "--choice", "EMEA", "--choice", "APAC"]
    assert partnerhub("fields", "declare", "partner", *words).code == 0
    [field] = partnerhub("fields", "list", "--json").data
    assert (field["name"], field["choices"]) == ("region", ["EMEA", "APAC"])
    assert "already" in partnerhub("fields", "declare", "partner", *words).error
    assert "choices" in partnerhub("fields", "declare", "partner", "x", "choice", "--doc", "X.").error
    assert partnerhub("fields", "remove", "partner", "region", "--json").data["values_dropped"] == 0
    assert "no custom field 'region'" in partnerhub("fields", "remove", "partner", "region").error


def test_a_mapping_is_checked_with_the_fields_that_the_hub_declares(
    partnerhub: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _write(tmp_path, "legal_name: {remote: Name, required: true}", "custom.region: {remote: Region__c}")
    before = partnerhub("mapping", "check", str(file))
    assert (before.code, "partnerhub fields declare partner region" in before.out) == (1, True)
    assert partnerhub("fields", "declare", "partner", "region", "text", "--doc", "Sales region.").code == 0
    assert partnerhub("mapping", "check", str(file)).code == 0

    monkeypatch.setenv("PARTNERHUB_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    without = partnerhub("mapping", "check", str(file))
    assert (without.code, "without your custom fields" in without.error) == (1, True)


def test_without_a_hub_mappings_are_checked_by_the_shipped_types_and_nothing_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, partnerhub: Command
) -> None:
    monkeypatch.delenv("PARTNERHUB_DATABASE_URL")
    assert partnerhub("mapping", "check").code == 0
    assert not (tmp_path / "home").exists()


def test_latest_wins_is_refused_by_the_time_of_a_whole_record_with_the_reason(
    partnerhub: Command, sf: Remote, tmp_path: Path
) -> None:
    policy = "{latest_wins: LastModifiedDate}"
    file = _write(
        tmp_path, "legal_name: {remote: Name, required: true}", f"city: {{remote: BillingCity, policy: {policy}}}"
    )
    said = partnerhub("mapping", "check", str(file), "--against", "sf")
    assert said.code == 1
    assert "account.yaml:7 city: latest_wins cannot be kept here: LastModifiedDate is a time of the whole" in said.out
