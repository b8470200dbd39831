"""The account's users as owners of records: by the id that `hubspot_owner_id` holds, and by e-mail address."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from msgspec import Struct

from connectors.hubspot.api import Api
from connectors.hubspot.cached import Cached
from hub.sdk.clock import Clock

_LIMIT = 100


class Owner(Struct, frozen=True):
    """`active` is False for a user who was deactivated: what they own still names them."""

    id: str
    email: str | None
    name: str
    active: bool


class Owners:
    """Owners of one account."""

    def __init__(self, api: Api, clock: Clock) -> None:
        self._api = api
        self._cached = Cached(self._read, clock)

    async def by_id(self, ids: Collection[str]) -> Mapping[str, Owner]:
        """Those of the ids that are owners, deactivated ones too."""
        known = await self._cached.get()
        if not known.keys() >= set(ids):
            known = await self._cached.look_again()
        return {owner_id: known[owner_id] for owner_id in ids if owner_id in known}

    async def id_of(self, email: str) -> str | None:
        """The active owner with this address."""
        found = _active(await self._cached.get(), email)
        return found or _active(await self._cached.look_again(), email)

    async def _read(self) -> dict[str, Owner]:
        archived = await self._listed(archived=True)
        return archived | await self._listed(archived=False)

    async def _listed(self, *, archived: bool) -> dict[str, Owner]:
        found: dict[str, Owner] = {}
        params: dict[str, Any] = {"limit": _LIMIT, "archived": "true" if archived else "false"}
        while True:
            body = (await self._api.get(self._api.paths.owners, params)).body
            found |= {str(row["id"]): _owner(row, active=not archived) for row in body["results"]}
            after = ((body.get("paging") or {}).get("next") or {}).get("after")
            if after is None:
                return found
            params["after"] = after


def _owner(row: Mapping[str, Any], *, active: bool) -> Owner:
    email = str(row["email"]).lower() if row.get("email") else None
    name = " ".join(str(row[part]) for part in ("firstName", "lastName") if row.get(part))
    return Owner(str(row["id"]), email, name or email or str(row["id"]), active)


def _active(owners: Mapping[str, Owner], email: str) -> str | None:
    return next((o.id for o in owners.values() if o.active and o.email == email.lower()), None)
