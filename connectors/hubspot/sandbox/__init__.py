"""HubSpot's API as an emulator: what an operator tries a configuration on, and what the tests run against."""

from __future__ import annotations

from typing import Any

from connectors.hubspot.sandbox.hubspot import HubSpotSandbox
from hub.sdk.sandbox import ContractObject, SandboxSpec

__all__ = ["SANDBOX", "HubSpotSandbox"]


def _company(number: int) -> dict[str, Any]:
    return {
        "name": f"Company {number}",
        "domain": f"company{number}.example",
        "phone": f"+49 30 {number:07d}",
        "country": "Germany",
        "type": "PARTNER",
        "description": f"Sells to region {number}",
        "annualrevenue": f"{1000 + number}.50",
    }


def _contact(number: int) -> dict[str, Any]:
    return {
        "firstname": "Ada",
        "lastname": f"Person {number}",
        "email": f"person{number}@company.example",
        "jobtitle": f"Buyer {number}",
    }


def _deal(number: int) -> dict[str, Any]:
    return {
        "dealname": f"Deal {number}",
        "description": f"Renewal {number}",
        "amount": f"{500 + number}",
        "registration_status": "submitted",
    }


def _note(number: int) -> dict[str, Any]:
    return {"hs_timestamp": "2026-03-02T09:00:00.000Z", "hs_note_body": f"Called about order {number}"}


def _task(number: int) -> dict[str, Any]:
    return {
        "hs_timestamp": "2026-03-09T09:00:00.000Z",
        "hs_task_subject": f"Call back about order {number}",
        "hs_task_status": "NOT_STARTED",
        "hs_task_priority": "MEDIUM",
    }


SANDBOX = SandboxSpec(
    make=HubSpotSandbox,
    contract_objects=(
        ContractObject("companies", _company, "description", key_field="hub_id", required_field="name"),
        ContractObject("contacts", _contact, "jobtitle", key_field="hub_id", required_field="lastname"),
        ContractObject("deals", _deal, "description", key_field="partner_deal_id", required_field="dealname"),
        ContractObject("notes", _note, "hs_note_body", key_field="hub_id", required_field="hs_timestamp"),
        ContractObject("tasks", _task, "hs_task_subject", key_field="hub_id", required_field="hs_timestamp"),
    ),
)
