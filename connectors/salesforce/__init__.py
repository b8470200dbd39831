"""Salesforce: accounts, people, deal registrations and opportunities of one org, both ways."""

from connectors.salesforce.client import open_salesforce
from connectors.salesforce.settings import SalesforceSettings
from hub.sdk.connector import ConnectorSpec

CONNECTOR = ConnectorSpec(
    name="salesforce",
    title="Salesforce",
    settings=SalesforceSettings,
    open=open_salesforce,
    sandbox="connectors.salesforce.sandbox:SANDBOX",
)
