"""Figures for Prometheus: what this process answered, and what the database knows of all work."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from hub.services.budgets import BudgetView
from hub.services.watching import Totals


class Metrics:
    """The figures of one API."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._calls = Counter(
            "partnerhub_api_calls", "Requests answered.", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "partnerhub_api_seconds", "Time to answer a request.", ("route",), registry=self._registry
        )

    def called(self, method: str, route: str, status: int, seconds: float) -> None:
        self._calls.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self, totals: Totals, budgets: Sequence[BudgetView]) -> bytes:
        """All figures in the text format."""
        return (
            generate_latest(self._registry) + generate_latest(_of_work(totals)) + generate_latest(_of_budgets(budgets))
        )


def _of_work(totals: Totals) -> CollectorRegistry:
    registry = CollectorRegistry()

    def gauge(name: str, doc: str, *labels: str) -> Gauge:
        return Gauge(f"partnerhub_{name}", doc, labels, registry=registry)

    runs = gauge("runs", "Runs by kind and state.", "kind", "state")
    for kind, state, count in totals.runs:
        runs.labels(kind, state).set(count)
    records = gauge("records", "What all runs did, such as read, created or remote_updated.", "connection", "what")
    for connection, what, count in totals.records:
        records.labels(connection, what).set(count)
    deliveries = gauge("deliveries", "Deliveries by state.", "connection", "state")
    for connection, state, count in totals.deliveries:
        deliveries.labels(connection, state).set(count)
    rereads = gauge("rereads", "Remote records that are to be read again.", "connection")
    lag = gauge("lag_seconds", "Age of the oldest open delivery or re-read.", "connection", "of")
    up = gauge("connection_up", "1 while the connection works: neither paused nor resting.", "connection")
    waiting = gauge("waiting_for_a_person", "What only a person can decide.", "connection", "what")
    calls = gauge("calls_today", "Calls of today (UTC) by what they were for.", "connection", "object", "purpose")
    for connection, object_name, purpose, count in totals.calls:
        calls.labels(connection, object_name, purpose).set(count)
    for health in totals.health:
        rereads.labels(health.connection).set(health.rereads)
        lag.labels(health.connection, "delivery").set(health.oldest_delivery_seconds or 0)
        lag.labels(health.connection, "reread").set(health.oldest_reread_seconds or 0)
        up.labels(health.connection).set(health.verdict not in ("paused", "down"))
        waiting.labels(health.connection, "conflict").set(health.conflicts_open)
        waiting.labels(health.connection, "match_review").set(health.reviews_open)
        waiting.labels(health.connection, "quarantine").set(health.quarantined)
        waiting.labels(health.connection, "drift").set(health.drifted)
        waiting.labels(health.connection, "dead_letter").set(health.deliveries.get("dead", 0))
    return registry


def _of_budgets(budgets: Sequence[BudgetView]) -> CollectorRegistry:
    registry = CollectorRegistry()
    labels = ("connection", "limit", "pool")
    used = Gauge("partnerhub_limit_used", "Calls that count in a limit of the account now.", labels, registry=registry)
    amount = Gauge("partnerhub_limit_amount", "What the limit allows.", labels, registry=registry)
    ends = Gauge(
        "partnerhub_quota_ends_timestamp_seconds",
        "When the day's quota is used up at the pace of the last hour; absent while it is not.",
        ("connection", "pool"),
        registry=registry,
    )
    short = Gauge(
        "partnerhub_quota_short",
        "1 when it ends before the vendor counts anew.",
        ("connection", "pool"),
        registry=registry,
    )
    for view in budgets:
        for limit in view.limits:
            used.labels(view.connection, limit.kind, limit.pool).set(limit.used)
            amount.labels(view.connection, limit.kind, limit.pool).set(limit.amount)
            if limit.forecast:
                short.labels(view.connection, limit.pool).set(limit.forecast.is_short)
                if limit.forecast.ends_at:
                    ends.labels(view.connection, limit.pool).set(limit.forecast.ends_at.timestamp())
    return registry
