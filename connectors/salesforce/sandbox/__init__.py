"""An emulator of the Salesforce REST API, written from the vendor's contract."""

from __future__ import annotations

from typing import Any

from connectors.salesforce.sandbox.emulator import SalesforceSandbox
from hub.sdk.sandbox import ContractObject, SandboxSpec


def _account(n: int) -> dict[str, Any]:
    return {
        "Name": f"Account {n}",
        "Type": "Partner",
        "Website": f"https://account{n}.example.com",
        "BillingCountryCode": "DE",
        "NumberOfEmployees": n,
        "Description": f"The {n}th account",
    }


def _contact(n: int) -> dict[str, Any]:
    return {
        "FirstName": "Kim",
        "LastName": f"Person {n}",
        "Email": f"kim.{n}@example.com",
        "Title": "Partner manager",
        "Description": f"The {n}th person",
    }


def _lead(n: int) -> dict[str, Any]:
    return {
        "FirstName": "Kim",
        "LastName": f"Interested {n}",
        "Company": f"Prospect {n}",
        "Email": f"kim@prospect{n}.example.com",
        "Description": f"The {n}th lead",
    }


def _opportunity(n: int) -> dict[str, Any]:
    return {
        "Name": f"Opportunity {n}",
        "StageName": "Qualification",
        "CloseDate": "2027-03-31",
        "Amount": 1000 + n,
        "Description": f"The {n}th opportunity",
    }


def _deal_registration(n: int) -> dict[str, Any]:
    return {
        "Name": f"Deal {n}",
        "Customer_Name__c": f"Customer {n}",
        "Customer_Domain__c": f"customer{n}.example.com",
        "Amount__c": 1000 + n,
        "Close_Date__c": "2027-03-31",
        "Stage__c": "Submitted",
        "Description__c": f"The {n}th deal",
    }


SANDBOX = SandboxSpec(
    make=SalesforceSandbox,
    contract_objects=(
        ContractObject("Account", _account, text_field="Description", key_field="Hub_Id__c", required_field="Name"),
        ContractObject("Contact", _contact, text_field="Description", key_field="Hub_Id__c", required_field="LastName"),
        ContractObject("Lead", _lead, text_field="Description", key_field="Hub_Id__c", required_field="Company"),
        ContractObject(
            "Opportunity", _opportunity, text_field="Description", key_field="Hub_Deal_Id__c", required_field="Name"
        ),
        ContractObject(
            "Deal_Registration__c",
            _deal_registration,
            text_field="Description__c",
            key_field="Hub_Deal_Id__c",
            required_field="Name",
        ),
    ),
)
