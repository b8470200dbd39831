"""Comparing both sides at the command line."""

from tests.integration.cli.conftest import Command, Remote, account


def test_both_sides_agree_after_a_sync(partnerhub: Command, sf: Remote) -> None:
    sf.sandbox.human_create("Account", account("Acme GmbH"))
    partnerhub("sync", "sf")
    said = partnerhub("reconcile", "sf")
    assert said.code == 0, said.err
    assert "Both sides agree." in said.out
    data = partnerhub("reconcile", "sf", "--json").data
    assert {o["object"]: o["agreement"] for o in data["objects"]}["Account"] == 1
    assert data["differences"] == []


def test_what_differs_is_shown_with_both_values_and_why(partnerhub: Command, sf: Remote) -> None:
    acme = sf.sandbox.human_create("Account", account("Acme GmbH", BillingCity="Köln"))
    partnerhub("sync", "sf")
    sf.sandbox.human_edit("Account", acme, {"BillingCity": "Bonn"})
    said = partnerhub("reconcile", "sf")
    assert said.code == 0, said.err
    (line,) = [line for line in said.out.splitlines() if acme in line]
    assert all(word in line for word in ("Account", "city", "Köln", "Bonn", "the hub has not taken it over"))
    partnerhub("sync", "sf")
    assert "Both sides agree." in partnerhub("reconcile", "sf", "--full").out


def test_the_agreement_so_far_is_plotted(partnerhub: Command, sf: Remote) -> None:
    acme = sf.sandbox.human_create("Account", account("Acme GmbH"))
    assert "has not been compared yet" in partnerhub("agreement", "sf").out
    partnerhub("sync", "sf")
    partnerhub("reconcile", "sf")
    sf.sandbox.human_edit("Account", acme, {"BillingCity": "Bonn"})
    partnerhub("reconcile", "sf")
    said = partnerhub("agreement", "sf")
    (line,) = [line for line in said.out.splitlines() if line.startswith("Account")]
    assert line.split()[1:3] == ["█▁", "0.000"]


def test_an_unknown_connection_is_one_sentence(partnerhub: Command) -> None:
    said = partnerhub("reconcile", "nothing")
    assert said.code == 2
    assert "There is no connection called 'nothing'" in said.error
