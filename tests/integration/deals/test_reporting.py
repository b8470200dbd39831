"""Reports: what was decided how, how fast, and for which reasons, of all and by group."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.services.deals import changing, deciding
from hub.services.deals.expiring import end_protections
from hub.services.deals.reporting import By, Report, as_csv, report
from hub.services.refusals import Invalid
from tests.integration.deals.conftest import Office


async def _report(office: Office, **said: Any) -> Report:
    async with office.db.transaction() as tx:
        return await report(tx, office.desk, **said)


async def _quarter(office: Office) -> None:
    """Five registrations: approved and won, teaming, rejected by a person and by a rule, and one that expired."""
    alba, brio = await office.partner("Alba"), await office.partner("=Brio")
    other = {"customer_name": "Other AG", "customer_domain": "other-ag.de", "contact_email": "e@other-ag.de"}
    third = {"customer_name": "Dritte SE", "customer_domain": "dritte-se.de", "contact_email": "e@dritte-se.de"}
    first = await office.act(await office.submit(alba), deciding.approve)
    disputed = await office.submit(brio)
    await office.act(disputed, deciding.approve, teaming=True)
    await office.act(first, changing.end, how="win")
    await office.submit(alba, **other, amount={"amount": "100", "currency": "EUR"})
    refused = await office.submit(brio, **other, customer_country="NL")
    await office.act(refused, deciding.reject, reason_code="not_viable", text=None)
    ended = await office.act(await office.submit(alba, **third, customer_country="US"), deciding.approve)
    past = datetime.now(UTC).date() - timedelta(days=2)
    await office.all("update deal_registration set protection_ends = %s where id = %s returning id", past, ended.id)
    await end_protections(office.db, office.desk)
    # Business time is the calendar's: set, so that the test does not depend on the hour of day.
    await office.all(
        "update deal_review r set spent = '3 hours', allowed = '16 hours' from deal_registration d"
        " where d.id = r.registration_id returning r.registration_id"
    )
    await office.all(
        "update deal_review set spent = '20 hours' where registration_id = %s returning registration_id", disputed.id
    )


async def test_all_figures_of_a_quarter(office: Office) -> None:
    await _quarter(office)

    total = (await _report(office)).total

    assert total.submitted == 5
    assert total.statuses == {"rejected": 2, "approved_teaming": 1, "expired": 1, "won": 1}
    assert (total.decided, total.approved, total.approval_rate) == (5, 3, 0.6)
    assert total.teaming_share == 0.333
    assert total.decided_by_rules == 1
    assert (total.median_hours, total.in_time) == (3.0, 0.75)
    assert total.p90_hours is not None
    assert 3 < total.p90_hours < 20
    assert total.rejections == {"below_minimum": 1, "not_viable": 1}
    assert total.conflicts == {"duplicate_other_partner": 1}
    assert (total.expired, total.expired_untouched) == (1, 1)


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("partner", {"Alba": 3, "=Brio": 2}),
        ("reason", {"below_minimum": 1, "not_viable": 1}),
        ("program", {"reseller": 5}),
        ("region", {"dach": 3, "benelux": 1, "north_america": 1}),
    ],
)
async def test_by_group(office: Office, by: By, expected: dict[str, int]) -> None:
    await _quarter(office)

    found = await _report(office, by=by)

    assert {line.group: line.submitted for line in found.groups} == expected
    assert found.total.submitted == 5


async def test_only_what_was_submitted_in_the_time_counts(office: Office) -> None:
    await office.submit(await office.partner("Alba"))
    now = datetime.now(UTC)

    before = await _report(office, since=now - timedelta(days=9), until=now - timedelta(days=1))

    assert (before.total.submitted, before.total.approval_rate, before.total.median_hours) == (0, None, None)
    assert (before.total.statuses, before.groups) == ({}, ())
    with pytest.raises(Invalid, match="earlier"):
        await _report(office, since=now, until=now)


async def test_as_csv_for_a_spreadsheet_that_runs_nothing(office: Office) -> None:
    await _quarter(office)

    rows = list(csv.DictReader(io.StringIO(as_csv(await _report(office, by="partner")))))

    assert [row["group"] for row in rows] == ["(all)", "Alba", "'=Brio"]
    assert rows[0]["rejections.not_viable"] == "1"
    assert rows[1]["rejections.not_viable"] == "0"
