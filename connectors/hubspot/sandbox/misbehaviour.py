"""What can be switched in the emulated account, and what can be made to go wrong a counted number of times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Open points of the vendor's contract, with the values that count until the vendor says otherwise.
SWITCHES: Mapping[str, Any] = {
    "numbered_paths": True,
    "dated_paths": True,
    "filter_maxima": "5/6/18",  # or 5/10/25, 6 groups
    "association_batch_size": 2000,  # or 100
    "retry_after_on_429": False,
    "rate_limit_body": "category",  # or errorType
    "unknown_property_on_read": "ignored",  # or 400
    "null_clears": False,
    "read_by_id": "immediate",  # or lagging
    "archived_by_id": "404",  # or 200
    "batch_read_of_merged": "survivor",  # or missing
    "restore_window_days": 90,
    "datetime_fraction": True,
    "association_bumps_modified": True,
    # What an app's change leaves in hs_updated_by_user_id: none, kept (the user before) or installer.
    "updated_by_of_apps": "none",
    "search_lag": 0,  # seconds until a write is searchable
    # The account's own validation rules: properties that must not be empty, as "object.property".
    "admin_validation": ("companies.name", "contacts.lastname", "deals.dealname"),
    "missing_scopes": [],
    "rotate_refresh_token": False,
    "enforce_limits": False,
    "burst_limit": 190,
    "daily_limit": 625_000,
    "webhook_hold": False,
}

# Counted faults, besides the kit's transport faults.
FAULTS: Mapping[str, str] = {
    "expire_token": "the access token is refused as expired",
    "revoke_refresh_token": "the refresh token is refused from now on",
    "persistent_401": "a good token is refused",
    "missing_scope": "403 MISSING_SCOPES",
    "malformed_token": "530 from the edge",
    "account_migration": "477; options: seconds",
    "edge_error": "an HTML error of the edge; options: status",
    "lock_row": "423 on a write",
    "reject_row": "one row of a batch is refused",
    "all_rows_fail": "every row of a batch is refused",
    "duplicate_value": "409 on one row of a batch; options: id",
    "late_commit": "the next write is searchable only later; options: seconds; match: object",
    "expire_cursor": "the paging token is refused",
    "poison_record": "one record has values of the wrong JSON type",
    "quota_daily": "429 DAILY",
    "search_throttle": "429 on a search, without headers",
    "webhook_duplicate": "an event is delivered twice",
    "webhook_reorder": "the next delivery is in reverse order",
    "webhook_drop": "an event is lost",
    "webhook_late": "an event is delivered late; options: seconds",
    "webhook_bad_signature": "the next delivery is signed with another secret",
    "webhook_proxy_mismatch": "the next delivery is signed for an internal host",
}
