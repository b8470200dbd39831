"""How records are matched: why two of them are one or not, how good that is, and weights from one's own labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from hub.app import App
from hub.cli.errors import CommandFailed
from hub.cli.output import AsJson, bad, good, show, table, waiting
from hub.cli.session import command_settings, with_app
from hub.domain.matching import Weights, weights_text
from hub.domain.matching.evaluate import MatcherQuality
from hub.domain.matching.labelled import Labelled
from hub.services.custom_fields import record_types
from hub.services.labelled_lists import Kind, read_lists, stored_decisions
from hub.services.lookups import find_record
from hub.services.match_explaining import Explained, explain_pair
from hub.services.match_quality import Evaluation, Split, estimate, evaluate
from hub.services.match_weights import load_weights
from hub.services.records import type_called

app = typer.Typer(help="How records are matched, how good it is, and weights of one's own.", no_args_is_help=True)

Records = Annotated[
    Path | None, typer.Option(help="CSV with the columns id and fields of the record; the stored decisions without it.")
]
Labels = Annotated[Path | None, typer.Option(help="CSV with the columns id and cluster: the same cluster, the same.")]
OfKind = Annotated[Kind, typer.Option("--kind", help="What the labels are about.")]
_MOST_SHOWN = 20
_COLUMNS = ("", "auto precision", "auto recall", "recall with review", "to review", "B-cubed P", "R", "F1")


@app.command()
def explain(
    a: Annotated[str, typer.Argument(metavar="A", help="A record's id, or CONNECTION:ID.", show_default=False)],
    b: Annotated[str, typer.Argument(metavar="B", help="The other record.", show_default=False)],
    record_type: Annotated[str, typer.Option("--type", help="Record type of both.")] = "partner",
    as_json: AsJson = False,
) -> None:
    """Say of two records, feature by feature, what speaks for and against their being one."""

    async def work(hub: App) -> Explained:
        async with hub.db.transaction() as tx:
            ids = [await find_record(tx, hub.shop, record_type=record_type, reference=r) for r in (a, b)]
            kind = type_called(await record_types(tx), record_type)
            return await explain_pair(tx, kind, one=ids[0], other=ids[1], weights=hub.weights)

    found = with_app(work)
    rows = [(e.feature, e.level, f"{e.weight:+.2f}", e.a, e.b) for e in found.evidence]
    keys = ", ".join(found.shared_keys) or "none: they would never be compared"
    show(
        found,
        table("feature", "level", "bits", "A", "B", rows=rows),
        Text(f"{found.total:+.2f} bits; same from {found.same:g}, review from {found.review:g}."),
        Text(f"Shared keys: {keys}."),
        good(f"Verdict: {found.verdict}."),
        as_json=as_json,
    )


@app.command("evaluate")
def evaluate_(
    records: Records = None,
    labels: Labels = None,
    kind: OfKind = "organization",
    splits: Annotated[int, typer.Option(min=1, max=100, help="How often to part the labels anew.")] = 3,
    prior: Annotated[
        Path | None, typer.Option(help="Weights file to estimate from; those in force without it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Judge the weights in force, and weights estimated on one half of the labels, on the half they never saw."""
    in_force = load_weights(command_settings().match_weights)
    labelled = _labelled(records, labels, kind)
    with waiting("Matching …"):
        found = evaluate(labelled, in_force=in_force, prior=_prior(prior, in_force), seeds=range(splits))
    show(found, *_evaluation(found), as_json=as_json)


@app.command("estimate")
def estimate_(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="Where the weights go.", show_default=False)],
    records: Records = None,
    labels: Labels = None,
    kind: OfKind = "organization",
    prior: Annotated[Path | None, typer.Option(help="Weights file to start from; those in force without it.")] = None,
    seed: Annotated[int, typer.Option(help="Another number parts the labels otherwise.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Write them also where a figure falls.")] = False,
    as_json: AsJson = False,
) -> None:
    """Estimate weights on half the labels; written when no figure falls on the other half, else it ends with 1."""
    in_force = load_weights(command_settings().match_weights)
    labelled = _labelled(records, labels, kind)
    with waiting("Estimating …"):
        found = estimate(labelled, prior=_prior(prior, in_force), in_force=in_force, seed=seed)
    written = force or not found.worse
    if written:
        out.write_text(weights_text(found.weights), encoding="utf-8")
    rows = [_row("in force", found.before), _row("estimated", found.after)]
    fell = f"Lower on the half not seen: {', '.join(found.worse)}."
    verdict = (
        good(f"Written to {out}. PARTNERHUB_MATCH_WEIGHTS={out} puts them in force.")
        if written
        else bad(f"{fell} Nothing was written; --force writes them all the same.")
    )
    data = {
        "before": found.before,
        "after": found.after,
        "worse": found.worse,
        "written": str(out) if written else None,
    }
    warned = [Text(fell, style="yellow")] if written and found.worse else []
    show(data, table(*_COLUMNS, rows=rows), *warned, verdict, as_json=as_json)
    if not written:
        raise typer.Exit(1)


def _labelled(records: Path | None, labels: Path | None, kind: Kind) -> Labelled:
    if (records is None) != (labels is None):
        raise CommandFailed("--records and --labels go together.", code="usage")
    if records is not None and labels is not None:
        return read_lists(records=records, labels=labels, kind=kind)

    async def work(hub: App) -> Labelled:
        async with hub.db.transaction() as tx:
            return await stored_decisions(tx, kind=kind)

    return with_app(work)


def _prior(path: Path | None, in_force: Weights) -> Weights:
    return load_weights(path) if path else in_force


def _evaluation(found: Evaluation) -> list[RenderableType]:
    ordered = sorted(found.splits, key=lambda split: split.quality.auto.precision)
    named = (("lowest precision", 0), ("median", len(ordered) // 2), ("highest", -1))
    rows = [_row("in force, all labels", found.in_force)]
    rows += [_row(f"{name} of {len(ordered)}, half not seen", ordered[at].quality) for name, at in named]
    wrong = [(pair.a, pair.b, f"{pair.total:+.2f}") for pair in found.wrong[:_MOST_SHOWN]]
    title = f"Pairs that the weights in force judge same and the labels different: {len(found.wrong)}"
    shown: list[RenderableType] = [Text(f"{title}."), table("A", "B", "bits", rows=wrong)] if wrong else []
    return [
        Text(f"{found.records} records, {found.same_pairs} pairs known to be the same."),
        table(*_COLUMNS, rows=rows),
        Text(_held(ordered)),
        *shown,
    ]


def _held(splits: Sequence[Split]) -> str:
    held = sum(split.quality.auto.precision >= 0.99 for split in splits)
    return f"On halves not seen, automatic precision was 0.99 or more {held} times of {len(splits)}."


def _row(title: str, q: MatcherQuality) -> tuple[str, ...]:
    shares = (q.auto.precision, q.auto.recall, q.found.recall)
    cubed = (q.b_cubed.precision, q.b_cubed.recall, q.b_cubed.f1)
    return (title, *(f"{s:.4f}" for s in shares), f"{q.reviews_per_record:.2f} a record", *(f"{c:.3f}" for c in cubed))
