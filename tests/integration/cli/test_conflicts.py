"""Conflicts at the command line: listed by filter, shown with their context, decided one or many, taken back."""

from typing import Any

from tests.integration.cli.conftest import Command, Remote, account


def _conflicts(partnerhub: Command, sf: Remote, hs: Remote, number: int = 1) -> list[dict[str, Any]]:
    """So many partners that moved to one city in Salesforce and to another in HubSpot."""
    for n in range(number):
        sf.sandbox.human_create("Account", account(f"Acme {n}", Website=f"https://acme{n}.example", BillingCity="Bonn"))
    for _ in range(2):
        for name in ("sf", "hs"):
            assert partnerhub("sync", name).code == 0
    for row in list(sf.sandbox.rows("Account")):
        sf.sandbox.human_edit("Account", row, {"BillingCity": "Berlin"})
    for row in list(hs.sandbox.rows("companies")):
        hs.sandbox.human_edit("companies", row, {"city": "Hamburg"})
    partnerhub("sync", "sf")
    partnerhub("sync", "hs")
    found: list[dict[str, Any]] = partnerhub("conflicts", "list", "--json").data
    assert {c["field"] for c in found} == {"city"}
    assert len(found) == number
    return found


def test_a_conflict_is_shown_with_its_authors_and_decided_and_taken_back(
    partnerhub: Command, sf: Remote, hs: Remote
) -> None:
    [conflict] = _conflicts(partnerhub, sf, hs)
    number = str(conflict["id"])
    shown = partnerhub("conflicts", "show", number).out
    for words in ("Acme 0", "Bonn", "Berlin", "Hamburg", "written by", "Partner: Acme 0"):
        assert words in shown
    assert conflict["ours_written"]["connection"] == "sf"
    assert conflict["theirs_written"]["at"]

    assert partnerhub("conflicts", "resolve", number, "--take", "theirs").code == 0
    assert partnerhub("conflicts", "list", "--json").data == []
    [decided] = partnerhub("conflicts", "list", "--state", "resolved", "--json").data
    assert decided["choice"] == "theirs"

    reopened = partnerhub("conflicts", "reopen", number, "--json").data
    assert (reopened["state"], reopened["ours"], reopened["theirs"]) == ("open", "Berlin", "Hamburg")
    again = partnerhub("conflicts", "reopen", number)
    assert again.code == 1
    assert "is open" in again.error


def test_conflicts_are_listed_and_decided_by_filter(partnerhub: Command, sf: Remote, hs: Remote) -> None:
    found = _conflicts(partnerhub, sf, hs, 3)
    assert partnerhub("conflicts", "list", "--field", "phone", "--json").data == []
    assert len(partnerhub("conflicts", "list", "--connection", "hs", "--object", "companies", "--json").data) == 3
    one = found[0]["record_id"]
    assert [c["id"] for c in partnerhub("conflicts", "list", "--record", one, "--json").data] == [found[0]["id"]]

    asked = partnerhub("conflicts", "resolve", "--connection", "hs", "--take", "theirs")
    assert asked.code == 2
    assert "--yes" in asked.error
    done = partnerhub("conflicts", "resolve", "--connection", "hs", "--take", "theirs", "--yes", "--json").data
    assert (done["resolved"], done["refused"]) == (3, 0)
    some = partnerhub("conflicts", "resolve", str(found[0]["id"]), "999", "--take", "ours")
    assert some.code == 1
    assert "There is no conflict 999" in some.out


def test_a_resolution_without_a_choice_or_a_conflict_says_what_is_missing(partnerhub: Command) -> None:
    assert "--take" in partnerhub("conflicts", "resolve", "1").error
    assert "Say which" in partnerhub("conflicts", "resolve", "--take", "ours").error
    both = partnerhub("conflicts", "resolve", "1", "--all", "--take", "ours")
    assert both.code == 2


def test_a_decision_for_always_is_a_policy_until_it_is_revoked(partnerhub: Command, sf: Remote, hs: Remote) -> None:
    found = _conflicts(partnerhub, sf, hs, 2)
    many = partnerhub("conflicts", "resolve", "--all", "--take", "theirs", "--always", "--yes")
    assert many.code == 2
    done = partnerhub("conflicts", "resolve", str(found[0]["id"]), "--take", "theirs", "--always", "--json").data
    assert (done["resolved"], done["refused"]) == (2, 0)
    [policy] = partnerhub("policies", "list", "--json").data
    assert (policy["connection"], policy["field"], policy["policy"]) == ("hs", "city", "prefer_remote")
    why = partnerhub("why", "partner", found[0]["record_id"], "city").out
    assert "policy 1 prefer_remote of hs" in why
    checked = partnerhub("mapping", "check", "--against", "hs")
    assert checked.code == 0
    assert "overridden by policy 1" in checked.out
    assert partnerhub("policies", "revoke", "1").code == 0
    assert partnerhub("policies", "list").out.strip() == "No field policy is in force."
    assert "revoked by" in partnerhub("policies", "revoke", "1").error
