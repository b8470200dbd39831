"""The vendor community's own client as an independent judge of the sandbox, over real TLS."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import (
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceResourceNotFound,
)
from simple_salesforce.format import format_external_id, format_soql
from simple_salesforce.login import SalesforceLogin

from connectors.salesforce.sandbox import SANDBOX
from connectors.salesforce.sandbox.emulator import SalesforceSandbox
from connectors.salesforce.sandbox.oauth import CLIENT_ID, CLIENT_SECRET, USERNAME
from connectors.salesforce.sandbox.schema import Field
from hub.sdk.sandbox import SandboxClock
from hub.sdk.sandbox.serve import SandboxServer
from tests.connectors.salesforce.conftest import START


class ToSandbox(HTTPAdapter):
    """Leads every host, the library's hard-coded login hosts too, to the sandbox; requests have a timeout."""

    def __init__(self, url: str, ca_file: str) -> None:
        super().__init__()
        self._url = url
        self._ca_file = ca_file

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        assert request.url is not None
        request.url = self._url + "/" + request.url.split("/", 3)[3]
        return super().send(request, *args, **(kwargs | {"timeout": 30, "verify": self._ca_file}))


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer(SANDBOX.make(), tls=True) as running:
        yield running


@pytest.fixture
def sandbox(server: SandboxServer) -> SalesforceSandbox:
    made = SANDBOX.make(clock=SandboxClock(START, frozen=True))
    assert isinstance(made, SalesforceSandbox)
    server.sandbox = made
    return made


@pytest.fixture
def session(server: SandboxServer) -> Iterator[requests.Session]:
    with requests.Session() as made:
        made.trust_env = False
        made.mount("https://", ToSandbox(server.url, str(server.ca_file)))
        yield made


@pytest.fixture
def sf(sandbox: SalesforceSandbox, server: SandboxServer, session: requests.Session) -> Any:
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    token = session.post(f"{server.url}/services/oauth2/token", data=form).json()
    return Salesforce(
        session_id=token["access_token"], instance_url=token["instance_url"], session=session, version="62.0"
    )


def test_it_logs_in_with_client_credentials(sandbox: SalesforceSandbox, session: requests.Session) -> None:
    session_id, _ = SalesforceLogin(
        consumer_key=CLIENT_ID, consumer_secret=CLIENT_SECRET, domain="acme.my", session=session
    )

    assert sandbox.org.oauth.knows(f"Bearer {session_id}")


def test_it_logs_in_by_jwt_whose_expiry_is_a_text(sandbox: SalesforceSandbox, session: requests.Session) -> None:
    session_id, _ = SalesforceLogin(
        username=USERNAME, consumer_key=CLIENT_ID, privatekey=sandbox.org.oauth.private_key(), session=session
    )

    assert sandbox.org.oauth.knows(f"Bearer {session_id}")


def test_it_works_with_rows(sandbox: SalesforceSandbox, sf: Any) -> None:
    created = sf.Account.create({"Name": "Acme", "Hub_Id__c": "k/1"})
    record = created["id"]
    sf.Account.update(record, {"Phone": "1"})
    by_key = sf.Account.get_by_custom_id("Hub_Id__c", "k%2F1")
    status = sf.Account.upsert(format_external_id("Hub_Id__c", "k/2"), {"Name": "Beta"})
    described = sf.Account.describe()
    sf.Account.delete(record)

    assert created["success"]
    assert (by_key["Id"], by_key["Phone"]) == (record, "1")
    assert status == 201
    assert {"Name", "Hub_Id__c"} <= {field["name"] for field in described["fields"]}
    with pytest.raises(SalesforceResourceNotFound):
        sf.Account.get(record)
    with pytest.raises(SalesforceMalformedRequest) as refused:
        sf.Account.create({"Nonsense__c": 1})
    content: Any = refused.value.content
    assert content[0]["errorCode"] == "INVALID_FIELD"


def test_it_sees_several_matches(sandbox: SalesforceSandbox, sf: Any) -> None:
    sandbox.add_field("Account", Field("Old_Key__c", external_id=True))
    for _ in range(2):
        sandbox.human_create("Account", {"Name": "A", "Old_Key__c": "twice"})

    with pytest.raises(SalesforceMoreThanOneRecord) as several:
        sf.Account.upsert("Old_Key__c/twice", {"Name": "B"})

    assert len(several.value.content) == 2


def test_it_follows_locators_to_the_end(sandbox: SalesforceSandbox, sf: Any) -> None:
    ids = [sandbox.human_create("Account", {"Name": f"A {n}"}) for n in range(4500)]
    sandbox.human_delete("Account", ids[-1])

    live = sf.query_all("SELECT Id, Owner.Name FROM Account")
    everything = sf.query_all("SELECT Id FROM Account", include_deleted=True)
    counted = sf.query("SELECT COUNT() FROM Account")
    one = sf.query(format_soql("SELECT Name FROM Account WHERE Id = {}", ids[7]))

    assert [row["Id"] for row in live["records"]] == ids[:-1]
    assert live["records"][0]["Owner"]["Name"] == "Alex Executive"
    assert len(everything["records"]) == 4500
    assert counted["totalSize"] == 4499
    assert one["records"][0]["Name"] == "A 7"


def test_it_reads_limits_windows_and_usage(sandbox: SalesforceSandbox, sf: Any) -> None:
    sandbox.faults.set("limit_info", "with_per_app")
    record = sandbox.human_create("Account", {"Name": "A"})
    start, end = START - timedelta(hours=1), START + timedelta(hours=1)

    limits = sf.limits()
    updated = sf.Account.updated(start, end)
    sandbox.human_delete("Account", record)
    deleted = sf.Account.deleted(start, end)

    assert limits["DailyApiRequests"]["Max"] == 1_000_000
    assert updated["ids"] == [record]
    assert [row["id"] for row in deleted["deletedRecords"]] == [record]
    assert sf.api_usage["api-usage"].total == 1_000_000
    assert sf.api_usage["per-app-api-usage"].name == "partnerhub"


def test_it_loads_and_unloads_in_bulk(sandbox: SalesforceSandbox, sf: Any) -> None:
    records = [{"Hub_Id__c": f"k{n}", "Name": f"A {n}", "Phone": ""} for n in range(300)]
    records.append({"Hub_Id__c": "bad", "Name": "x" * 300, "Phone": ""})

    (loaded,) = sf.bulk2.Account.upsert(records=records, external_id_field="Hub_Id__c", wait=0.01)
    failed = sf.bulk2.Account.get_failed_records(loaded["job_id"])
    pages = list(sf.bulk2.Account.query("SELECT Id, Name FROM Account", max_records=200, wait=0.01))

    unloaded = [row for page in pages for row in csv.DictReader(io.StringIO(page))]
    assert (loaded["numberRecordsProcessed"], loaded["numberRecordsFailed"]) == (301, 1)
    assert "STRING_TOO_LONG" in failed
    assert len(pages) == 2
    assert {row["Name"] for row in unloaded} == {f"A {n}" for n in range(300)}


def test_it_sends_composite_calls(sandbox: SalesforceSandbox, sf: Any) -> None:
    request = {
        "method": "POST",
        "url": "/services/data/v62.0/sobjects/Account",
        "referenceId": "a",
        "body": {"Name": "A"},
    }

    answer = sf.restful("composite", method="POST", json={"compositeRequest": [request]})

    assert answer is not None
    assert answer["compositeResponse"][0]["httpStatusCode"] == 201


def test_an_expired_session_is_one_request_and_one_error(sandbox: SalesforceSandbox, sf: Any) -> None:
    sandbox.org.oauth.expire_sessions()

    with pytest.raises(SalesforceExpiredSession):
        sf.Account.get("001000000000001AAA")

    assert sum(count for name, count in sandbox.calls.items() if "sobjects" in name) == 1
