"""A plan as people read it: counts, fields, samples, cost, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from hub.cli.output import bad, good, plain, table
from hub.domain.plan import GRAVITY, Direction
from hub.services.plans.views import ItemView, PlanView, WholePlan

_INTO: dict[Direction, str] = {"in": "into the hub", "out": "to the system"}
_WIDTH = 60


def plan_views(found: WholePlan) -> list[RenderableType]:
    """Everything that somebody needs to say yes or no."""
    plan = found.plan
    head = f"Plan {plan.id} of {plan.connection} ({plan.kind}, {plan.state}), made by {plan.created_by}."
    views: list[RenderableType] = [Text(head, style="bold"), *([Text(plan.reason)] if plan.reason else [])]
    for direction, into in _INTO.items():
        rows = list(_count_rows(plan, direction))
        if rows:
            views += ["", table(into, "", rows=rows)]
    fields = list(_field_rows(plan))
    if fields:
        views += ["", table("field", "of", "set", "changed", "emptied", rows=fields)]
    if found.samples:
        columns = ("would", "", "id there", "record", "fields")
        views += ["", table(*columns, rows=[_sample(item) for item in found.samples])]
    return [*views, *_cost(plan.cost)]


def next_step(plan: PlanView) -> list[RenderableType]:
    if plan.state == "proposed":
        return [
            "",
            good("Nothing was written."),
            f"Next: partnerhub apply {plan.id}, or partnerhub plans reject {plan.id}.",
        ]
    if plan.state in ("approved", "applying"):
        return ["", f"Next: partnerhub apply {plan.id}."]
    return []


def outcome_views(found: WholePlan) -> list[RenderableType]:
    """How much was applied, and what was skipped why."""
    done = sum(row.n for row in found.outcome if row.state == "applied")
    views: list[RenderableType] = [good(f"Plan {found.plan.id} is {found.plan.state}: {done:,} applied.")]
    skipped = [
        (row.n, row.action.replace("_", " "), row.object, row.reason) for row in found.outcome if row.state == "skipped"
    ]
    return [*views, "", table("skipped", "", "object", "because", rows=skipped)] if skipped else views


def _count_rows(plan: PlanView, direction: Direction) -> Iterable[tuple[str, str]]:
    by_object: Mapping[str, Any] = plan.counts.get(direction, {})
    seen: Mapping[str, Any] = plan.counts.get("seen", {})
    known = ("read", "unchanged") if direction == "in" else ("compared",)
    for name in dict.fromkeys((*seen, *by_object)):
        actions = by_object.get(name, {}).get("actions", {})
        parts = [f"{seen.get(name, {}).get(what, 0):,} {what}" for what in known if seen.get(name, {}).get(what)]
        parts += [f"{actions[a]:,} {a.replace('_', ' ')}" for a in GRAVITY if a in actions]
        if parts:
            yield name, ", ".join(parts)


def _field_rows(plan: PlanView) -> Iterable[tuple[Any, ...]]:
    for direction in _INTO:
        for name, counts in plan.counts.get(direction, {}).items():
            for field, n in counts["fields"].items():
                yield field, f"{name} {'→' if direction == 'out' else ''}", n.get("set"), n.get("change"), n.get("null")


def _sample(item: ItemView) -> tuple[object, ...]:
    way = "→ " if item.direction == "out" else ""
    name = item.detail.get("label") or item.record_id
    return item.action.replace("_", " "), f"{way}{item.object}", item.remote_id, name, item.reason or _said(item)


def _said(item: ItemView) -> str:
    if problems := item.detail.get("problems"):
        return "; ".join(f"{p['field']} {p['message']}" for p in problems)
    if item.action in ("create", "ambiguous") and "review" in item.detail:
        return f"may be a record that is there already ({item.detail['review']['kind']})"
    text = ", ".join(_change(name, pair) for name, pair in item.fields.items())
    if not text and "emptied" in item.detail:
        text = f"emptied there: {', '.join(item.detail['emptied'])}"
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


def _change(name: str, pair: Sequence[Any]) -> str:
    old, new = (plain(value) or "–" for value in pair)
    return f"{name}: {new}" if pair[0] is None else f"{name}: {old} → {new}"


def _cost(cost: Mapping[str, Any]) -> list[RenderableType]:
    if not cost:
        return []
    apply = cost["apply"]
    parts = [f"{apply[what]:,} {what.replace('_', ' ')}" for what in ("reads", "guard_reads", "writes") if apply[what]]
    lines: list[RenderableType] = [
        "",
        f"Reading took {cost['plan']['calls']:,} calls. Applying takes about {apply['calls']:,}"
        f"{' (' + ', '.join(parts) + ')' if parts else ''} and about {apply['seconds']:,.0f} s.",
    ]
    for limit in cost["budget"]:
        if limit["kind"] == "daily":
            text = f"Of {limit['amount']:,} calls a day {limit['used']:,} are used; {limit['left']:,} are left to this."
            lines.append(
                Text(text) if limit["enough"] else bad(f"{text} That is not enough: it goes on the day after.")
            )
    return lines
