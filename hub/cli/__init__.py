"""The command `partnerhub`: everything that an administrator does, for people and (with --json) for programs."""

from __future__ import annotations

import typer

from hub.cli import (
    alerts,
    budget,
    change,
    check,
    conflicts,
    connect,
    deals,
    deletions,
    demo,
    drift,
    fields,
    guards,
    keys,
    mapping,
    matching,
    merges,
    plans,
    policies,
    policy,
    prune,
    reconcile,
    records,
    retries,
    reviews,
    sandbox,
    serve,
    simulate,
    status,
    sync,
    why,
)
from hub.cli.errors import Commands

app = typer.Typer(
    cls=Commands,
    help="Keeps one Unified Partner Record and every partner system around it in step.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command()(demo.demo)
app.command()(simulate.simulate)
app.command()(serve.up)
app.command()(serve.worker)

app.command(rich_help_panel="Connections")(connect.connect)
app.command("connections", rich_help_panel="Connections")(connect.list_connections)
app.command(rich_help_panel="Connections")(change.change)
app.command(rich_help_panel="Connections")(check.check)
app.command(rich_help_panel="Connections")(connect.discover)
app.command(rich_help_panel="Connections")(connect.pause)
app.command(rich_help_panel="Connections")(connect.resume)
app.command(rich_help_panel="Connections")(change.retire)
app.command(rich_help_panel="Connections")(sandbox.sandbox)

app.command(rich_help_panel="Syncing")(plans.plan)
app.command(rich_help_panel="Syncing")(plans.apply)
app.command(rich_help_panel="Syncing")(plans.undo)
app.command(rich_help_panel="Syncing")(sync.sync)
app.command(rich_help_panel="Syncing")(status.status)
app.command(rich_help_panel="Syncing")(status.runs)
app.command(rich_help_panel="Syncing")(why.why)
app.command(rich_help_panel="Syncing")(prune.prune)
app.command(rich_help_panel="Syncing")(drift.drift)
app.command(rich_help_panel="Syncing")(guards.guards)
app.command(rich_help_panel="Syncing")(reconcile.reconcile)
app.command(rich_help_panel="Syncing")(reconcile.agreement)
app.command(rich_help_panel="Syncing")(budget.budget)

app.command(rich_help_panel="Records")(merges.merge)
app.command(rich_help_panel="Records")(merges.unmerge)
app.command(rich_help_panel="Records")(merges.split)

app.add_typer(mapping.app, name="mapping")
app.add_typer(matching.app, name="matching")
app.add_typer(fields.app, name="fields")
app.add_typer(records.app, name="records")
app.add_typer(plans.app, name="plans")
app.add_typer(retries.app, name="retries")
app.add_typer(deletions.app, name="deletions")
app.add_typer(conflicts.app, name="conflicts")
app.add_typer(policies.app, name="policies")
app.add_typer(reviews.app, name="reviews")
app.add_typer(deals.app, name="deals")
app.add_typer(alerts.app, name="alerts")
app.add_typer(policy.app, name="policy")
app.add_typer(keys.app, name="keys")
