"""The vendor's own library, unchanged and over real HTTP, finds the emulator to be HubSpot."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.hubspot.sandbox import HubSpotSandbox
from connectors.hubspot.sandbox.oauth import CLIENT_ID, CLIENT_SECRET, FIRST_REFRESH_TOKEN
from hub.sdk.sandbox.serve import SandboxServer

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the library's imports are its own affair
    from hubspot import HubSpot
    from hubspot.crm.associations.v4 import AssociationSpec, BatchInputPublicFetchAssociationsBatchRequest
    from hubspot.crm.companies import (
        ApiException,
        BatchInputSimplePublicObjectBatchInput,
        BatchInputSimplePublicObjectBatchInputUpsert,
        PublicObjectSearchRequest,
        SimplePublicObjectInputForCreate,
    )


@pytest.fixture
def served(sandbox: HubSpotSandbox) -> Iterator[SandboxServer]:
    with SandboxServer(sandbox) as server:
        yield server


@pytest.fixture
def judge(served: SandboxServer) -> Any:
    assert isinstance(served.sandbox, HubSpotSandbox)
    return HubSpot(access_token=served.sandbox.static_settings(served.url)["access_token"], host=served.url)


def test_library_creates_reads_searches_and_archives(judge: Any) -> None:
    companies = judge.crm.companies
    body = SimplePublicObjectInputForCreate(properties={"name": "Acme", "domain": "acme.example"}, associations=[])
    created = companies.basic_api.create(body, _request_timeout=10)

    read = companies.basic_api.get_by_id(created.id, properties=["name", "phone"], _request_timeout=10)
    question = PublicObjectSearchRequest(
        filter_groups=[{"filters": [{"propertyName": "domain", "operator": "EQ", "value": "acme.example"}]}],
        properties=["name"],
        limit=10,
    )
    found = companies.search_api.do_search(question, _request_timeout=10)
    companies.basic_api.archive(created.id, _request_timeout=10)
    page = companies.basic_api.get_page(archived=True, _request_timeout=10)

    assert read.properties["name"] == "Acme"
    assert read.properties["phone"] is None
    assert read.created_at.tzinfo is not None
    assert (found.total, found.results[0].id) == (1, created.id)
    assert [(one.id, one.archived) for one in page.results] == [(created.id, True)]


def test_library_pages_through_a_list(judge: Any, sandbox: HubSpotSandbox) -> None:
    made = [sandbox.human_create("companies", {"name": f"C{n}"}) for n in range(250)]

    everything = judge.crm.companies.get_all()

    assert [one.id for one in everything] == made


def test_library_sees_multi_status_of_a_batch(judge: Any) -> None:
    inputs = [
        {"id": "k1", "idProperty": "hub_id", "properties": {"name": "A"}, "objectWriteTraceId": "1"},
        {"id": "k2", "idProperty": "hub_id", "properties": {"name": "B", "type": "NO"}, "objectWriteTraceId": "2"},
    ]
    body = BatchInputSimplePublicObjectBatchInputUpsert(inputs=inputs)

    answer, status, _ = judge.crm.companies.batch_api.upsert_with_http_info(body, _request_timeout=10)

    assert status == 207
    assert [row.new for row in answer.results] == [True]
    assert answer.num_errors == 1
    assert answer.errors[0].category == "VALIDATION_ERROR"


def test_library_updates_in_batches(judge: Any, sandbox: HubSpotSandbox) -> None:
    company = sandbox.human_create("companies", {"name": "A"})
    body = BatchInputSimplePublicObjectBatchInput(inputs=[{"id": company, "properties": {"name": "B"}}])

    answer = judge.crm.companies.batch_api.update(body, _request_timeout=10)

    assert answer.status == "COMPLETE"
    assert sandbox.rows("companies")[company]["name"] == "B"


def test_library_raises_its_own_errors_with_the_vendors_body(judge: Any) -> None:
    body = SimplePublicObjectInputForCreate(properties={"nmae": "typo"}, associations=[])

    with pytest.raises(ApiException) as caught:
        judge.crm.companies.basic_api.create(body, _request_timeout=10)

    assert caught.value.status == 400
    assert "PROPERTY_DOESNT_EXIST" in caught.value.body


def test_library_associates_and_reads_associations(judge: Any, sandbox: HubSpotSandbox) -> None:
    company = sandbox.human_create("companies", {"name": "A"})
    contact = sandbox.human_create("contacts", {"lastname": "B"})
    api = judge.crm.associations.v4
    primary = AssociationSpec(association_category="HUBSPOT_DEFINED", association_type_id=1)

    api.basic_api.create("contacts", contact, "companies", company, [primary], _request_timeout=10)
    page = api.basic_api.get_page("contacts", contact, "companies", _request_timeout=10)
    question = BatchInputPublicFetchAssociationsBatchRequest(inputs=[{"id": contact}])
    batch = api.batch_api.get_page("contacts", "companies", question, _request_timeout=10)

    assert {one.type_id for one in page.results[0].association_types} == {1, 279}
    assert batch.results[0].to[0].to_object_id == company
    assert sandbox.rows("contacts")[contact]["associations"] == {"companies": company}


def test_library_reads_properties_pipelines_and_owners(judge: Any) -> None:
    names = {one.name: one for one in judge.crm.properties.core_api.get_all("deals").results}
    pipelines = judge.crm.pipelines.pipelines_api.get_all("deals").results
    owners = judge.crm.owners.get_all()

    assert names["partner_deal_id"].has_unique_value
    assert [pipeline.label for pipeline in pipelines] == ["Sales Pipeline", "Partner deals"]
    assert all(stage.id.isdigit() for stage in pipelines[1].stages)
    assert owners[0].user_id != int(owners[0].id)


def test_library_refreshes_a_token(judge: Any) -> None:
    answer = judge.oauth.tokens_api.create(
        grant_type="refresh_token",
        refresh_token=FIRST_REFRESH_TOKEN,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
    )

    assert answer.expires_in == 1800
    assert answer.access_token
