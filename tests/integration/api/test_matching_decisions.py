"""Doubtful matches decided: merged, linked, kept apart for good, and split again."""

from typing import Any
from uuid import uuid4

import pytest

from hub.services.pulling import pull_object
from tests.integration.api.conftest import Api, System, problem
from tests.integration.api.test_conflicts import _sync


async def _ambiguous(api: Api, system: System) -> tuple[str, dict[str, Any], str, str]:
    """A remote record that may be either of two partners of the hub; nothing is written there meanwhile."""
    one = await api.create(legal_name="Acme", website_domain="acme.example", country="BE")
    answer = await api.operator.post(
        "/api/v1/records/partner?allow_duplicate=true",
        json={"legal_name": "Acme Gent", "website_domain": "acme.example", "country": "BE"},
    )
    remote = system.sandbox.human_create(
        "partners", {"name": "ACME N.V.", "website": "acme.example", "country": "BE", "city": "Gent"}
    )
    await _pull(api, system)
    [review] = (await api.viewer.get("/api/v1/match-reviews")).json()["items"]
    assert (review["kind"], review["remote_id"]) == ("ambiguous", remote)
    return remote, review, one["id"], answer.json()["id"]


async def _pull(api: Api, system: System, *, full: bool = False) -> None:
    await pull_object(api.app.db, system.opened.sync.object("partners"), owner="test", full=full)


async def _record_of(api: Api, remote_id: str) -> str:
    [row] = await api.all("select record_id from link where remote_id = %s and state = 'live'", remote_id)
    return str(row["record_id"])


async def _reviews(api: Api, state: str = "open") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await api.viewer.get(f"/api/v1/match-reviews?state={state}")).json()["items"]
    return items


async def _labels(api: Api) -> list[dict[str, Any]]:
    return await api.all("select * from match_decision order by id")


async def test_a_remote_record_is_linked_to_a_candidate_as_if_matched_at_once(api: Api, system: System) -> None:
    remote, review, one, _ = await _ambiguous(api, system)
    url = f"/api/v1/match-reviews/{review['id']}"

    problem(await api.viewer.post(f"{url}/link", json={"into": one}), 403, "not-allowed")
    linked = await api.operator.post(f"{url}/link", json={"into": one})
    await _sync(api, system)
    await _sync(api, system)

    assert (linked.json()["state"], linked.json()["decided_by"]) == ("merged", "key test operator")
    assert await _record_of(api, remote) == one
    record = (await api.viewer.get(f"/api/v1/records/partner/{one}")).json()
    assert (record["legal_name"], record["city"]) == ("Acme", "Gent")
    [conflict] = (await api.viewer.get("/api/v1/conflicts")).json()["items"]
    assert (conflict["field"], conflict["ours"], conflict["theirs"]) == ("legal_name", "Acme", "ACME N.V.")
    assert system.sandbox.rows("partners")[remote]["name"] == "ACME N.V."
    [label] = await _labels(api)
    assert (label["decision"], str(label["right_record"])) == ("same", one)
    assert label["left_features"]["website_domain"] == label["right_features"]["website_domain"] == "acme.example"


async def test_only_a_stand_in_is_linked_all_else_is_merged(api: Api, system: System) -> None:
    _, review, one, _ = await _ambiguous(api, system)
    await api.create("contact", last_name="Peeters", partner=review["record_id"])

    refused = await api.operator.post(f"/api/v1/match-reviews/{review['id']}/link", json={"into": one})

    assert "merge the two instead" in problem(refused, 409, "not-in-this-state")["detail"]
    assert [r["id"] for r in await _reviews(api)] == [review["id"]]


async def test_a_pair_that_was_kept_apart_is_not_asked_about_again(api: Api, system: System) -> None:
    remote, review, one, two = await _ambiguous(api, system)
    await api.operator.post(f"/api/v1/match-reviews/{review['id']}/keep-apart")
    labels = await _labels(api)
    assert {(label["decision"], str(label["right_record"])) for label in labels} == {("apart", one), ("apart", two)}
    assert labels[0]["left_features"]["city"] == "Gent"

    async with api.app.db.transaction() as tx:  # it is met anew, as after a deletion and a restore
        await tx.run("delete from link where remote_id = %s", remote)
        await tx.run("update organization set deleted_at = now() where id = %s", review["record_id"])
    await _pull(api, system, full=True)

    assert await _reviews(api) == []
    assert await _record_of(api, remote) not in (one, two)


async def test_a_merge_or_link_of_a_review_is_split_again_and_stays_so(api: Api, system: System) -> None:
    remote, review, one, _ = await _ambiguous(api, system)
    url = f"/api/v1/match-reviews/{review['id']}"
    problem(await api.operator.post(f"{url}/split"), 409, "not-in-this-state")
    await api.operator.post(f"{url}/link", json={"into": one})
    await _sync(api, system)

    split = await api.operator.post(f"{url}/split")
    await _sync(api, system)

    assert (split.json()["state"], await _reviews(api)) == ("apart", [])
    assert await _record_of(api, remote) == review["record_id"]
    mine = (await api.viewer.get(f"/api/v1/records/partner/{review['record_id']}")).json()
    assert (mine["legal_name"], mine["city"]) == ("ACME N.V.", "Gent")
    labels = [(label["decision"], label["revoked_at"] is None) for label in await _labels(api)]
    assert labels == [("same", False), ("apart", True)]
    problem(await api.operator.post(f"{url}/split"), 409, "not-in-this-state")


async def _matched(api: Api, system: System) -> tuple[str, str]:
    """A remote record that was linked to a partner of the hub by its natural key, and its branch."""
    known = await api.create(
        legal_name="Acme", website_domain="acme.example", country="BE", city="Namur", phone="+3212345"
    )
    remote = system.sandbox.human_create("partners", {"name": "Acme", "website": "acme.example", "country": "BE"})
    await _pull(api, system)
    await _sync(api, system)
    assert await _record_of(api, remote) == known["id"]
    return remote, known["id"]


async def test_a_link_made_by_mistake_is_split_with_the_remote_records_own_values(api: Api, system: System) -> None:
    remote, known = await _matched(api, system)
    system.sandbox.human_create("partners", {"name": "Branch", "parent": remote})
    system.sandbox.human_edit("partners", remote, {"name": "Acme Antwerp", "city": "Antwerp"})
    await _sync(api, system)
    body = {"connection": "crm", "object": "partners", "remote_id": remote}

    problem(await api.viewer.post("/api/v1/splits", json=body), 403, "not-allowed")
    done = (await api.operator.post("/api/v1/splits", json=body)).json()
    for _ in range(3):
        await _sync(api, system)

    assert (done["how"], done["apart_from"]) == ("new", known)
    own = (await api.viewer.get(f"/api/v1/records/partner/{done['record_id']}")).json()
    assert (own["legal_name"], own["city"], own["phone"]) == ("Acme Antwerp", "Antwerp", None)
    assert await _record_of(api, remote) == done["record_id"]
    rows = system.sandbox.rows("partners")
    assert rows[remote]["hub_id"] == done["record_id"]
    # The partner it was taken from is there too now, once; the branch belongs to the remote record's own.
    assert sorted(row["name"] for row in rows.values()) == ["Acme Antwerp", "Acme Antwerp", "Branch"]
    [branch] = await api.all("select parent from organization where legal_name = 'Branch'")
    assert str(branch["parent"]) == done["record_id"]
    assert await _reviews(api) == []
    history = (await api.viewer.get(f"/api/v1/records/partner/{done['record_id']}/history")).json()
    assert history[-1]["rules"] == {"*": f"split from {known}"}
    assert "record_split" in [e["action"] for e in (await api.admin.get("/api/v1/audit")).json()["items"]]


async def test_a_split_keeps_what_the_remote_record_says_in_a_conflict(api: Api, system: System) -> None:
    remote, known = await _matched(api, system)
    await api.operator.patch(f"/api/v1/records/partner/{known}", json={"city": "Liège"})
    system.sandbox.human_edit("partners", remote, {"city": "Antwerp"})
    await _sync(api, system)

    body = {"connection": "crm", "object": "partners", "remote_id": remote}
    done = (await api.operator.post("/api/v1/splits", json=body)).json()
    await _sync(api, system)

    own = (await api.viewer.get(f"/api/v1/records/partner/{done['record_id']}")).json()
    assert own["city"] == system.sandbox.rows("partners")[remote]["city"] == "Antwerp"
    assert (await api.viewer.get(f"/api/v1/records/partner/{known}")).json()["city"] == "Liège"
    assert (await api.viewer.get("/api/v1/conflicts")).json()["items"] == []


async def test_what_a_merge_brought_is_split_by_undoing_it(api: Api, system: System) -> None:
    remote = system.sandbox.human_create("partners", {"name": "Acme", "city": "Gent"})
    await _pull(api, system)
    loser = await _record_of(api, remote)
    survivor = (await api.create(legal_name="Acme NV"))["id"]
    await api.operator.post(f"/api/v1/records/partner/{loser}/merge", json={"into": survivor})

    done = await api.operator.post(
        "/api/v1/splits", json={"connection": "crm", "object": "partners", "remote_id": remote}
    )

    assert (done.json()["how"], done.json()["record_id"], done.json()["apart_from"]) == ("unmerged", loser, survivor)
    assert await _record_of(api, remote) == loser
    assert [label["decision"] for label in await _labels(api) if label["revoked_at"] is None] == ["apart"]


async def test_what_cannot_be_split_says_why(api: Api, system: System) -> None:
    remote = system.sandbox.human_create("partners", {"name": "Acme"})
    made = await api.create(legal_name="Made here")
    await _sync(api, system)
    [row] = await api.all("select remote_id from link where record_id = %s", made["id"])

    async def refused(remote_id: str, status: int, code: str, **other: str) -> str:
        body = {"connection": "crm", "object": "partners", "remote_id": remote_id, **other}
        return str(problem(await api.operator.post("/api/v1/splits", json=body), status, code)["detail"])

    assert "has its record for itself" in await refused(remote, 409, "not-in-this-state")
    assert "The hub made" in await refused(row["remote_id"], 409, "not-in-this-state")
    assert "knows no partners s9" in await refused("s9", 404, "not-found")
    assert "no connection" in await refused("s9", 404, "not-found", connection="erp")


async def test_nothing_is_made_of_a_candidate_where_the_doubtful_record_lives(api: Api, system: System) -> None:
    remote, review, one, two = await _ambiguous(api, system)

    await _sync(api, system)

    assert list(system.sandbox.rows("partners")) == [remote]
    why = (await api.viewer.get(f"/api/v1/records/partner/{one}/why")).json()
    assert "decide the match review" in why["systems"][0]["standing"]["blocked_by"]
    await api.operator.post(f"/api/v1/match-reviews/{review['id']}/merge", json={"into": one})
    await _sync(api, system)
    assert {str(r["record_id"]) for r in await api.all("select record_id from link where state = 'live'")} == {one, two}


async def test_two_records_are_explained_feature_by_feature(api: Api) -> None:
    shared = {"website_domain": "acme.example", "city": "Gent"}
    one = await api.create(legal_name="Acme NV", country="BE", **shared)
    two = await api.create(legal_name="Acme", country="NL", **shared)
    url = f"/api/v1/matching/explain?a={one['id']}&b={two['id']}"

    found = (await api.viewer.get(url)).json()

    levels = {point["feature"]: point["level"] for point in found["evidence"]}
    assert levels == {"name": "equal", "domain": "same", "place": "other_country"}
    assert found["total"] == pytest.approx(sum(point["weight"] for point in found["evidence"]))
    assert found["shared_keys"][0] == "d:acme.example"
    problem(await api.viewer.get(url.replace(two["id"], str(uuid4()))), 404, "not-found")
