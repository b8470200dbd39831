"""From stored records to the rule that fires: certifications, holds, sole rights, terms, wider lines, fresh mirrors."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from hub.db import connections, runs
from hub.services.deals.viewing import RegistrationView
from tests.integration.deals.conftest import Office

TODAY = datetime.now(UTC).date()
LONG_AGO = date(2020, 1, 1)


def fired(view: RegistrationView) -> dict[str, str]:
    return {o["rule"]: o["outcome"] for o in view.outcomes}


async def line(office: Office, code: str, **values: Any) -> UUID:
    return await office.create("product_line", code=code, name=code.title(), **values)


async def customer(office: Office, name: str = "Nordlicht Logistik GmbH", **values: Any) -> UUID:
    said = {"legal_name": name, "website_domain": "nordlicht-logistik.de", "country": "DE", **values}
    return await office.create("organization", **{n: v for n, v in said.items() if v is not None})


async def test_a_certification_counts_while_it_holds(office: Office) -> None:
    security = await line(office, "security")
    proof = await office.create("certification", code="SEC-1", name="Security one", product_line=security)
    alba, brio, cirro = [await office.partner(name) for name in ("Alba", "Brio", "Cirro")]
    unknown = await office.submit(alba, product_lines=["security"])

    granted = {"certification": proof, "lms": "academy", "granted_on": TODAY - timedelta(days=400)}
    await office.create("certification_award", partner=alba, expires_on=TODAY, **granted)
    await office.create("certification_award", partner=brio, expires_on=TODAY - timedelta(days=1), **granted)
    held = await office.submit(alba, product_lines=["security"])
    lapsed = await office.submit(brio, product_lines=["security"])
    never = await office.submit(cirro, product_lines=["security"])

    assert fired(unknown)["certified"] == "notice"
    assert "certified" not in fired(held)
    assert (fired(lapsed)["certified"], fired(never)["certified"]) == ("block", "block")
    assert lapsed.review_status == "rejected"


async def test_a_hold_on_the_partner_or_the_customer_stops_the_deal(office: Office) -> None:
    held = await office.partner("Held", compliance_hold=True, compliance_reason="List of 2026-11-01")
    assert (await office.submit(held)).rejection_code == "compliance"

    await customer(office, compliance_hold=True)
    view = await office.submit(await office.partner("Alba"))

    assert (view.review_status, view.rejection_code) == ("rejected", "compliance")


async def test_a_hold_on_what_may_be_the_customer_is_for_a_person(office: Office) -> None:
    """The legal forms contradict each other."""
    await customer(office, "Nordlicht Logistik AG", compliance_hold=True)

    view = await office.submit(await office.partner("Alba"))

    assert fired(view)["not_sanctioned"] == "review"
    assert view.rejection_code is None


async def test_a_sole_right_stands_against_others_in_its_countries(office: Office) -> None:
    cloud = await line(office, "cloud")
    dach = await office.create("territory", code="DACH", name="DACH", countries=("DE", "AT"), valid_from=LONG_AGO)
    brio = await office.partner("Brio")
    right = {"partner": brio, "product_line": cloud, "territory": dach, "status": "granted", "exclusive": True}
    await office.create("partner_authorization", **right, valid_from=LONG_AGO)
    alba = await office.partner("Alba")

    inside = await office.submit(alba)
    outside = await office.submit(alba, customer_country="FR", customer_domain="x.fr", contact_email="a@x.fr")
    own = await office.submit(brio, customer_domain="y.de", contact_email="a@y.de", customer_name="Ypsilon AG")

    assert "territory_exclusive" in fired(inside)
    assert "territory_exclusive" not in fired(outside)
    assert "territory_exclusive" not in fired(own)


async def test_who_supplies_a_narrower_line_supplies_until_the_term_ends(office: Office) -> None:
    """The order is older than what counts without a term, and on a line within the registered one."""
    backup = await line(office, "cloud-backup", parent=await line(office, "cloud"))
    firm, brio = await customer(office), await office.partner("Brio")
    order = {"partner": brio, "customer": firm, "product_line": backup, "order_number": "O-1", "status": "shipped"}
    ends = TODAY + timedelta(days=60)
    await office.create("order_line", **order, line_number="1", ordered_on=TODAY - timedelta(days=1000), term_ends=ends)

    view = await office.submit(await office.partner("Alba"))
    [row] = await office.all("select facts -> 'incumbents' as incumbents from deal_decision")
    assert {(i["product_line"], i["until"]) for i in row["incumbents"]} == {
        ("cloud", ends.isoformat()),
        ("cloud-backup", ends.isoformat()),
    }
    assert {"incumbency", "renewal"} <= fired(view).keys()

    await office.all("update order_line set term_ends = current_date - 1 returning id")
    later = await office.submit(await office.partner("Cirro"))
    assert not {"incumbency", "renewal"} & fired(later).keys()


async def test_only_what_mirrors_direct_sales_has_to_be_fresh(office: Office) -> None:
    async with office.db.transaction() as tx:
        stored = {
            name: await connections.add(tx, name=name, system="sample", account_id=name, settings=b"-", options={})
            for name in ("crm", "academy")
        }
        for name, objects in (("crm", ["Account", "Opportunity"]), ("academy", [])):
            await connections.note_sales_objects(tx, connection_id=stored[name].id, objects=objects)
        for name in ("Opportunity", "Contact"):
            run_id = await runs.start(tx, connection_id=stored["crm"].id, object_name=name, kind="pull")
            await runs.finish(tx, run_id=run_id)
    half = await office.submit(await office.partner("Alba"))

    async with office.db.transaction() as tx:
        run_id = await runs.start(tx, connection_id=stored["crm"].id, object_name="Account", kind="pull")
        await runs.finish(tx, run_id=run_id)
    whole = await office.submit(
        await office.partner("Brio"), customer_name="Ypsilon AG", customer_domain="y.de", contact_email="a@y.de"
    )

    assert "stale_crm_guard" in fired(half)
    assert "stale_crm_guard" not in fired(whole)
