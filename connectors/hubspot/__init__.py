"""HubSpot CRM: companies, contacts, deals, notes and tasks, with their associations."""

from __future__ import annotations

from pydantic import BaseModel

from connectors.hubspot.settings import HubSpotSettings
from hub.sdk.connector import ConnectorContext, ConnectorSpec, OpenConnector

__all__ = ["CONNECTOR"]


def _open(settings: BaseModel, context: ConnectorContext) -> OpenConnector:
    from connectors.hubspot.client import HubSpotClient

    assert isinstance(settings, HubSpotSettings)
    return HubSpotClient(settings, context)


CONNECTOR = ConnectorSpec(
    name="hubspot",
    title="HubSpot CRM",
    settings=HubSpotSettings,
    open=_open,
    sandbox="connectors.hubspot.sandbox:SANDBOX",
)
