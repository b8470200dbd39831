"""One constant decides the API version, and both path families behave alike."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

import connectors.hubspot
from connectors.hubspot.library import current_path
from connectors.hubspot.paths import NUMBERED, paths_of
from hub.sdk.records import ReadQuery, WriteOp
from tests.connectors.hubspot.conftest import VERSIONS, Bench, create, done, read_all, update


@pytest.fixture(params=VERSIONS)
def versioned(request: pytest.FixtureRequest, bench: Bench) -> Bench:
    """A bench of that version, on a sandbox that serves no other family of paths."""
    bench.version = request.param
    bench.sandbox.faults.set("dated_paths" if request.param == NUMBERED else "numbered_paths", False)
    return bench


async def test_numbered_and_dated_paths_behave_alike(versioned: Bench) -> None:
    hubspot, query = versioned.connect(), ReadQuery("contacts", ("lastname", "email", "associations.companies"))
    assert (await hubspot.check()).id == "148210077"
    assert (await hubspot.describe("deals")).fields["dealstage"].values
    scan = await read_all(hubspot, query)
    company = versioned.companies(1)[0]
    fields = {"lastname": "Reyes", "associations.companies": company}
    contact = done((await hubspot.write("contacts", [create(("hub_id", "p-1"), **fields)]))[0])
    done((await hubspot.write("contacts", [update(contact.remote_id, {"email": "o@reyes.example"})]))[0])

    changes = await read_all(hubspot, query, scan.cursor)
    done((await hubspot.write("contacts", [WriteOp("delete", {}, "d", remote_id=contact.remote_id)]))[0])
    archived = await read_all(hubspot, query, changes.cursor)

    expected = {"lastname": "Reyes", "email": "o@reyes.example", "associations": {"companies": company}}
    assert changes.latest(contact.remote_id).fields == expected
    assert [one.id for one in archived.deletions] == [contact.remote_id]
    prefixes = ("/crm/v3/", "/crm/v4/", "/oauth/v1", "/account-info/v3", "/crm-object-schemas/v3")
    paths = {request.url.path for request in versioned.requests}
    assert {path.startswith(prefixes) for path in paths} == {versioned.version == NUMBERED}


async def test_withdrawn_path_family_is_answered_with_404(bench: Bench) -> None:
    bench.sandbox.faults.set("numbered_paths", False)

    assert (await bench.api("GET", "/crm/v3/objects/companies")).status_code == 404
    assert (await bench.api("GET", "/crm/objects/2026-03/companies")).status_code == 200


async def test_type_ids_name_the_same_objects_as_names(bench: Bench) -> None:
    [company] = bench.companies(1)

    named = await bench.api("GET", f"/crm/v3/objects/companies/{company}")

    assert (await bench.api("GET", f"/crm/v3/objects/0-2/{company}")).json() == named.json()


def test_no_path_is_spelt_outside_the_table() -> None:
    folder = Path(connectors.hubspot.__file__).parent
    spelt = [
        path.name
        for path in folder.glob("*.py")
        if path.name != "paths.py" and re.search(r'"/?(crm|oauth|account-info)[/-]', path.read_text())
    ]

    assert spelt == []


def test_the_librarys_paths_are_moved_to_the_connectors_version() -> None:
    assert current_path("/crm/v3/owners/", paths_of("2026-09")) == "/crm/owners/2026-09"
    assert current_path("/crm/v3/properties/deals", paths_of(NUMBERED)) == "/crm/v3/properties/deals"
    with pytest.raises(ValueError, match="no path"):
        current_path("/crm/v3/quotes", paths_of("2026-03"))


def test_urllib3_2_6_0_is_excluded() -> None:
    project = (Path(__file__).parents[3] / "pyproject.toml").read_text()

    assert '"urllib3!=2.6.0"' in project


async def test_values_are_written_as_the_text_that_hubspot_takes(versioned: Bench) -> None:
    hubspot = versioned.connect()
    fields = {
        "dealname": "Renewal",
        "amount": Decimal("1250.50"),
        "product_lines": ["core", "cloud"],
        "closedate": "2026-12-24T10:00:00Z",
        "partner_close_date": "2026-12-24",
    }

    written = done((await hubspot.write("deals", [create(("partner_deal_id", "d-1"), **fields)]))[0])

    row = versioned.sandbox.rows("deals")[written.remote_id]
    assert row["amount"] == "1250.50"
    assert row["product_lines"] == "core;cloud"
    assert row["closedate"] == "2026-12-24T10:00:00.000Z"
    assert row["partner_deal_id"] == "d-1"
