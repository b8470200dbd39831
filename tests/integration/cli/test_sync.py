"""Syncing at the command line: syncs, and what waits for a person afterwards."""

from typing import Any

from tests.integration.cli.conftest import Command, Remote, account


def _counts(said: Any, object_name: str) -> dict[str, int]:
    counts: dict[str, int] = said.data["report"]["pulled"][object_name]
    return counts


def test_a_sync_brings_new_partners_to_the_other_system(partnerhub: Command, sf: Remote, hs: Remote) -> None:
    sf.sandbox.human_create("Account", account("Acme GmbH", Website="https://www.acme.example"))
    assert partnerhub("sync", "hs").code == 0
    said = partnerhub("sync", "sf", "--json")
    assert said.code == 0, said.err
    assert _counts(said, "Account")["created"] == 1
    assert said.data["report"]["delivered"]["hs"]["remote_created"] == 1
    assert [row["name"] for row in hs.sandbox.rows("companies").values()] == ["Acme GmbH"]


def test_nothing_is_created_in_a_system_that_was_not_read_yet(partnerhub: Command, sf: Remote, hs: Remote) -> None:
    sf.sandbox.human_create("Account", account("Acme GmbH"))
    said = partnerhub("sync", "sf", "--json")
    assert said.data["report"]["unread"] == ["hs"]
    assert hs.sandbox.rows("companies") == {}


def test_a_poison_record_is_shown_and_the_others_come_in(partnerhub: Command, sf: Remote) -> None:
    sf.sandbox.human_create("Account", account("Acme GmbH"))
    sf.sandbox.human_create("Account", account("Globex SA", BillingCountryCode="Atlantis"))
    said = partnerhub("sync", "sf")
    assert said.code == 0, said.err
    assert "In quarantine; correct the value" in said.out
    assert "Atlantis" in said.out
    assert partnerhub("status", "--json").data[0]["quarantined"] == 1


def test_an_object_that_is_not_mapped_is_answered_with_those_that_are(partnerhub: Command, sf: Remote) -> None:
    said = partnerhub("sync", "sf", "--object", "Acount")
    assert said.code == 2
    assert "sf maps no Acount" in said.error
    assert "Account" in said.error


def test_a_system_that_is_down_is_one_sentence_and_is_left_alone(partnerhub: Command, sf: Remote) -> None:
    sf.sandbox.faults.arm("unavailable", times=50)
    said = partnerhub("sync", "sf")
    assert said.code == 1
    assert "it is tried again by itself" in said.error
    again = partnerhub("sync", "sf")
    assert again.code == 1
    assert "sf is left alone for another" in again.error


def test_what_was_done_is_listed_newest_first(partnerhub: Command, sf: Remote) -> None:
    partnerhub("sync", "sf", "--object", "Account")
    runs = partnerhub("runs", "--json").data
    assert [run["id"] for run in runs] == sorted((run["id"] for run in runs), reverse=True)
    assert ("pull", "Account", "done") in {(run["kind"], run["object"], run["state"]) for run in runs}


def test_a_conflict_is_shown_with_both_values_and_decided(partnerhub: Command, sf: Remote, hs: Remote) -> None:
    acme = sf.sandbox.human_create("Account", account("Acme GmbH", BillingCity="Köln"))
    for name in ("hs", "sf", "hs"):
        assert partnerhub("sync", name).code == 0
    [company] = hs.sandbox.rows("companies")
    sf.sandbox.human_edit("Account", acme, {"BillingCity": "Bonn"})
    hs.sandbox.human_edit("companies", company, {"city": "Berlin"})
    _settle(partnerhub)
    [conflict] = partnerhub("conflicts", "list", "--json").data
    assert {conflict["ours"], conflict["theirs"]} == {"Bonn", "Berlin"}
    assert "Bonn" in (shown := partnerhub("conflicts", "show", str(conflict["id"])).out)
    assert "Berlin" in shown
    assert partnerhub("conflicts", "resolve", str(conflict["id"]), "--take", "Aachen").code == 0
    _settle(partnerhub)
    assert sf.sandbox.rows("Account")[acme]["BillingCity"] == "Aachen"
    assert hs.sandbox.rows("companies")[company]["city"] == "Aachen"
    assert partnerhub("conflicts", "list", "--json").data == []


def test_a_dead_letter_is_corrected_and_delivered(partnerhub: Command, sf: Remote, hs: Remote) -> None:
    sf.sandbox.human_create("Account", account("Acme GmbH"))
    partnerhub("sync", "hs")
    hs.sandbox.faults.arm("reject_row", times=1)
    assert "partnerhub retries list --dead" in partnerhub("sync", "sf").out
    [letter] = partnerhub("retries", "list", "--dead", "--json").data
    assert letter["hint"]
    assert partnerhub("retries", "show", str(letter["id"])).code == 0
    edited = partnerhub("retries", "edit", str(letter["id"]), "--set", "name=Acme AG", "--json")
    assert edited.code == 0, edited.err
    assert partnerhub("sync", "sf").code == 0
    assert [row["name"] for row in hs.sandbox.rows("companies").values()] == ["Acme AG"]


def test_retries_want_one_delivery_or_a_whole_connection(partnerhub: Command) -> None:
    assert partnerhub("retries", "replay").code == 2
    assert partnerhub("retries", "show", "4711").code == 1


def test_why_names_the_system_the_run_and_the_rule(partnerhub: Command, sf: Remote) -> None:
    acme = sf.sandbox.human_create("Account", account("Acme GmbH"))
    partnerhub("sync", "sf")
    said = partnerhub("why", "partner", f"sf:{acme}", "legal_name", "--json")
    assert said.code == 0, said.err
    [field] = said.data["fields"]
    assert (field["value"], field["connection"], field["remote_id"]) == ("Acme GmbH", "sf", acme)
    assert field["run_id"]
    assert field["rule"]


def test_why_of_something_unknown_is_one_sentence(partnerhub: Command, sf: Remote) -> None:
    said = partnerhub("why", "partner", "sf:nothing")
    assert said.code == 1
    assert "The hub knows no partner that is nothing in sf" in said.error
    assert partnerhub("why", "partner", "what").code == 2


def _settle(partnerhub: Command) -> None:
    for name in ("sf", "hs", "sf", "hs"):
        said = partnerhub("sync", name)
        assert said.code == 0, said.err


def test_a_record_is_deleted_and_restored_when_that_is_meant(partnerhub: Command, sf: Remote) -> None:
    acme = sf.sandbox.human_create("Account", account("Acme GmbH"))
    partnerhub("sync", "sf", "--object", "Account")
    asked = partnerhub("records", "delete", "partner", f"sf:{acme}")
    assert (asked.code, "--yes" in asked.error) == (2, True)
    late = partnerhub("records", "delete", "partner", f"sf:{acme}", "--version", "9", "--yes")
    assert "version 1 now, not 9" in late.error
    deleted = partnerhub("records", "delete", "partner", f"sf:{acme}", "--yes", "--json").data["deleted"]
    assert "was deleted" in partnerhub("records", "delete", "partner", deleted, "--yes").error
    assert partnerhub("records", "restore", "partner", deleted).code == 0
    assert "is not deleted" in partnerhub("records", "restore", "partner", deleted).error


def test_pruning_a_young_hub_takes_nothing_away_and_says_so(partnerhub: Command) -> None:
    assert partnerhub("prune").out.strip() == "Nothing taken away."
    assert set(partnerhub("prune", "--json").data.values()) == {0}


def test_a_record_is_shown_as_it_is_and_as_it_was(partnerhub: Command, sf: Remote) -> None:
    acme = sf.sandbox.human_create("Account", account("Acme GmbH"))
    partnerhub("sync", "sf")
    before = partnerhub("records", "show", "partner", f"sf:{acme}", "--json").data
    sf.sandbox.human_edit("Account", acme, {"Name": "Acme AG"})
    partnerhub("sync", "sf")
    shown = partnerhub("records", "show", "partner", f"sf:{acme}")
    then = partnerhub("records", "show", "partner", f"sf:{acme}", "--as-of", before["updated_at"], "--json")
    assert "Acme AG" in shown.out
    assert then.data == before
    assert partnerhub("records", "show", "partner", f"sf:{acme}", "--as-of", "2020-01-01").code == 1
    assert partnerhub("records", "show", "partner", f"sf:{acme}", "--as-of", "then").code == 2


def test_a_converted_lead_leads_to_what_it_became_and_keeps_its_record(partnerhub: Command, sf: Remote) -> None:
    acme = sf.sandbox.human_create("Account", account("Acme GmbH"))
    lead = sf.sandbox.human_create("Lead", {"LastName": "Peeters", "Company": "Acme", "Email": "p@acme.example"})
    partnerhub("sync", "sf")
    before = partnerhub("records", "show", "lead", f"sf:{lead}", "--json").data
    made = sf.sandbox.human_convert(lead, account=acme)  # type: ignore[attr-defined]
    partnerhub("sync", "sf")

    shown = partnerhub("records", "show", "lead", before["id"], "--json").data
    partner = partnerhub("records", "show", "partner", f"sf:{acme}", "--json").data
    why = partnerhub("why", "lead", before["id"], "--json").data
    said = partnerhub("why", "lead", before["id"]).out

    assert (before["status"], shown["status"], shown["customer"]) == ("new", "converted", partner["id"])
    (link,) = next(s["standing"]["links"] for s in why["systems"] if s["standing"]["connection"] == "sf")
    assert (link["state"], link["redirect_to"]) == ("redirected", made["Opportunity"])
    assert f"Lead {lead} was converted to Opportunity {made['Opportunity']}" in said


def test_deletions_that_wait_are_listed(partnerhub: Command, sf: Remote) -> None:
    acme = sf.sandbox.human_create("Account", account("Acme GmbH"))
    partnerhub("sync", "sf")
    sf.sandbox.human_delete("Account", acme)
    partnerhub("sync", "sf")
    assert "No deletion is waiting." in partnerhub("deletions", "list").out
    (gone,) = partnerhub("deletions", "list", "--state", "done", "--connection", "sf", "--json").data
    assert (gone["remote_id"], gone["source"], gone["policy"]) == (acme, "tombstone", "unlink")
    assert partnerhub("deletions", "call-off", str(gone["id"])).code == 1
