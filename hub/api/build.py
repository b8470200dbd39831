"""Puts the API together: every route, the door it goes through, and the one form of all errors."""

from __future__ import annotations

from fastapi import FastAPI

from hub.api import (
    audit,
    budgets,
    conflicts,
    connections,
    custom_fields,
    deal_evidence,
    deal_import,
    deal_registrations,
    deal_reports,
    deliveries,
    departures,
    drift,
    guards,
    health,
    keys,
    mappings,
    matching,
    merges,
    openapi,
    partners,
    plans,
    policies,
    problems,
    quarantine,
    reconciliations,
    records,
    reviews,
    runs,
    seller_alerts,
    webhooks,
)
from hub.api.door import Door
from hub.api.envelope import Envelope
from hub.api.metrics import Metrics
from hub.app import App

_MODULES = (
    connections,
    records,
    partners,
    deal_import,
    deal_evidence,
    deal_reports,  # before the next, where a report would be taken for an id
    deal_registrations,
    seller_alerts,
    policies,
    runs,
    plans,
    deliveries,
    departures,
    conflicts,
    reviews,
    quarantine,
    drift,
    guards,
    reconciliations,
    budgets,
    mappings,
    matching,
    merges,
    webhooks,
    keys,
    custom_fields,
    audit,
    openapi,
    health,
)


def build_api(app: App) -> FastAPI:
    """The ASGI application. It needs no lifespan; `app` stays the caller's to close."""
    api = FastAPI(title="Partner Hub", openapi_url=None, docs_url=None, redoc_url=None)
    api.state.door = Door(app, queue=app.queue, metrics=Metrics())
    for module in _MODULES:
        api.include_router(module.router)
    problems.install(api)
    api.add_middleware(Envelope, metrics=api.state.door.metrics)
    return api
