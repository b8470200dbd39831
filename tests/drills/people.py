"""Those who work in the two systems and at the hub's API all the time, whatever breaks."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import Any

import httpx

from tests.drills.ledger import Edit, Ledger

# Parts of a hundred acts of people in a system; the rest are edits.
_CREATE, _DELETE = 8, 1
_PAUSE_SECONDS = 0.4  # between two acts of one person, on average
_ANSWER_SECONDS = 40


class System:
    """One remote system as its people see it."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self._client = httpx.AsyncClient(base_url=url, timeout=_ANSWER_SECONDS)

    async def __aenter__(self) -> System:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def act(self, act: str, **more: Any) -> dict[str, Any]:
        answer = await self._client.post("/people", json={"act": act, **more})
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    async def create(self, ledger: Ledger) -> str:
        """A new partner; its name and city are edits that saw nothing."""
        number = ledger.fresh("firm")
        fields = {"name": f"{self.name} {number}", "website": f"https://{self.name}{number.split()[1]}.example"}
        fields |= {"country": "DE", "city": ledger.fresh("city")}
        row: str = (await self.act("create", fields=fields))["id"]
        for value in (fields["name"], fields["city"]):
            ledger.note(Edit(value, self.name, row, None))
        return row

    async def edit(self, ledger: Ledger, row: str, field: str) -> str | None:
        """Write a fresh value over what stands there and return it; None when the row is gone."""
        value = ledger.fresh(field)
        answer = await self.act("edit", id=row, field=field, value=value)
        if "gone" in answer:
            return None
        ledger.note(Edit(value, self.name, row, answer["saw"]))
        return value

    async def delete(self, ledger: Ledger, row: str) -> None:
        if "gone" not in await self.act("delete", id=row):
            ledger.ended.add((self.name, row))

    async def rows(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = (await self.act("look"))["rows"]
        return found


class People:
    """Everybody at work, from a seed."""

    def __init__(self, systems: tuple[System, System], *, api: str | None, key: str, seed: int) -> None:
        self.systems, self.ledger = systems, Ledger()
        self._api, self._key, self._chance = api, key, random.Random(seed)
        self._kept_apart: set[str] = set()  # domains of the partners that only the one who measures edits
        self.stop = asyncio.Event()

    async def found(self, number: int) -> None:
        """Fill the left system before there is a hub."""
        for _ in range(number):
            await self.systems[0].create(self.ledger)

    async def marker(self, system: System) -> str:
        """A row of this system that nobody else edits."""
        row = await system.create(self.ledger)
        self._kept_apart.add(_domain((await system.rows())[row]["website"]))
        return row

    async def work(self) -> None:
        """Two people in each system and one at the API, until told to stop."""
        async with asyncio.TaskGroup() as group:
            for system in self.systems * 2:
                group.create_task(self._work_in(system))
            if self._api:
                group.create_task(self._work_at(self._api))

    async def _work_in(self, system: System) -> None:
        while not await self._stopped():
            rows = [i for i, row in (await system.rows()).items() if _domain(row["website"]) not in self._kept_apart]
            what, row = self._chance.randrange(100), self._chance.choice(rows)
            if what < _CREATE:
                await system.create(self.ledger)
            elif what < _CREATE + _DELETE:
                await system.delete(self.ledger, row)
            else:
                await system.edit(self.ledger, row, self._chance.choice(("name", "city")))

    async def _work_at(self, api: str) -> None:
        headers = {"Authorization": f"Bearer {self._key}"}
        async with httpx.AsyncClient(base_url=f"{api}/api/v1", headers=headers, timeout=_ANSWER_SECONDS) as client:
            while not await self._stopped():
                with suppress(httpx.HTTPError):
                    await self._edit_in_hub(client)

    async def _edit_in_hub(self, client: httpx.AsyncClient) -> None:
        listed = await client.get("/records/partner", params={"limit": 500})
        if listed.status_code != 200:
            return
        records = [r for r in listed.json()["items"] if r["website_domain"] not in self._kept_apart]
        record = self._chance.choice(records)
        path, value = f"/records/partner/{record['id']}", self.ledger.fresh("city")
        edit = Edit(value, "hub", record["id"], record.get("city"))
        try:
            answer = await client.patch(path, json={"city": value}, headers={"If-Match": f'"{record["version"]}"'})
        except httpx.HTTPError:
            self.ledger.note(edit, answered=False)
            raise
        if answer.status_code == 200 or answer.status_code >= 500:
            self.ledger.note(edit, answered=answer.status_code == 200)

    async def _stopped(self) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stop.wait(), _PAUSE_SECONDS * 2 * self._chance.random())
        return self.stop.is_set()


def _domain(website: str) -> str:
    """However a system writes it."""
    return website.removeprefix("https://")
