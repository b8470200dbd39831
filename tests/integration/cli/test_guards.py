"""Guards at the command line: limits shown, a mass change stopped, approved, rejected, resumed."""

from pathlib import Path

import pytest

from tests.integration.cli.conftest import Command, Remote, account


@pytest.fixture
def thirty(partnerhub: Command, sf: Remote) -> list[str]:
    """Thirty accounts that the hub knows."""
    ids = [sf.sandbox.human_create("Account", account(f"Firm {n}", Website=f"https://firm{n}.de")) for n in range(30)]
    assert partnerhub("sync", "sf").code == 0
    return ids


def _delete(sf: Remote, ids: list[str]) -> None:
    for account_id in ids:
        sf.sandbox.human_delete("Account", account_id)


def test_a_mass_deletion_is_told_by_sync_status_and_guards_and_applied_by_its_plan(
    partnerhub: Command, sf: Remote, thirty: list[str]
) -> None:
    _delete(sf, thirty[:20])
    told = partnerhub("sync", "sf")
    assert told.code == 0, told.err
    assert "Stopped before anything was written" in told.out
    [stop] = partnerhub("guards", "sf", "--json").data["stops"]
    assert "20 of 30 linked records would be gone (limit 5)" in stop["reason"]
    [health] = partnerhub("status", "--json").data
    assert (health["verdict"], health["stops"], health["stopped"]) == ("needs attention", 1, stop["reason"])
    assert "partnerhub guards" in partnerhub("status").out
    assert partnerhub("runs", "sf", "--json").data[1]["state"] in ("stopped", "done")

    assert "20 delete" in partnerhub("plans", "show", str(stop["plan_id"])).out
    done = partnerhub("apply", str(stop["plan_id"]), "--yes", "--json")
    assert done.code == 0, done.err
    assert {row["state"]: row["n"] for row in done.data["outcome"]} == {"applied": 20}
    assert partnerhub("guards", "--json").data["stops"] == []


def test_reading_that_a_rejected_plan_paused_is_resumed(partnerhub: Command, sf: Remote, thirty: list[str]) -> None:
    _delete(sf, thirty[:20])
    partnerhub("sync", "sf")
    [stop] = partnerhub("guards", "sf", "--json").data["stops"]
    early = partnerhub("guards", "sf", "--resume", "Account")
    assert (early.code, f"partnerhub apply {stop['plan_id']}" in early.error) == (1, True)
    assert partnerhub("plans", "reject", str(stop["plan_id"])).code == 0
    resumed = partnerhub("guards", "sf", "--resume", "Account", "--json")
    assert (resumed.code, resumed.data["stops"]) == (0, [])
    partnerhub("sync", "sf")
    [again] = partnerhub("guards", "sf", "--json").data["stops"]
    assert again["plan_id"] > stop["plan_id"]


def test_limits_are_shown_and_can_be_a_connections_own(partnerhub: Command, sf: Remote, tmp_path: Path) -> None:
    file = tmp_path / "guards.yaml"
    file.write_text("in: {deletes: {floor: 5, share: 1 %}}\nobjects: {Account: {in: {creates: unlimited}}}\n")
    changed = partnerhub("change", "sf", "--guards", str(file))
    assert changed.code == 0, changed.err
    limits = {
        (x["direction"], x["effect"]): (x["floor"], x["share"])
        for x in partnerhub("guards", "sf", "--json").data["limits"]
        if x["object"] == "Account"
    }
    assert limits["in", "deletes"] == (5, "1 %")
    assert limits["in", "creates"] == (None, None)
    assert limits["in", "nulls"] == (8, "10 %")
    assert "0 of 5" in partnerhub("guards", "sf").out
    file.write_text("in: {deletes: {floor: 5, share: 300 %}}\n")
    wrong = partnerhub("change", "sf", "--guards", str(file))
    assert (wrong.code, "no share" in wrong.error) == (2, True)
