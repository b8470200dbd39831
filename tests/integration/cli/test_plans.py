"""Plans at the command line: made, shown, approved, narrowed, applied."""

from pathlib import Path

from tests.integration.cli.conftest import Command, Remote, account, connect


def test_a_new_connection_is_not_synced_before_its_plan_is_applied(partnerhub: Command, salesforce: Remote) -> None:
    acme = salesforce.sandbox.human_create("Account", account("Acme GmbH"))
    salesforce.sandbox.human_create("Account", account("Globex SA", BillingCountryCode="Atlantis"))
    connect(partnerhub, salesforce, "sf")
    refused = partnerhub("sync", "sf")
    assert refused.code == 1
    assert "sf waits for its first plan: partnerhub plan sf" in refused.error
    assert "needs a plan" in partnerhub("connections").out

    made = partnerhub("plan", "sf", "--json")
    assert made.code == 0, made.err
    plan = made.data["plan"]
    assert plan["state"] == "proposed"
    assert plan["counts"]["in"]["Account"]["actions"] == {"create": 2}
    good, odd = made.data["samples"]
    assert (good["remote_id"], good["detail"]["label"]) == (acme, "Acme GmbH")
    assert odd["detail"]["problems"][0]["field"] == "country"
    [health] = partnerhub("status", "--json").data
    assert health["quarantined"] == 0

    done = partnerhub("apply", str(plan["id"]), "--yes", "--json")
    assert done.code == 0, done.err
    assert done.data["plan"]["state"] == "applied"
    [health] = partnerhub("status", "--json").data
    assert health["quarantined"] == 1
    assert partnerhub("sync", "sf").code == 0


def test_a_plan_is_shown_before_it_is_applied_and_is_not_without_a_word(partnerhub: Command, sf: Remote) -> None:
    sf.sandbox.human_create("Account", account("Acme GmbH", BillingCity="Köln"))
    shown = partnerhub("plan", "sf")
    assert "1 read, 1 create" in shown.out
    assert "Nothing was written." in shown.out
    assert "city: Köln" in shown.out or "legal_name: Acme GmbH" in shown.out
    [plan] = partnerhub("plans", "list", "--waiting", "--json").data
    asked = partnerhub("apply", str(plan["id"]))
    assert (asked.code, "Acme GmbH" in asked.err, "--yes" in asked.err) == (2, True, True)
    assert partnerhub("plans", "show", str(plan["id"]), "--action", "create", "--json").data["samples"]


def test_link_only_creates_nothing_and_says_so_ever_after(partnerhub: Command, salesforce: Remote, hs: Remote) -> None:
    hs.sandbox.human_create("companies", {"name": "Acme GmbH", "domain": "acme.example", "type": "PARTNER"})
    assert partnerhub("sync", "hs").code == 0
    salesforce.sandbox.human_create("Account", account("Globex SA", Website="https://globex.example"))
    connect(partnerhub, salesforce, "sf")
    plan = partnerhub("plan", "sf", "--json").data["plan"]
    done = partnerhub("apply", str(plan["id"]), "--allow", "link", "--yes", "--json")
    assert done.code == 0, done.err
    assert {row["state"] for row in done.data["outcome"]} == {"skipped"}

    for name in ("sf", "hs", "sf"):
        assert partnerhub("sync", name).code == 0
    assert [row["Name"] for row in salesforce.sandbox.rows("Account").values()] == ["Globex SA"]
    assert [row["name"] for row in hs.sandbox.rows("companies").values()] == ["Acme GmbH"]
    assert "creates nothing" in partnerhub("status").out
    [company] = hs.sandbox.rows("companies")
    why = partnerhub("why", "partner", f"hs:{company}")
    assert "creates no Account there by itself" in why.out
    changed = partnerhub("change", "sf", "--create", "both", "--json")
    assert changed.code == 0, changed.err
    assert changed.data["connection"]["options"]["create"] == "both"


def test_what_is_typed_wrong_is_one_sentence(partnerhub: Command, sf: Remote) -> None:
    assert "--allow takes link" in partnerhub("apply", "1", "--allow", "everything").error
    assert "--direction takes" in partnerhub("apply", "1", "--direction", "sideways").error
    assert "There is no plan 4711" in partnerhub("apply", "4711", "--yes").error
    assert "sf maps no Acount" in partnerhub("plan", "sf", "--object", "Acount").error
    plan = partnerhub("plan", "sf", "--json").data["plan"]
    assert partnerhub("plans", "reject", str(plan["id"])).code == 0
    assert "is rejected" in partnerhub("apply", str(plan["id"]), "--yes").error


def test_a_plan_holds_for_the_mapping_it_was_made_with(partnerhub: Command, sf: Remote, tmp_path: Path) -> None:
    folder = tmp_path / "own" / "salesforce"
    folder.mkdir(parents=True)
    for file in Path("mappings/salesforce").glob("*.yaml"):
        (folder / file.name).write_text(file.read_text())
    sf.sandbox.human_create("Account", account("Acme GmbH"))
    assert partnerhub("change", "sf", "--mappings", str(folder.parent)).code == 0
    plan = partnerhub("plan", "sf", "--json").data["plan"]
    (folder / "account.yaml").write_text(
        (folder / "account.yaml").read_text().replace("remote: Phone,", "remote: Fax,")
    )

    said = partnerhub("apply", str(plan["id"]), "--yes")

    assert said.code == 1
    assert "The mapping of Account was changed since plan" in said.error


def test_a_run_is_undone_by_a_plan(partnerhub: Command, sf: Remote) -> None:
    acme = sf.sandbox.human_create("Account", account("Acme GmbH", BillingCity="Köln"))
    assert partnerhub("sync", "sf").code == 0
    sf.sandbox.human_edit("Account", acme, {"BillingCity": "???"})
    assert partnerhub("sync", "sf").code == 0
    run = max(r["id"] for r in partnerhub("runs", "--json").data if r["counts"].get("changed"))

    made = partnerhub("undo", str(run), "--json")
    assert made.code == 0, made.err
    [item] = made.data["samples"]
    assert (item["action"], item["fields"]) == ("change", {"city": ["???", "Köln"]})
    done = partnerhub("apply", str(made.data["plan"]["id"]), "--yes")
    assert done.code == 0, done.err

    assert sf.sandbox.rows("Account")[acme]["BillingCity"] == "Köln"
    [why] = partnerhub("why", "partner", f"sf:{acme}", "city", "--json").data["fields"]
    assert (why["rule"], why["plan_id"]) == (f"undo of run {run}", made.data["plan"]["id"])
    assert f"(plan {why['plan_id']})" in why["sentence"]
    assert "There is no run 4711" in partnerhub("undo", "4711").error
