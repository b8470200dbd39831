"""How registrations were decided: rates, times, conflicts, reasons; of all, by partner, reason, programme or region.

What each figure counts stands in docs/how-to/decide-registrations.md.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hub.db import deal_reports
from hub.db.session import Tx
from hub.services.deals.desk import Desk
from hub.services.refusals import invalid

By = deal_reports.By
QUARTER = timedelta(days=92)
MOST_GROUPS = 1000
_PLAIN = (
    "group", "submitted", "decided", "approved", "approval_rate", "teaming_share", "decided_by_rules", "median_hours",
    "p90_hours", "in_time", "expired", "expired_untouched",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of one group, or of all. Rates are from 0 to 1, times in business hours; None where there is nothing to count."""

    group: str | None
    submitted: int
    statuses: dict[str, int]
    decided: int
    approved: int
    approval_rate: float | None
    teaming_share: float | None
    decided_by_rules: int
    median_hours: float | None
    p90_hours: float | None
    in_time: float | None
    conflicts: dict[str, int]
    rejections: dict[str, int]
    expired: int
    expired_untouched: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Of what was submitted from `since` until before `until`. `left_out`: groups that are too many to list."""

    since: datetime
    until: datetime
    by: By | None
    total: Figures
    groups: tuple[Figures, ...]
    left_out: int


async def report(
    tx: Tx, desk: Desk, *, since: datetime | None = None, until: datetime | None = None, by: By | None = None
) -> Report:
    """A quarter until now, unless said otherwise; the largest groups come first. Raises Invalid."""
    ends = until or await tx.now()
    begins = since or ends - QUARTER
    if begins >= ends:
        raise invalid("since", "must be earlier than until")
    regions = {country: name for name, countries in desk.policy.regions.items() for country in countries}
    rows, counts = await deal_reports.figures(tx, since=begins, until=ends, by=by, regions=regions)
    named = _Counts(counts)
    groups = [_figures(row, named) for row in rows if not row["total"] and row["grp"] is not None]
    [total] = [_figures(row, named) for row in rows if row["total"]]
    return Report(
        since=begins,
        until=ends,
        by=by,
        total=total,
        groups=tuple(groups[:MOST_GROUPS]),
        left_out=max(len(groups) - MOST_GROUPS, 0),
    )


class _Counts:
    """How often each status, rejection and conflict is in each group."""

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self._found: dict[tuple[bool, str | None, str], dict[str, int]] = {}
        for row in rows:
            key = (row["total"], row["grp"], row["what"])
            self._found.setdefault(key, {})[row["name"] or "none"] = row["n"]

    def of(self, row: Mapping[str, Any], what: str) -> dict[str, int]:
        return self._found.get((row["total"], row["grp"], what), {})


def _figures(row: Mapping[str, Any], counts: _Counts) -> Figures:
    return Figures(
        group=row["grp"],
        submitted=row["submitted"],
        statuses=counts.of(row, "status"),
        decided=row["decided"],
        approved=row["approved"],
        approval_rate=_share(row["approved"], row["decided"]),
        teaming_share=_share(row["teaming"], row["approved"]),
        decided_by_rules=row["by_rules"],
        median_hours=_hours(row["median"]),
        p90_hours=_hours(row["p90"]),
        in_time=None if row["in_time"] is None else round(float(row["in_time"]), 3),
        conflicts=counts.of(row, "conflict"),
        rejections=counts.of(row, "rejection"),
        expired=row["expired"],
        expired_untouched=row["untouched"],
    )


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None


def _hours(seconds: Decimal | None) -> float | None:
    return None if seconds is None else round(float(seconds) / 3600, 2)


def as_csv(found: Report) -> str:
    """One line for all, named `(all)`, and one a group; every status, conflict and reason that occurs is a column."""
    lines = [found.total, *found.groups]
    kinds = ("statuses", "conflicts", "rejections")
    columns = {kind: sorted({name for line in lines for name in getattr(line, kind)}) for kind in kinds}
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*_PLAIN, *(f"{kind}.{name}" for kind in kinds for name in columns[kind])])
    for line in lines:
        plain = [getattr(line, name) for name in _PLAIN[1:]]
        counted = [getattr(line, kind).get(name, 0) for kind in kinds for name in columns[kind]]
        writer.writerow([_harmless(line.group or "(all)"), *plain, *counted])
    return out.getvalue()


def _harmless(text: str) -> str:
    """No formula to a spreadsheet, whatever a partner calls itself."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
