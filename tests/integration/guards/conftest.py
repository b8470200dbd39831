"""The engine's stage with guards whose limits a test reaches with few records."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hub.db import plans
from hub.db.plans import StoredPlan
from hub.domain.guards import Effect, Guards, Threshold
from hub.sdk.records import Page, ReadQuery
from hub.services.counts import Counts
from hub.services.plans.deciding import reject_plan
from tests.integration.engine.conftest import MAPPING, Build, Stage, System, build, db, stage
from tests.integration.plans.conftest import carry_out, fates, items_of

__all__ = ["build", "carry_out", "db", "fates", "items_of", "stage"]

# Deletions are mirrored, and an emptied value is taken over.
CLEARS = MAPPING.replace("city: {remote: city}", "city: {remote: city, on_null: clear}") + "on_delete: mirror\n"

_LIMITS: Mapping[Effect, Threshold] = {
    "creates": Threshold(6, Decimal("0.2")),
    "changes": Threshold(6, Decimal("0.3")),
    "nulls": Threshold(4, Decimal("0.05")),
    "deletes": Threshold(4, Decimal("0.05")),
}


def guarded(system: System, **options: Any) -> None:
    """Small limits in both directions."""
    policy = Guards({"in": _LIMITS, "out": _LIMITS}, **options)
    system.connection = replace(system.connection, guards=policy)


async def filled(build: Build, number: int = 10, mapping: str = CLEARS, **options: Any) -> tuple[Stage, list[str]]:
    """So many linked partners on both sides; the left system's small limits hold from here on."""
    stage = await build(mapping, **options)
    rows = [stage.left.create(name=f"Firm {n}", website=f"firm{n}.com", city="Bonn") for n in range(number)]
    await stage.settle()
    guarded(stage.left)
    await stage.all("delete from passed returning 1")
    return stage, rows


def in_small_pages(system: System, *, size: int = 2) -> list[str | None]:
    """Read in small pages; returns the cursors asked for."""
    connector: Any = system.connection.connector
    real, asked = connector.read_page, list[str | None]()

    async def read_page(query: ReadQuery, cursor: str | None) -> Page:
        asked.append(cursor)
        page: Page = await real(ReadQuery(query.object, query.fields, query.where, size), cursor)
        return page

    connector.read_page = read_page
    return asked


async def guard_plans(stage: Stage) -> list[StoredPlan]:
    """The oldest first."""
    async with stage.db.transaction() as tx:
        return list(reversed(await plans.listing(tx, kinds=["guard"])))


async def the_plan(stage: Stage) -> StoredPlan:
    [plan] = await guard_plans(stage)
    return plan


async def reject(stage: Stage, plan: StoredPlan) -> None:
    async with stage.db.transaction() as tx:
        await reject_plan(tx, plan_id=plan.id, actor="ben")


async def contents(stage: Stage) -> dict[str, list[dict[str, Any]]]:
    """All that a stopped run must leave as it is."""
    tables = ("organization", "partner", "link", "change", "cursor", "delivery", "departure", "conflict", "quarantine")
    return {name: await stage.all(f"select t::text as row from {name} t order by 1") for name in tables}


async def living(stage: Stage) -> int:
    [row] = await stage.all("select count(*) as n from organization where deleted_at is null")
    return int(row["n"])


def effects(counts: Counts) -> dict[str, int]:
    """Without what tells nothing."""
    quiet = ("read", "unchanged", "overlap")
    return {what: n for what, n in counts.items() if n and what not in quiet}
