"""Alerts to sellers at the API: listed, shown, acknowledged once, and how long that took."""

from datetime import timedelta
from typing import Any

from hub.domain.deals.alerts import Alert
from hub.services.deals.alerting import raise_alerts
from tests.integration.api.conftest import Api, problem

URL = "/api/v1/seller-alerts"


async def _raise(api: Api, *names: str, kind: str = "registration_approved", **said: Any) -> None:
    for name in names:
        alert = Alert(event_key=name, kind=kind, subject=name, body="B", deal=None, or_queue=True, **said)
        async with api.app.db.transaction() as tx:
            await raise_alerts(tx, [alert])


async def _found(api: Api, **asked: Any) -> list[str]:
    answer = await api.viewer.get(URL, params=asked)
    assert answer.status_code == 200, answer.text
    return [alert["event_key"] for alert in answer.json()["items"]]


async def test_alerts_are_listed_newest_first_by_page_and_filter(api: Api) -> None:
    await _raise(api, "one", "two", mail="ida@example.com")
    await _raise(api, "three", kind="decision_due")

    first = (await api.viewer.get(URL, params={"limit": 2})).json()
    second = (await api.viewer.get(URL, params={"limit": 2, "cursor": first["next_cursor"]})).json()

    assert [a["event_key"] for a in first["items"]] == ["three", "two"]
    assert [a["event_key"] for a in second["items"]] == ["one"]
    assert second["next_cursor"] is None
    assert await _found(api, owner_email="IDA@example.com") == ["two", "one"]
    assert await _found(api, queue=True) == ["three"]
    assert await _found(api, kind="decision_due") == ["three"]
    assert await _found(api, status="acknowledged") == []


async def test_an_operator_acknowledges_once_and_the_crms_hear_of_it(api: Api) -> None:
    await _raise(api, "one")
    [alert] = (await api.viewer.get(URL)).json()["items"]

    refused = await api.viewer.post(f"{URL}/{alert['id']}/acknowledge")
    first = await api.operator.post(f"{URL}/{alert['id']}/acknowledge")
    again = await api.admin.post(f"{URL}/{alert['id']}/acknowledge")

    assert refused.status_code == 403
    assert first.json()["status"] == "acknowledged"
    assert first.json()["acknowledged_by"] == "key test operator"
    assert again.json() == first.json()
    logged = await api.all("select op, new from change where record_type = 'seller_alert' order by id")
    assert [change["op"] for change in logged] == ["create", "update"]
    assert logged[1]["new"]["status"] == "acknowledged"
    [noted] = await api.all("select actor from audit where action = 'alert_acknowledged'")
    assert noted["actor"] == "key test operator"


async def test_an_alert_past_its_time_is_overdue_until_it_is_seen(api: Api) -> None:
    await _raise(api, "late", "early")
    await api.all("update seller_alert set due_at = now() - interval '1 hour' where event_key = 'late' returning id")
    await api.all("update seller_alert set due_at = now() + interval '1 hour' where event_key = 'early' returning id")
    [alert] = (await api.viewer.get(URL, params={"overdue": True})).json()["items"]
    assert alert["event_key"] == "late"

    await api.operator.post(f"{URL}/{alert['id']}/acknowledge")

    assert await _found(api, overdue=True) == []
    assert await _found(api, overdue=False) == ["early", "late"]


async def test_the_time_until_alerts_were_seen_is_told_by_kind(api: Api) -> None:
    await _raise(api, "a", "b", "c")
    await _raise(api, "d", kind="decision_due")
    await api.all(
        "update seller_alert set status = 'acknowledged', acknowledged_at = raised_at + %s * (ascii(event_key) - 96)"
        " where event_key < 'd' returning id",
        timedelta(minutes=1),
    )

    answer = await api.viewer.get(f"{URL}/times")

    due, approved = answer.json()
    assert (due["kind"], due["raised"], due["open"], due["median_seconds"]) == ("decision_due", 1, 1, None)
    assert (approved["raised"], approved["acknowledged"], approved["median_seconds"]) == (3, 3, 120)
    assert approved["p95_seconds"] == 174


async def test_an_alert_that_is_not_there_is_not_found(api: Api) -> None:
    nobody = "00000000-0000-0000-0000-000000000001"

    for answer in (await api.viewer.get(f"{URL}/{nobody}"), await api.operator.post(f"{URL}/{nobody}/acknowledge")):
        assert problem(answer, 404, "not-found")
