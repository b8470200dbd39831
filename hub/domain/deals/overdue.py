"""Alerts that time raises: a decision is due or overdue, or nobody has seen an alert."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from hub.domain.deals.alerts import Alert, describe, lines, text_of
from hub.record.values import Value


def decision_due(*, deal: UUID, values: Mapping[str, Value], partner_name: str, due: datetime) -> Alert:
    """For the queue: the decision is due soon."""
    when = f"{due:%Y-%m-%d %H:%M} UTC"
    return Alert(
        event_key=f"decision_due/{deal}/{_moment(due)}",
        kind="decision_due",
        subject=f"Decision due soon: {text_of(values.get('name'))}",
        body=lines(f"A registration has to be decided by {when}.", *describe(values, partner_name)),
        deal=deal,
        or_queue=True,
        due_at=due,
    )


def decision_overdue(
    *, deal: UUID, values: Mapping[str, Value], partner_name: str, due: datetime, to: str, mail: str | None
) -> Alert:
    """For who is next to decide, by mail address or in the queue."""
    when = f"{due:%Y-%m-%d %H:%M} UTC"
    return Alert(
        event_key=f"decision_overdue/{deal}/{_moment(due)}",
        kind="decision_overdue",
        subject=f"Decision overdue: {text_of(values.get('name'))}",
        body=lines(
            f"A registration should have been decided by {when}.",
            *describe(values, partner_name),
            f"It is handed on to {to}: decide it now.",
        ),
        deal=deal,
        mail=mail,
        or_queue=True,
    )


def not_acknowledged(alert_id: UUID, told: Mapping[str, Any], *, to: str, mail: str | None) -> Alert:
    """For who is next: `told` are the fields of an alert that nobody saw in time."""
    return Alert(
        event_key=f"not_acknowledged/{alert_id}",
        kind="not_acknowledged",
        subject=f"Nobody has seen: {told['subject']}",
        body=lines(
            f"It was for {told['owner_email'] or 'the queue'} and should have been seen by"
            f" {told['due_at']:%Y-%m-%d %H:%M} UTC. It is handed on to {to}.",
            told["body"] or "",
        ),
        deal=told["deal"],
        account=told["account"],
        opportunity=told["opportunity"],
        mail=mail,
        or_queue=True,
    )


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
