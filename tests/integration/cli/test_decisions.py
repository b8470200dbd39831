"""Keys and match reviews at the command line."""

from tests.integration.cli.conftest import Command, Remote, account


def test_the_first_admin_key_is_shown_once(partnerhub: Command) -> None:
    made = partnerhub("keys", "bootstrap", "--json").data
    assert made["role"] == "admin"
    assert made["secret"].startswith("ph_")
    again = partnerhub("keys", "bootstrap")
    assert again.code == 0
    assert "There is a key already" in again.out
    assert made["secret"] not in partnerhub("keys", "list", "--json").out


def test_a_key_is_made_listed_and_revoked(partnerhub: Command) -> None:
    partnerhub("keys", "bootstrap")
    made = partnerhub("keys", "create", "reporting", "--role", "viewer", "--json").data
    assert partnerhub("keys", "revoke", str(made["id"])).code == 0
    listed = {key["name"]: key for key in partnerhub("keys", "list", "--json").data}
    assert listed["reporting"]["revoked_at"]


def test_the_last_admin_key_cannot_be_revoked(partnerhub: Command) -> None:
    made = partnerhub("keys", "bootstrap", "--json").data
    said = partnerhub("keys", "revoke", str(made["id"]))
    assert said.code == 2
    assert "last admin key" in said.error


def test_two_records_with_one_key_wait_for_a_decision_and_stay_apart(partnerhub: Command, sf: Remote) -> None:
    twins = [account(name, Website="https://acme.example") for name in ("Acme GmbH", "Acme Deutschland GmbH")]
    for twin in twins:
        sf.sandbox.human_create("Account", twin)
    partnerhub("sync", "sf")
    [review] = partnerhub("reviews", "list", "--json").data
    shown = partnerhub("reviews", "show", str(review["id"]))
    assert shown.code == 0
    assert "website_domain" in shown.out
    refused = partnerhub("reviews", "merge", str(review["id"]))
    assert refused.code == 1
    assert "merge them there" in refused.error
    assert partnerhub("reviews", "apart", str(review["id"])).code == 0
    assert partnerhub("reviews", "list", "--json").data == []
    said = partnerhub("reviews", "apart", str(review["id"]))
    assert said.code == 1
    assert "was decided by" in said.error


def test_a_decision_that_does_not_exist_is_one_sentence(partnerhub: Command) -> None:
    assert "There is no match review 7" in partnerhub("reviews", "show", "7").error
    assert "There is no conflict 7" in partnerhub("conflicts", "resolve", "7", "--take", "ours").error
    assert "There is no delivery 7" in partnerhub("retries", "drop", "7").error
