"""Sample: a small CRM-like API, and how the hub speaks it."""

from hub.sdk.connector import ConnectorSpec
from hub.sdk.sample.client import SampleClient
from hub.sdk.sample.settings import SampleSettings

CONNECTOR = ConnectorSpec(
    name="sample",
    title="Sample",
    settings=SampleSettings,
    open=SampleClient.open,
    sandbox="hub.sdk.sample.sandbox:SANDBOX",
)
