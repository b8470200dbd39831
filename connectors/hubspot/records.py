"""HubSpot's records as the hub takes them: values as sent, merges and archived ones as deletions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from connectors.hubspot.stamps import parse_stamp
from hub.sdk.records import Deletion, RemoteRecord

MERGED_IDS = "hs_merged_object_ids"
# The user, set by HubSpot itself. Apps are no users: what they write names none.
UPDATED_BY = "hs_updated_by_user_id"
OWNER_ID = "hubspot_owner_id"
# The properties that stand behind fields in words, `owner.email` say (see `words`).
HELD_AS = {"owner": (OWNER_ID,), "stage": ("pipeline", "dealstage")}

Json = dict[str, Any]


def modified_property(object_name: str) -> str:
    """Contacts name their last-modified stamp differently from all other objects."""
    return "lastmodifieddate" if object_name in ("contacts", "0-1") else "hs_lastmodifieddate"


def asked_properties(object_name: str, fields: Sequence[str]) -> list[str]:
    """The properties to ask for: the fields that are any, the stamp, the author, and the ids of merged records."""
    return list(dict.fromkeys([*_held(fields), modified_property(object_name), UPDATED_BY, MERGED_IDS]))


def _held(fields: Sequence[str]) -> list[str]:
    """The properties among the fields, and those behind what is asked for in words."""
    words = dict.fromkeys(name.partition(".")[0] for name in fields if "." in name)
    return [name for name in fields if "." not in name] + [p for word in words for p in HELD_AS.get(word, ())]


def merged_ids(row: Json) -> list[str]:
    """Old ids under which this record is answered as well."""
    properties = row.get("properties")
    text = properties.get(MERGED_IDS) if isinstance(properties, dict) else None
    return [part for part in text.split(";") if part] if isinstance(text, str) else []


def merge_deletions(rows: Iterable[Json]) -> list[Deletion]:
    """One deletion for each old id that now stands for one of `rows`."""
    return [Deletion(old, "merged", merged_into=str(row["id"])) for row in rows for old in merged_ids(row)]


def archive_deletion(row: Json, *, probed: bool = False) -> Deletion:
    source = "probe" if probed else "tombstone"
    return Deletion(str(row["id"]), "deleted", at=parse_stamp(row.get("archivedAt")), source=source)  # type: ignore[arg-type]


def to_record(object_name: str, row: Json, fields: Sequence[str]) -> RemoteRecord:
    """One record with those of `fields` that HubSpot returned."""
    properties = row.get("properties")
    if not isinstance(properties, dict):
        properties = dict.fromkeys(fields, properties)  # a poisoned record: each field shows what came instead
    values = {name: properties[name] for name in _held(fields) if name in properties}
    stamp = properties.get(modified_property(object_name)) or row.get("updatedAt")
    version = stamp if isinstance(stamp, str) else None
    user = properties.get(UPDATED_BY)
    modified_by = user if user and isinstance(user, str) else None
    return RemoteRecord(str(row["id"]), values, version, parse_stamp(stamp), modified_by=modified_by)
