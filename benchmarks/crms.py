"""Two emulated CRMs at addresses of their own that hold the same partners: the stage of what is measured end to end."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from config.settings import Settings
from hub.app import App, open_app
from hub.db import connections
from hub.demo.data import make_programme
from hub.demo.stage import make_sandboxes
from hub.sdk.sandbox import Sandbox
from hub.sdk.sandbox.serve import SandboxServer
from hub.services.connections import add_connection

# What is measured is what an approved mass change costs, not how long a person takes to approve it.
_UNGUARDED = {way: dict.fromkeys(("creates", "changes", "nulls", "deletes"), "unlimited") for way in ("in", "out")}


@dataclass(frozen=True)
class Crms:
    """Both emulators, and per partner its Salesforce id and its HubSpot id."""

    salesforce: Sandbox
    hubspot: Sandbox
    partners: list[tuple[str, str]]

    def cities_in_salesforce(self) -> list[str]:
        rows = self.salesforce.rows("Account")
        return [rows[account]["BillingCity"] for account, _ in self.partners]

    def cities_in_hubspot(self) -> list[str]:
        rows = self.hubspot.rows("companies")
        return [rows[company]["city"] for _, company in self.partners]

    def calls(self) -> int:
        """API requests that both have answered so far; signing in is none."""
        answered = self.salesforce.calls + self.hubspot.calls
        return sum(number for name, number in answered.items() if "/oauth" not in name)


@contextmanager
def running_crms(*, partners: int) -> Iterator[Crms]:
    """Both served over HTTP by threads of this process, with the same partners in both."""
    sandboxes = make_sandboxes(seed=1)
    salesforce, hubspot = sandboxes["salesforce"], sandboxes["hubspot"]
    firms = make_programme(firms=partners, people=0, deals=0, seed=1).firms
    pairs = [
        (
            salesforce.human_create("Account", firm.in_salesforce()),
            hubspot.human_create("companies", firm.in_hubspot()),
        )
        for firm in firms
    ]
    hubspot.take_webhooks("http://nobody.invalid")  # what happened before the hub is there
    with SandboxServer(salesforce), SandboxServer(hubspot):
        yield Crms(salesforce, hubspot, pairs)


@asynccontextmanager
async def connected_hub(crms: Crms, *, database_url: str, port: int = 0) -> AsyncIterator[App]:
    """A hub in an empty database, with a Redis of its own, that knows both CRMs and has read neither."""
    with TemporaryDirectory(prefix="partnerhub-bench-") as home:
        settings = Settings(home=Path(home), database_url=database_url, port=port)
        async with open_app(settings) as app:
            for sandbox in (crms.salesforce, crms.hubspot):
                stored, _ = await add_connection(
                    app.shop,
                    name=sandbox.name,
                    system=sandbox.name,
                    settings=sandbox.settings(sandbox.base_url),
                    options={"allow_private": True, "guards": _UNGUARDED},
                    actor="benchmark",
                )
                async with app.db.transaction() as tx:  # as if somebody had approved its first plan
                    await connections.begin(tx, connection_id=stored.id)
            yield app


def elapsed_until(condition: Callable[[], bool], *, seconds: float, pause: float) -> float:
    """Seconds until it is true, asked every `pause` seconds; RuntimeError after `seconds`."""
    begun = time.perf_counter()
    while not condition():
        if time.perf_counter() - begun > seconds:
            raise RuntimeError(f"not within {seconds:g} seconds: {condition}")
        time.sleep(pause)
    return time.perf_counter() - begun
