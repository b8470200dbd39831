"""`partnerhub simulate`: seeded worlds over the real engine; whatever breaks a law is shrunk to a short story."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.errors import CommandFailed
from hub.cli.output import AsJson, progress, show, table, tell

if TYPE_CHECKING:  # the simulation needs sandboxes and every engine; the other commands should not wait for them
    from hub.simulation.farm import Harvest, Order
    from hub.simulation.mutations import Caught
    from hub.simulation.play import Played

_MAPPINGS = "Play the systems that this folder maps (a folder a system), wired by these files."


def simulate(
    *,
    seed: Annotated[int, typer.Option(help="The first seed.")] = 1,
    worlds: Annotated[int, typer.Option(help="How many worlds, one a seed.", min=1)] = 100,
    mappings: Annotated[
        Path | None, typer.Option(help=_MAPPINGS, exists=True, file_okay=False, resolve_path=True)
    ] = None,
    story: Annotated[bool, typer.Option("--story", help="Print everything that happened in a broken world.")] = False,
    shrink: Annotated[bool, typer.Option("--shrink", help="Make broken worlds as short as possible.")] = False,
    mutations: Annotated[
        bool, typer.Option("--mutations", help="Take away one protection after the other and see which seed notices.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Play worlds of people, workers, faults and crashes over the real engine, and hold them to its laws.

    Starts engines of its own and touches no data of yours. The same seed is the same world. Ends with code 1 when a
    law is broken (with --mutations: when a missing protection goes unnoticed).
    """
    from hub.simulation.farm import Order

    began = time.monotonic()
    order = Order(seed=seed, worlds=worlds, mappings=mappings, shrink=shrink)
    if mutations:
        _try_mutations(order, as_json=as_json)
        return
    found = _harvest(order)
    report = _report(order, found, time.monotonic() - began)
    show(report, *_views(report, found, story=story or shrink), as_json=as_json)
    if found.broken:
        raise typer.Exit(1)


def _harvest(order: Order) -> Harvest:
    from hub.mapping.errors import MappingError
    from hub.simulation.farm import harvest
    from hub.simulation.mapped import NothingToSimulate

    with progress() as bars:
        bar = bars.add_task("worlds", total=order.worlds)

        def played(one: Played) -> None:
            bars.advance(bar)
            if one.violations:
                tell(f"World {one.seed} breaks a law: {one.violations[0]}")

        try:
            return harvest(order, progress=played)
        except NothingToSimulate as exc:
            raise CommandFailed(str(exc), code="nothing-to-simulate", exit_code=2) from None
        except MappingError as exc:
            raise CommandFailed(str(exc), code="mapping-faulty", exit_code=2) from None


def _report(order: Order, found: Harvest, seconds: float) -> dict[str, Any]:
    from hub.simulation.laws import LAWS

    broken = [violation for played in found.broken for violation in played.violations]
    return {
        "worlds": found.worlds,
        "first_seed": order.seed,
        "mappings": str(order.mappings) if order.mappings else None,
        "violations": len(broken),
        "seeds": [played.seed for played in found.broken],
        "laws": {law: sum(violation.law == law for violation in broken) for law in LAWS},
        "edits": found.edits,
        "api_calls": found.api_calls,
        "seconds": round(seconds, 1),
        "broken": [
            {
                "seed": played.seed,
                "violations": [str(violation) for violation in played.violations],
                "story": list(played.story),
            }
            for played in found.broken
        ],
    }


def _views(report: dict[str, Any], found: Harvest, *, story: bool) -> list[Any]:
    views: list[Any] = []
    for played in found.broken:
        broken = "\n".join(f"  breaks {violation}" for violation in played.violations)
        views.append(str(played) if story else f"World {played.seed}\n{broken}")
    views.append(
        f"{report['worlds']:,} worlds, {report['edits']:,} edits by people, {report['api_calls']:,} API calls in"
        f" {report['seconds']} s: {report['violations']} violations."
    )
    if found.broken and not story:
        again = f"partnerhub simulate --seed {found.broken[0].seed} --worlds 1 --shrink"
        views.append(f"See the shortest world that breaks alike: {again}")
    return views


def _try_mutations(order: Order, *, as_json: bool) -> None:
    from hub.simulation.mutations import MUTATIONS, try_mutations

    with progress() as bars:
        bar = bars.add_task("protections", total=len(MUTATIONS))

        def tried(one: Caught) -> None:
            bars.advance(bar)
            tell(f"{one.protection}: {f'seed {one.seed}' if one.seed else 'not noticed'}")

        caught = try_mutations(order, progress=tried)
    rows = [(c.protection, c.without, c.seed or "not noticed", c.law or "", c.worlds) for c in caught]
    data = [
        {"protection": c.protection, "without": c.without, "seed": c.seed, "law": c.law, "worlds": c.worlds}
        for c in caught
    ]
    columns = ("protection", "taken away by", "first seed that notices", "law", "worlds")
    show(data, table(*columns, rows=rows), as_json=as_json)
    if not all(c.seed for c in caught):
        raise typer.Exit(1)
