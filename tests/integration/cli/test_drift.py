"""Drift in the two CRMs, each as it really is: one refuses a field that is gone, the other leaves it out in silence."""

from tests.integration.cli.conftest import Command, Remote, account


def _both_synced(partnerhub: Command, sf: Remote, hs: Remote) -> tuple[str, str]:
    """A partner in both systems; its two ids."""
    sf_id = sf.sandbox.human_create("Account", account("Acme GmbH", BillingCity="Ulm", Website="https://acme.example"))
    for name in ("hs", "sf", "hs"):
        said = partnerhub("sync", name)
        assert said.code == 0, said.err
    [hs_id] = hs.sandbox.rows("companies")
    return sf_id, hs_id


def test_a_property_that_hubspot_leaves_out_in_silence_empties_nothing(
    partnerhub: Command, sf: Remote, hs: Remote
) -> None:
    sf_id, hs_id = _both_synced(partnerhub, sf, hs)
    hs.sandbox.remove_field("companies", "city")
    hs.sandbox.human_edit("companies", hs_id, {"name": "Acme AG"})
    findings = partnerhub("drift", "hs", "--look", "--json").data  # one of each mapping of the object
    assert {(f["kind"], f["field"]) for f in findings} == {("removed", "city")}
    assert "both" in {f["stops"] for f in findings}

    said = partnerhub("sync", "hs")

    assert said.code == 0, said.err
    row = sf.sandbox.rows("Account")[sf_id]
    assert (row["Name"], row["BillingCity"]) == ("Acme AG", "Ulm")


def test_a_write_to_a_field_that_hubspot_no_longer_has_goes_on_without_it(
    partnerhub: Command, sf: Remote, hs: Remote
) -> None:
    sf_id, hs_id = _both_synced(partnerhub, sf, hs)
    hs.sandbox.remove_field("companies", "city")
    assert partnerhub("drift", "hs", "--look").code == 0
    sf.sandbox.human_edit("Account", sf_id, {"Name": "Acme AG", "BillingCity": "Bonn"})

    said = partnerhub("sync", "sf")

    assert said.code == 0, said.err
    assert hs.sandbox.rows("companies")[hs_id]["name"] == "Acme AG"
    status = partnerhub("status", "hs", "--json").data[0]
    assert (status["drifted"], status["verdict"]) == (2, "needs attention")  # partners, and other companies
    assert "city" in status["drift"]

    hs.sandbox.change_field("companies", "city", {"type": "text"})
    assert "Every field fits" in partnerhub("drift", "hs", "--look").out
    assert partnerhub("sync", "hs").code == 0
    assert hs.sandbox.rows("companies")[hs_id]["city"] == "Bonn"


def test_a_salesforce_field_without_rights_does_not_stop_the_object(
    partnerhub: Command, sf: Remote, hs: Remote
) -> None:
    sf_id, hs_id = _both_synced(partnerhub, sf, hs)
    sf.sandbox.remove_field("Account", "BillingCity")
    sf.sandbox.human_edit("Account", sf_id, {"Name": "Acme AG"})
    assert partnerhub("drift", "sf", "--look").code == 0

    said = partnerhub("sync", "sf")

    assert said.code == 0, said.err
    row = hs.sandbox.rows("companies")[hs_id]
    assert (row["name"], row["city"]) == ("Acme AG", "Ulm")
