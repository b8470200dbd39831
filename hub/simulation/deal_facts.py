"""What the judge reads of deal registrations: the hub's tables as they are, and not through the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import msgspec

from hub.db.session import Tx
from hub.domain.deals.facts import Facts
from hub.domain.deals.outcomes import Decision
from hub.domain.deals.states import ENDED, Status
from hub.domain.matching import Verdict
from hub.simulation.facts import Row

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Judgement:
    """A decision that was stored: when its facts were gathered, and who was met as a rival."""

    at: datetime
    step: str
    eligible: bool
    rivals: frozenset[UUID]
    counterparts: frozenset[UUID]
    accounts: frozenset[UUID]
    """Records that are the customer without doubt."""


@dataclass(frozen=True)
class DealFacts:
    """Rows at rest. `registrations` are by id; events and judgements are by registration, the oldest first."""

    registrations: Mapping[UUID, Row]
    events: Mapping[UUID, list[Row]]
    judgements: Mapping[UUID, list[Judgement]]
    alerts: list[Row]
    frozen: set[tuple[UUID, UUID]]
    rechecks: int

    def status(self, registration: UUID) -> str:
        return str(self.registrations[registration]["review_status"])


async def standing(tx: Tx, names: list[str]) -> list[tuple[UUID, Status]]:
    """The registrations of these names that have not come to an end, with their status."""
    rows = await tx.all(
        "select id, review_status from deal_registration where name = any(%s) and deleted_at is null"
        " and merged_into is null and review_status <> all(%s) order by id",
        names,
        [str(status) for status in ENDED],
    )
    return [(row["id"], Status(row["review_status"])) for row in rows]


async def load_deal_facts(tx: Tx) -> DealFacts:
    registrations = await tx.all(
        """
        select d.id, d.name, d.review_status, r.place,
            (select count(*) from change c where c.record_id = d.id and c.op = 'create') as creations,
            (select count(*) from audit a where a.action = 'deal_registration' and a.subject = d.id::text) as entries
        from deal_registration d join deal_review r on r.registration_id = d.id order by d.id
        """
    )
    events = await tx.all("select * from deal_event order by deal, happened_at, id")
    decisions = await tx.all(
        "select registration_id, at, step, facts::text as facts, decision::text as decision from deal_decision"
        " order by registration_id, id"
    )
    frozen = await tx.all("select registration_id, frozen_by from deal_freeze")
    rechecks = await tx.one("select count(*) as number from deal_recheck")
    assert rechecks is not None
    return DealFacts(
        registrations={row["id"]: dict(row) for row in registrations},
        events=_by([(row["deal"], dict(row)) for row in events]),
        judgements=_by([(row["registration_id"], _judgement(row)) for row in decisions]),
        alerts=[dict(row) for row in await tx.all("select * from seller_alert order by id")],
        frozen={(row["registration_id"], row["frozen_by"]) for row in frozen},
        rechecks=rechecks["number"],
    )


def _by(rows: list[tuple[UUID, T]]) -> dict[UUID, list[T]]:
    found: dict[UUID, list[T]] = {}
    for owner, row in rows:
        found.setdefault(owner, []).append(row)
    return found


def _judgement(row: Row) -> Judgement:
    facts = msgspec.json.decode(row["facts"], type=Facts)
    decision = msgspec.json.decode(row["decision"], type=Decision)
    rivals = frozenset(UUID(rival.id) for rival in facts.rivals)
    return Judgement(
        at=row["at"],
        step=row["step"],
        eligible=decision.eligible,
        rivals=rivals,
        counterparts=frozenset(map(UUID, decision.counterparts)) & rivals,
        accounts=frozenset(UUID(a.id) for a in facts.accounts if a.match.verdict is Verdict.SAME),
    )
