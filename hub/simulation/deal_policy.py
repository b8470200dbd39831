"""The desk of worlds: its policy has no gates, short deadlines, and somebody there at all hours."""

from __future__ import annotations

from functools import cache

from hub.policy import load_policy
from hub.services.deals.candidates import KeyCandidates
from hub.services.deals.desk import Desk

# The partners of a world are in no programme and have no contract; who may register is tried elsewhere.
_POLICY = """
version: 1
policy: deal_registration
edition: worlds
programs: [reseller]
tiers: [gold]
regions: {home: [DE]}
calendar:
  zone: UTC
  hours:
    mon: ["00:00-24:00"]
    tue: ["00:00-24:00"]
    wed: ["00:00-24:00"]
    thu: ["00:00-24:00"]
    fri: ["00:00-24:00"]
    sat: ["00:00-24:00"]
    sun: ["00:00-24:00"]
alerts:
  acknowledge_hours: {registration_on_account: 1, registration_on_opportunity: 2, registration_approved: 2}
rules:
  partner_active: {enabled: false}
  in_program: {enabled: false}
  contract_valid: {enabled: false}
  certified: {enabled: false}
  authorised: {enabled: false}
  territory: {enabled: false}
  minimum_size: {enabled: false}
  purchasing_contact: {enabled: false}
  hoarding_limit: {enabled: false}
  customer_class: {enabled: false}
  role_split: {enabled: false}
  auto_approve: {enabled: false}
  required_evidence: {params: {fields: [customer_name, amount]}}
  window: {params: {protection_days: 1, farthest_close_days: 365}}
  extension: {params: {times: 1, days: 1, earliest_days: 1}}
  approval_sla: {params: {hours: 2, warn_hours: 1}}
  escalation: {params: {after_hours: 1, to: the head of partner sales}}
  stale_crm_guard: {params: {minutes: 60}}
  four_eyes: {params: {least: {EUR: 50000}}}
"""


@cache
def world_desk() -> Desk:
    """What no rule minds is approved at once, as long as the CRM was read within the hour."""
    return Desk(load_policy(_POLICY).policy, KeyCandidates())
