"""Open connections, kept by a worker process for as long as nothing about them changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from hub.db import field_policies
from hub.db.connections import StoredConnection
from hub.services.connections import OpenedConnection, Workshop, open_connection
from hub.services.custom_fields import list_custom_fields
from hub.services.objects import OpenConnection


@dataclass
class _Entry:
    made_from: object
    opened: OpenedConnection
    users: int = 0
    replaced: bool = False


class OpenConnections:
    """Opens each connection once, and anew when what it is made from has changed.

    That is: its settings, options and mapping files, the custom fields, and the field policies.
    """

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop
        self._entries: dict[int, _Entry] = {}
        self._opening = asyncio.Lock()

    @asynccontextmanager
    async def use(self, stored: StoredConnection) -> AsyncIterator[OpenConnection]:
        """The open connection, which stays open while it is used. Raises what `open_connection` raises."""
        entry = await self._current(stored)
        entry.users += 1
        try:
            yield entry.opened.sync
        finally:
            entry.users -= 1
            if entry.replaced and not entry.users:
                await entry.opened.close()

    async def close(self) -> None:
        for connection_id in list(self._entries):
            await self._drop(connection_id)

    async def _current(self, stored: StoredConnection) -> _Entry:
        async with self._shop.db.transaction() as tx:
            declared = await list_custom_fields(tx)
            policies = await field_policies.in_force(tx)
        made_from = _made_from(self._shop, stored), declared, policies
        async with self._opening:
            entry = self._entries.get(stored.id)
            if entry is None or entry.made_from != made_from:
                await self._drop(stored.id)
                entry = _Entry(made_from, await open_connection(self._shop, stored))
                self._entries[stored.id] = entry
            return entry

    async def _drop(self, connection_id: int) -> None:
        entry = self._entries.pop(connection_id, None)
        if entry is None:
            return
        entry.replaced = True
        if not entry.users:
            await entry.opened.close()


def _made_from(shop: Workshop, stored: StoredConnection) -> object:
    """Everything that an open connection is made from; equal as long as it need not be opened anew."""
    own = stored.options.get("mappings")
    folder = (Path(own) if own else shop.mappings) / stored.system
    files = tuple((f.name, (s := f.stat()).st_mtime_ns, s.st_size) for f in sorted(folder.glob("*.yaml")))
    return stored.name, stored.account_id, stored.settings, stored.options, files
