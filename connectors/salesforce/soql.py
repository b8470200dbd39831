"""SOQL texts that the connector sends; values are quoted by simple-salesforce's formatter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from urllib.parse import quote

from simple_salesforce.format import format_soql

from connectors.salesforce.stamps import soql_time

# An address and its headers together may have 16,384 bytes; a session token can be long.
MAX_LIST_BYTES = 10_000
_MERGING = frozenset({"Account", "Contact", "Lead", "Case", "PersonAccount"})
_WITHOUT_RECYCLE_BIN = frozenset({"User", "Organization", "Profile", "UserRole", "RecordType", "CurrencyType"})
# "Most objects" have it: these have a SystemModstamp and no LastModifiedById.
# https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/system_fields.htm
_WITHOUT_AUTHOR = frozenset({"ContentDocumentLink", "GroupMember", "OpportunityHistory", "PermissionSetAssignment"})
AUTHOR_NAME = "LastModifiedBy.Name"


_CONVERSION = ("IsConverted", "ConvertedAccountId", "ConvertedContactId", "ConvertedOpportunityId")


def converts(object_name: str) -> bool:
    """Whether records of the type become accounts, contacts and opportunities."""
    return object_name == "Lead"


def merges(object_name: str) -> bool:
    """Whether records of the type can be merged, and so have MasterRecordId."""
    return object_name in _MERGING


def can_be_deleted(object_name: str) -> bool:
    """Whether the type has IsDeleted."""
    return object_name not in _WITHOUT_RECYCLE_BIN


def columns(object_name: str, fields: Sequence[str], *, deletions: bool) -> list[str]:
    """What to select: the fields asked for, and what the connector needs to page, see deletions and name authors."""
    needed = ["Id", "SystemModstamp"]
    if object_name not in _WITHOUT_AUTHOR:
        needed += ["LastModifiedById", AUTHOR_NAME]
    if deletions and can_be_deleted(object_name):
        needed.append("IsDeleted")
        if merges(object_name):
            needed.append("MasterRecordId")
    if converts(object_name):
        needed += _CONVERSION
    return list(dict.fromkeys([*needed, *fields]))


def changes(
    object_name: str,
    selected: Sequence[str],
    *,
    where: str | None,
    since: datetime | None,
    after: tuple[datetime, str] | None,
    limit: int,
) -> str:
    """Rows in the order (SystemModstamp, Id): from `since` on, or beyond `after` where a run goes on.

    The stamp stands alone in the condition, so that the platform's index on it is used.
    """
    conditions = [f"({where})"] if where else []
    if after is not None:
        stamp, record_id = after
        at = soql_time(stamp)
        beyond = format_soql("Id > {}", record_id)
        conditions.append(f"SystemModstamp >= {at} AND (SystemModstamp > {at} OR {beyond})")
    elif since is not None:
        conditions.append(f"SystemModstamp >= {soql_time(since)}")
    where_clause = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT {', '.join(selected)} FROM {object_name}{where_clause} ORDER BY SystemModstamp, Id LIMIT {limit}"  # noqa: S608


def count_by_hour(object_name: str, *, where: str | None, since: datetime, until: datetime) -> str:
    """How many rows each hour's SystemModstamp has: `day`, `hour`, `records`."""
    groups = "DAY_ONLY(SystemModstamp), HOUR_IN_DAY(SystemModstamp)"
    columns = "DAY_ONLY(SystemModstamp) day, HOUR_IN_DAY(SystemModstamp) hour, COUNT(Id) records"
    return _grouped(object_name, columns, groups, where, since, until)


def count_by_day(object_name: str, *, where: str | None, since: datetime, until: datetime) -> str:
    """How many rows each day's SystemModstamp has: `day`, `records`."""
    columns = "DAY_ONLY(SystemModstamp) day, COUNT(Id) records"
    return _grouped(object_name, columns, "DAY_ONLY(SystemModstamp)", where, since, until)


def _grouped(object_name: str, columns: str, groups: str, where: str | None, since: datetime, until: datetime) -> str:
    conditions = [f"({where})"] if where else []
    conditions.append(_within(since, until))
    return f"SELECT {columns} FROM {object_name} WHERE {' AND '.join(conditions)} GROUP BY {groups} LIMIT 2000"  # noqa: S608


def in_slices(
    object_name: str,
    selected: Sequence[str],
    *,
    where: str | None,
    spans: Sequence[tuple[datetime, datetime]],
) -> str:
    """Rows whose SystemModstamp lies in one of the spans, each up to but without its end; spans that touch are one."""
    joined: list[tuple[datetime, datetime]] = []
    for since, until in sorted(spans):
        if joined and joined[-1][1] == since:
            joined[-1] = (joined[-1][0], until)
        else:
            joined.append((since, until))
    conditions = [f"({where})"] if where else []
    conditions.append(f"({' OR '.join(f'({_within(since, until)})' for since, until in joined)})")
    return f"SELECT {', '.join(selected)} FROM {object_name} WHERE {' AND '.join(conditions)}"  # noqa: S608


def _within(since: datetime, until: datetime) -> str:
    return f"SystemModstamp >= {soql_time(since)} AND SystemModstamp < {soql_time(until)}"


def by_values(object_name: str, selected: Sequence[str], field: str, values: Sequence[str]) -> str:
    """Rows whose `field` is one of `values`."""
    return format_soql(
        "SELECT {columns:literal} FROM {object_name:literal} WHERE {field:literal} IN {values}",
        columns=", ".join(selected),
        object_name=object_name,
        field=field,
        values=list(values),
    )


def in_lists(values: Sequence[str]) -> Iterator[list[str]]:
    """`values` in lists short enough for the address of a query."""
    current: list[str] = []
    size = 0
    for value in values:
        length = len(quote(format_soql("{},", value)))
        if current and size + length > MAX_LIST_BYTES:
            yield current
            current, size = [], 0
        current.append(value)
        size += length
    if current:
        yield current
