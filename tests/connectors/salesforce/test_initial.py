"""What only a new record is given is not written to one that an earlier try has made."""

from msgspec.structs import replace

from connectors.salesforce.client import Salesforce
from hub.sdk.records import Written
from hub.sdk.testing import create
from tests.connectors.salesforce.conftest import Bench


async def test_a_create_that_is_tried_again_leaves_what_is_the_sellers_by_then(
    bench: Bench, salesforce: Salesforce
) -> None:
    fields = {"Name": "Deal", "StageName": "Qualification", "CloseDate": "2027-01-31", "Partner_Stage__c": "approved"}
    initial = frozenset({"Name", "StageName", "CloseDate"})
    op = replace(create(("Hub_Deal_Id__c", "one"), fields), initial=initial)
    (made,) = await salesforce.write("Opportunity", [op])
    assert isinstance(made, Written)
    bench.sandbox.human_edit("Opportunity", made.remote_id, {"StageName": "Closed Won", "Partner_Stage__c": None})

    (again,) = await salesforce.write("Opportunity", [op])

    row = bench.sandbox.rows("Opportunity")[made.remote_id]
    assert again == Written(made.remote_id)
    assert (row["StageName"], row["Partner_Stage__c"]) == ("Closed Won", "approved")
