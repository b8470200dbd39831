"""Deal registrations at the API: submitted once, answered, decided; roles, refusals and what a partner may read."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.api import build_api
from hub.services.deals.arriving import take_in_arrivals
from tests.integration.api.conftest import Api, problem

URL = "/api/v1/deal-registrations"
SOON = (datetime.now(UTC) + timedelta(days=60)).date().isoformat()


async def _partner(api: Api, name: str = "Alba IT") -> str:
    partner = await api.create(
        legal_name=name,
        status="active",
        tier="gold",
        contract_end="2030-01-01",
        website_domain=f"{name[:4].lower()}.de",
    )
    program = await api.create("program", code=f"p{name[:4]}", name="Resellers")
    await api.create(
        "program_membership", partner=partner["id"], program=program["id"], valid_from=date(2020, 1, 1).isoformat()
    )
    return str(partner["id"])


def _body(partner: str, **fields: Any) -> dict[str, Any]:
    said = {
        "name": "Warehouse to the cloud",
        "partner": partner,
        "customer_name": "Nordlicht Logistik GmbH",
        "customer_domain": "nordlicht-logistik.de",
        "customer_country": "DE",
        "product_lines": ["cloud"],
        "amount": {"amount": "20000", "currency": "EUR"},
        "close_date": SOON,
        "description": "Move of the warehouse system",
        "contact_name": "Jana Weiss",
        "contact_email": "jana.weiss@nordlicht-logistik.de",
        **fields,
    }
    return {"fields": {name: value for name, value in said.items() if value is not None}}


async def _submit(api: Api, body: dict[str, Any], *, key: str = "one") -> httpx.Response:
    return await api.operator.post(URL, json=body, headers={"Idempotency-Key": key})


async def test_the_same_key_and_body_get_the_same_answer_and_another_body_is_refused(api: Api) -> None:
    body = _body(await _partner(api))

    first, again = await _submit(api, body), await _submit(api, body)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert first.headers["location"] == f"{URL}/{first.json()['id']}"
    assert [row["n"] for row in await api.all("select count(*) as n from deal_registration")] == [1]
    problem(await _submit(api, {**body, "evidence": [{"name": "Mail"}]}), 409, "duplicate")
    other = await api.admin.post(URL, json=body, headers={"Idempotency-Key": "one"})
    assert other.status_code == 201  # keys are each caller's own
    assert other.json()["id"] != first.json()["id"]


async def test_a_submission_that_is_refused_leaves_its_key_free(api: Api) -> None:
    partner = await _partner(api)

    problem(await _submit(api, _body(partner, name=None)), 422, "invalid")

    assert (await _submit(api, _body(partner))).status_code == 201


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"fields": {"name": "x", "prize": 1}}, "prize"),
        ({"fields": {"name": "x", "review_status": "approved"}}, "review_status"),
        ({"fields": {"name": "x"}}, "partner"),
        ({"fields": {"name": "x"}, "parties": [{"role": "reseller"}]}, "parties.0.partner"),
        ({"fields": {"name": "x"}, "evidence": [{"name": "x", "deal": "y"}]}, "evidence.0.deal"),
    ],
)
async def test_what_cannot_be_submitted_is_told_by_field(api: Api, sent: dict[str, Any], field: str) -> None:
    fault = problem(await _submit(api, sent), 422, "invalid")

    assert [error["field"] for error in fault["errors"]] == [field]


async def test_a_submission_needs_a_key_and_the_role_operator(api: Api) -> None:
    problem(await api.operator.post(URL, json={"fields": {}}), 422, "invalid")
    key = {"Idempotency-Key": "k"}
    problem(await api.viewer.post(URL, json={"fields": {}}, headers=key), 403, "not-allowed")
    problem(await api.anybody.post(URL, json={"fields": {}}, headers=key), 401, "not-authenticated")


async def test_asked_answered_approved_and_withdrawn(api: Api) -> None:
    made = (await _submit(api, _body(await _partner(api), description=None))).json()
    place = f"{URL}/{made['id']}"
    assert (made["review_status"], made["asked"]) == ("needs_info", ["description"])

    problem(await api.admin.post(f"{place}/answer", json={"fields": {"name": "Other"}}), 409, "not-in-this-state")
    answered = await api.admin.post(f"{place}/answer", json={"fields": {"description": "Cloud"}})
    asked = await api.admin.post(f"{place}/ask", json={"fields": ["evidence:quote"], "note": "Your quote, please."})
    proven = await api.admin.post(f"{place}/answer", json={"evidence": [{"name": "Quote", "kind": "quote"}]})
    approved = await api.admin.post(f"{place}/approve")
    withdrawn = await api.operator.post(f"{place}/withdraw", json={"note": "Lost interest."})

    states = [answer.json()["review_status"] for answer in (answered, asked, proven, approved, withdrawn)]
    assert states == ["pending_approval", "needs_info", "pending_approval", "approved", "withdrawn"]
    happened = [event["kind"] for event in (await api.viewer.get(f"{place}/events")).json()]
    assert happened[:3] == ["submit", "screen", "ask_info"]
    assert happened[-2:] == ["approve", "withdraw"]
    problem(await api.admin.post(f"{place}/approve"), 409, "not-in-this-state")


async def test_a_conflict_is_shown_in_full_to_us_and_without_the_rival_to_the_partner(api: Api) -> None:
    rival = await _partner(api, "Brio Systems")
    await _submit(api, _body(rival, amount={"amount": "21473", "currency": "EUR"}), key="rival")
    made = (await _submit(api, _body(await _partner(api)))).json()
    assert made["review_status"] == "conflict_review"

    ours = (await api.viewer.get(f"{URL}/{made['id']}")).json()
    theirs = (await api.viewer.get(f"{URL}/{made['id']}?audience=partner")).json()

    assert "Brio Systems" in str(ours["outcomes"])
    assert "21473" in str(ours["outcomes"])
    assert theirs["messages"]
    assert not any(secret in str(theirs) for secret in ("Brio", "21473", rival))
    assert set(theirs) == {
        "id", "name", "review_status", "stage", "submitted_at", "due_at", "protection_ends", "rejection_code",
        "rejection_reason", "asked", "messages",
    }  # fmt: skip


async def test_rejected_appealed_and_revoked_only_by_an_admin(api: Api) -> None:
    made = (await _submit(api, _body(await _partner(api)))).json()
    place = f"{URL}/{made['id']}"

    problem(await api.admin.post(f"{place}/reject", json={"reason_code": "because"}), 422, "invalid")
    rejected = await api.admin.post(f"{place}/reject", json={"reason_code": "other", "text": "Not this year."})
    proof = {"name": "Letter", "kind": "customer_letter"}
    appealed = await api.operator.post(f"{place}/appeal", json={"text": "Look again", "evidence": [proof]})
    approved = await api.admin.post(f"{place}/approve", json={"note": "Good letter."})
    reason = {"reason_code": "compliance"}
    problem(await api.operator.post(f"{place}/revoke", json=reason), 403, "not-allowed")
    revoked = await api.admin.post(f"{place}/revoke", json=reason)

    states = [answer.json()["review_status"] for answer in (rejected, appealed, approved, revoked)]
    assert states == ["rejected", "appealed", "approved", "revoked"]


async def test_what_was_not_submitted_here_is_not_found(api: Api) -> None:
    made = await api.create("deal_registration", name="From elsewhere")

    problem(await api.viewer.get(f"{URL}/{made['id']}"), 404, "not-found")
    problem(await api.admin.post(f"{URL}/{made['id']}/approve"), 404, "not-found")


async def test_the_door_for_records_does_not_lead_past_the_review(api: Api) -> None:
    made = (await _submit(api, _body(await _partner(api)))).json()
    record = f"/api/v1/records/deal_registration/{made['id']}"
    [event] = await api.all("select id from deal_event where deal = %s and kind = 'submit'", made["id"])

    problem(await api.admin.patch(record, json={"review_status": "approved"}), 409, "not-in-this-state")
    told = await api.admin.patch(f"/api/v1/records/deal_event/{event['id']}", json={"actor": "nobody"})

    problem(await api.admin.patch(record, json={"customer_name": "Another AG"}), 409, "not-in-this-state")
    assert (await api.admin.patch(record, json={"name": "A better title"})).status_code == 200
    assert "deal_event_is_append_only" in problem(told, 422, "invalid")["detail"]


async def test_a_draft_is_kept_edited_and_submitted(api: Api) -> None:
    partner = await _partner(api)
    made = await api.operator.post(f"{URL}/drafts", json=_body(partner, description=None))
    place = f"{URL}/{made.json()['id']}"

    edited = await api.operator.patch(place, json={"fields": {"description": "Cloud"}})
    submitted = await api.operator.post(f"{place}/submit")

    assert (made.status_code, made.json()["review_status"], made.json()["verdict"]) == (201, "draft", None)
    assert (edited.json()["review_status"], submitted.json()["review_status"]) == ("draft", "pending_approval")
    problem(await api.operator.post(f"{place}/submit"), 409, "not-in-this-state")
    problem(await api.operator.patch(place, json={"fields": {"name": "Other"}}), 409, "not-in-this-state")
    problem(await api.viewer.post(f"{URL}/drafts", json=_body(partner)), 403, "not-allowed")


async def test_who_waited_for_a_rival_is_free_once_it_is_withdrawn(api: Api) -> None:
    first = (await _submit(api, _body(await _partner(api, "Brio Systems")), key="rival")).json()
    second = (await _submit(api, _body(await _partner(api)))).json()
    place = f"{URL}/{second['id']}"
    reviewed = await api.operator.post(f"{place}/review", json={"note": "Looked again."})

    await api.operator.post(f"{URL}/{first['id']}/withdraw")

    after = (await api.viewer.get(place)).json()
    assert (second["review_status"], reviewed.json()["review_status"]) == ("conflict_review", "conflict_review")
    assert (after["review_status"], after["frozen_by"]) == ("pending_approval", [])
    problem(await api.operator.post(f"{URL}/{first['id']}/review"), 409, "not-in-this-state")


async def test_a_record_that_is_handed_in_waits_to_be_judged_and_cannot_bring_its_decision(api: Api) -> None:
    records = "/api/v1/records/deal_registration"
    fields = {**_body(await _partner(api))["fields"], "stage": "submitted"}
    made = (await api.operator.post(records, json=fields)).json()
    decided = await api.operator.post(records, json={**fields, "stage": "approved"})

    [waiting] = (await api.viewer.get(f"{URL}/arrivals")).json()
    counts = await take_in_arrivals(api.app.db, api.app.desk)

    assert "stage: follows from the review" in problem(decided, 422, "invalid")["detail"]
    assert (waiting["id"], waiting["connection"], waiting["problem"]) == (made["id"], None, None)
    assert dict(counts) == {"judged": 1}
    assert (await api.viewer.get(f"{URL}/{made['id']}")).json()["place"] is not None
    assert (await api.viewer.get(f"{URL}/arrivals")).json() == []


async def test_a_csv_file_is_the_body_of_one_call(api: Api) -> None:
    partner = await _partner(api)
    text = f"Titel;partner;customer\nWarehouse;{partner};Nordlicht AG\nOther;P-9;Suedlicht AG\n"
    place, how = f"{URL}/import", {"columns": "{version: 1, columns: {name: Titel}}", "name": "q4.csv"}

    tried = (await api.operator.post(place, content=text, params={**how, "dry_run": "true"})).json()
    done = (await api.operator.post(place, content=text, params=how)).json()
    unread = await api.operator.post(place, content=text)

    assert tried["report"]["counts"] == done["report"]["counts"] == {"submitted": 1, "refused": 1}
    assert (done["report"]["file"], done["report"]["rows"][1]["faults"][0]["column"]) == ("q4.csv", "partner")
    assert "Other;P-9;Suedlicht AG;line 3" in done["error_file"]
    assert "no column for name" in problem(unread, 422, "invalid")["detail"]
    problem(await api.viewer.post(place, content=text, params=how), 403, "not-allowed")


async def test_the_evidence_is_for_those_who_decide_as_json_and_as_a_page(api: Api) -> None:
    rival = (await _submit(api, _body(await _partner(api, "Brio Systems")), key="rival")).json()
    made = (await _submit(api, _body(await _partner(api)))).json()
    place = f"{URL}/{made['id']}/evidence"

    pack = (await api.operator.get(place)).json()
    pages = [
        await api.operator.get(f"{place}.html"),
        await api.operator.get(place, headers={"Accept": "text/html,*/*;q=0.1"}),
    ]

    assert [claim["partner"] for claim in pack["claims"]] == ["Alba IT", "Brio Systems"]
    assert pack["claims"][1]["id"] == rival["id"]
    assert pack["claims"][1]["values"]["amount"] == {"amount": 20000, "currency": "EUR"}
    for page in pages:
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
        assert page.headers["cache-control"] == "no-store"
        assert "Brio Systems" in page.text
    problem(await api.viewer.get(place), 403, "not-allowed")
    problem(await api.viewer.get(f"{place}.html"), 403, "not-allowed")
    problem(await api.operator.get(f"{place}?decision=0"), 404, "not-found")
    opened = await api.all("select detail ->> 'form' as form from audit where action = 'deal_evidence_opened'")
    assert sorted(row["form"] for row in opened) == ["html", "html", "json"]


async def test_a_second_registration_is_merged_into_the_first_and_apart_again(api: Api) -> None:
    partner = await _partner(api)
    first = (await _submit(api, _body(partner))).json()
    second = (await _submit(api, _body(partner, value_add="Migration"), key="two")).json()
    place = f"{URL}/{second['id']}"

    seen = (await api.viewer.get(f"{place}/merge-preview?into={first['id']}")).json()
    body = {"into": first["id"], "take": ["value_add"]}
    merged = (await api.operator.post(f"{place}/merge", json=body)).json()
    apart = (await api.operator.post(f"{place}/unmerge")).json()

    assert (seen["offers"], seen["refusal"]) == ({"value_add": "Migration"}, None)
    assert (merged["review_status"], merged["merged_into"]) == ("merged", first["id"])
    assert (apart["survivor"], apart["values"], apart["left_alone"]) == (first["id"], ["value_add"], [])
    records = f"/api/v1/records/deal_registration/{second['id']}/merge"
    problem(await api.operator.post(records, json={"into": first["id"]}), 409, "not-in-this-state")


async def test_a_report_is_no_registration(api: Api) -> None:
    await _submit(api, _body(await _partner(api)))

    found = (await api.viewer.get(f"{URL}/report?by=region")).json()
    as_csv = await api.viewer.get(f"{URL}/report?by=region&format=csv")

    assert (found["total"]["submitted"], [g["group"] for g in found["groups"]]) == (1, ["dach"])
    assert as_csv.headers["content-type"] == "text/csv; charset=utf-8"
    assert [line.split(",")[0] for line in as_csv.text.splitlines()] == ["group", "(all)", "dach"]
    problem(await api.viewer.get(f"{URL}/report?since=2026-02-01T00:00:00Z&until=2026-01-01T00:00:00Z"), 422, "invalid")
    problem(await api.viewer.get(f"{URL}/report?since=2026-02-01T00:00:00"), 422, "invalid")


async def test_what_waits_for_a_person_is_listed_by_deadline_page_by_page(api: Api) -> None:
    partner = await _partner(api)
    made = []
    for n in range(3):
        body = _body(
            partner, customer_name=f"Kunde {n} AG", customer_domain=f"kunde{n}.de", contact_email=f"e@kunde{n}.de"
        )
        made.append((await _submit(api, body, key=str(n))).json()["id"])
    asked = await _submit(
        api, _body(partner, customer_domain="x.de", contact_email="e@x.de", description=None), key="q"
    )

    first = (await api.viewer.get(f"{URL}?limit=2")).json()
    rest = (await api.viewer.get(f"{URL}?limit=2&cursor={first['next_cursor']}")).json()
    waiting = (await api.viewer.get(f"{URL}?status=needs_info")).json()["items"]

    assert [item["id"] for item in (*first["items"], *rest["items"])] == made
    assert rest["next_cursor"] is None
    assert [item["id"] for item in waiting] == [asked.json()["id"]]
    assert waiting[0]["due_at"] is None
    problem(await api.viewer.get(f"{URL}?status=lost_and_found"), 422, "invalid")


async def test_a_policy_that_cannot_be_used_is_told_with_its_line(api: Api, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("version: 1\npolicy: deal_registration\n")
    settings = api.app.settings.model_copy(update={"deal_policy": file})
    asgi = build_api(replace(api.app, settings=settings))
    key = {"Authorization": api.operator.headers["Authorization"], "Idempotency-Key": "k"}

    async with httpx.AsyncClient(transport=httpx.ASGITransport(asgi), base_url="http://hub") as client:
        answer = await client.post(URL, json=_body(await _partner(api)), headers=key)

    assert "policy.yaml:1 edition" in problem(answer, 409, "policy-broken")["detail"]
