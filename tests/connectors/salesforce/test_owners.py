"""Records are owned by whom the hub names by mail address; nobody's go to the fallback."""

from typing import Any

import pytest

from connectors.salesforce.client import Salesforce
from hub.sdk.records import Written
from hub.sdk.testing import create
from tests.connectors.salesforce.conftest import Bench


def _user(bench: Bench, name: str) -> str:
    return next(row_id for row_id, row in bench.sandbox.rows("User").items() if row["Name"].startswith(name))


async def _owner(bench: Bench, salesforce: Salesforce, object_name: str, **fields: Any) -> str:
    field = "Hub_Key__c" if object_name == "Task" else "Hub_Deal_Id__c"
    (made,) = await salesforce.write(object_name, [create((field, "one"), fields)])
    assert isinstance(made, Written), made
    return str(bench.sandbox.rows(object_name)[made.remote_id]["OwnerId"])


async def test_the_active_user_with_the_address_owns_the_record(bench: Bench, salesforce: Salesforce) -> None:
    fields = {"Subject": "Call", "Owner.Email": "ALEX@partnerhub.sandbox"}

    assert await _owner(bench, salesforce, "Task", **fields) == _user(bench, "Alex")
    assert len(bench.wire.named("/query")) == 1


async def test_an_address_that_nobody_has_goes_to_the_fallback(bench: Bench) -> None:
    salesforce = bench.connect(fallback_owner="robin@partnerhub.sandbox")

    owner = await _owner(bench, salesforce, "Task", Subject="Call", **{"Owner.Email": "nobody"})

    assert owner == _user(bench, "Robin")


async def test_who_has_left_owns_nothing_new(bench: Bench) -> None:
    bench.sandbox.human_edit("User", _user(bench, "Alex"), {"IsActive": False})
    salesforce = bench.connect(fallback_owner=_user(bench, "Robin"))

    owner = await _owner(bench, salesforce, "Task", Subject="Call", **{"Owner.Email": "alex@partnerhub.sandbox"})

    assert owner == _user(bench, "Robin")


@pytest.mark.parametrize(("object_name", "owned"), [("Task", "00G"), ("Opportunity", "005")])
async def test_a_queue_gets_tasks_and_no_opportunities(bench: Bench, object_name: str, owned: str) -> None:
    (queue,) = bench.sandbox.rows("Group")
    salesforce = bench.connect(fallback_owner=queue)
    needed = {"Name": "Deal", "StageName": "Qualification", "CloseDate": "2027-01-31"}
    fields = needed if object_name == "Opportunity" else {"Subject": "Call"}

    owner = await _owner(bench, salesforce, object_name, **fields, **{"Owner.Email": "nobody"})

    assert owner[:3] == owned


async def test_without_a_fallback_who_writes_owns_the_record(bench: Bench, salesforce: Salesforce) -> None:
    owner = await _owner(bench, salesforce, "Task", Subject="Call", **{"Owner.Email": "nobody"})

    assert owner == _user(bench, "Integration")


async def test_the_owner_is_read_by_name_and_address(bench: Bench, salesforce: Salesforce) -> None:
    (account,) = bench.accounts(1, OwnerId=_user(bench, "Robin"))

    (record,) = (await salesforce.read_many("Account", [account], ("Name", "Owner.Name", "Owner.Email"))).records

    assert record.fields["Owner"] == {"Name": "Robin Fallback", "Email": "robin@partnerhub.sandbox"}
