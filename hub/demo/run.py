"""Runs the demo: initial load, the day, the check, and the story of it for people or programs."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from config.settings import Settings
from hub.app import App, open_app
from hub.demo.check import Verdict, compare
from hub.demo.data import make_programme, seed_systems
from hub.demo.day import Day, Scene
from hub.demo.stage import Stage, make_sandboxes, open_stage
from hub.services.counts import Counts
from hub.services.plans.views import PlanView

FIRMS, PEOPLE, DEALS = 500, 2000, 300


@dataclass(frozen=True, slots=True)
class DemoResult:
    """The end of a demo: the verdict, what it took, and the story."""

    verdict: Verdict
    api_calls: dict[str, int]
    seconds: float
    scenes: tuple[Scene, ...]

    def as_json(self) -> str:
        """The one line of `--json`; records are counted per type and side."""
        v = self.verdict
        return json.dumps(
            {
                "records": v.records,
                "links": v.links,
                "converged": v.converged,
                "lost_updates": len(v.lost_updates),
                "duplicates": v.duplicates,
                "echo_writes": v.echo_writes,
                "conflicts_open": v.conflicts_open,
                "dead_letters": v.dead_letters,
                "api_calls": self.api_calls,
                "seconds": round(self.seconds, 2),
            }
        )


Tell = Callable[[Scene], None]
End = Callable[[DemoResult], Awaitable[None]]


@asynccontextmanager
async def demo_app(settings: Settings) -> AsyncIterator[App]:
    """A hub of the demo's own, empty, in a folder below the home; an operator's hub is never touched."""
    home = settings.home / "demo"
    shutil.rmtree(home, ignore_errors=True)
    own = settings.model_copy(update={"home": Path(home), "database_url": None, "redis_url": None})
    async with open_app(own) as app:
        yield app


async def play_demo(app: App, *, seed: int, tell: Tell, end: End | None = None) -> DemoResult:
    """Everything from the empty hub to the verdict. `tell` hears each scene as it ends.

    `end` hears the result while everything is still standing.
    """
    started = time.monotonic()
    programme = make_programme(firms=FIRMS, people=PEOPLE, deals=DEALS, seed=seed)
    sandboxes = make_sandboxes(seed)
    seed_systems(programme, sandboxes["salesforce"], sandboxes["hubspot"])
    async with open_stage(app, sandboxes) as stage:
        day = Day(stage, programme)
        scenes = [scene async for scene in _told(_scenes(stage, day), tell)]
        verdict = await compare(stage, day)
        calls = {crm.name: crm.calls() for crm in stage.crms}
        result = DemoResult(verdict, calls, time.monotonic() - started, tuple(scenes))
        if end:
            await end(result)
    return result


async def _scenes(stage: Stage, day: Day) -> AsyncIterator[Scene]:
    yield await _connected(stage)
    for crm in stage.crms:
        plan = await stage.plan(crm)
        yield _planned(plan)
        await stage.apply(crm, plan)
    await stage.settle()
    yield _loaded(stage)
    async for scene in day.play():
        yield scene


async def _told(scenes: AsyncIterator[Scene], tell: Tell) -> AsyncIterator[Scene]:
    async for scene in scenes:
        tell(scene)
        yield scene


async def _connected(stage: Stage) -> Scene:
    sizes = "; ".join(
        f"{crm.name}: " + ", ".join(f"{len(crm.rows(name)):,} {name}" for name in crm.objects) for crm in stage.crms
    )
    return Scene("Two CRMs are connected", f"Both credentials were checked before they were stored. {sizes}.")


def _planned(plan: PlanView) -> Scene:
    """What the first sync of a system would do, worked out on the real data and rolled back."""
    into, out = _total(plan, "in"), _total(plan, "out")
    return Scene(
        f"The first sync of {plan.connection} is a plan that somebody approves",
        f"Nothing was written yet: {into['create'] + into['ambiguous']:,} records are new to the hub,"
        f" {into['link']:,} are recognised as ones that it has; {out['create']:,} are missing there. Applying it takes"
        f" about {plan.cost['apply']['calls']:,} calls. It is approved and applied.",
    )


def _total(plan: PlanView, direction: str) -> Counts:
    return sum((Counts(of["actions"]) for of in plan.counts.get(direction, {}).values()), Counts())


def _loaded(stage: Stage) -> Scene:
    c = stage.counts
    return Scene(
        "The first load",
        f"{c['created']:,} records came in, {c['linked']:,} were recognised as the same in both systems,"
        f" {c['remote_created']:,} were created where they were missing.",
    )


def print_scene(console: Console, scene: Scene) -> None:
    console.print(f"[bold]{scene.title}[/bold]\n  {scene.text}\n", highlight=False)


def print_result(console: Console, result: DemoResult) -> None:
    """The table per system, and the verdict."""
    table = Table(title="At the end of the day")
    for heading in ("", "hub", "salesforce", "hubspot"):
        table.add_column(heading, justify="left" if not heading else "right")
    for kind, sides in result.verdict.records.items():
        table.add_row(kind, *(f"{sides[side]:,}" for side in ("hub", "salesforce", "hubspot")))
    table.add_row("API calls", "", *(f"{result.api_calls[crm]:,}" for crm in ("salesforce", "hubspot")))
    console.print(table)
    v = result.verdict
    console.print(
        f"{'Converged' if v.converged else 'NOT converged'}: {v.links:,} links, {len(v.lost_updates)} lost updates,"
        f" {v.duplicates} duplicates, {v.echo_writes} echo writes, {v.dead_letters} dead letters,"
        f" conflicts open: {v.conflicts_open}, in {result.seconds:.1f} s.",
        highlight=False,
    )
    for sentence in (*v.differences[:10], *v.lost_updates[:10]):
        console.print(f"  {sentence}", highlight=False)
