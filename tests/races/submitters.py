"""Submitters: each sends its entries one after the other to one API process, all of them at once."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.races.plan import Entry, Plan

_PATIENCE = 120.0  # seconds for one answer


@dataclass(frozen=True, slots=True)
class Answered:
    """What an entry was answered: its status, its body, and the seconds that it took."""

    entry: Entry
    status: int
    view: dict[str, Any]
    seconds: float
    again: bool = False

    @property
    def rivals(self) -> frozenset[str]:
        """The registrations that stand against this one."""
        return frozenset(
            counterpart
            for outcome in self.view.get("outcomes", ())
            if outcome["rule"] == "duplicate_other_partner" and outcome["outcome"] != "notice"
            for counterpart in outcome["counterparts"]
        )


async def warm_up(plan: Plan, *, ports: Sequence[int], key: str) -> list[Answered]:
    """Before anything is measured."""
    clients = [Client(ports[n % len(ports)], key) for n in range(len(plan.warm_up))]
    answers = await asyncio.gather(*(c.submit(entry) for c, entry in zip(clients, plan.warm_up, strict=True)))
    for client in clients:
        client.close()
    return answers


async def submit_all(plan: Plan, *, ports: Sequence[int], key: str) -> list[Answered]:
    """Everything that was answered; entries of one group are sent at one moment, to processes as they fall."""
    gates = {group: asyncio.Barrier(size) for group, size in plan.groups.items()}
    done = await asyncio.gather(
        *(_submitter(entries, ports, key, gates, number=n) for n, entries in enumerate(plan.entries))
    )
    return [answered for one in done for answered in one]


async def _submitter(
    entries: Sequence[Entry], ports: Sequence[int], key: str, gates: dict[int, asyncio.Barrier], *, number: int
) -> list[Answered]:
    mine, other = Client(ports[number % len(ports)], key), Client(ports[(number + 1) % len(ports)], key)
    answers: list[Answered] = []
    for entry in entries:
        if entry.group is not None:
            await gates[entry.group].wait()
        if entry.repeated:
            answers += await asyncio.gather(mine.submit(entry), other.submit(entry, again=True))
        else:
            answers.append(await mine.submit(entry))
    mine.close()
    other.close()
    return answers


class Client:
    """As little HTTP as there can be: the processors are the hub's.

    What was not answered, or with 503, is sent again under its key, as a careful program does.
    """

    def __init__(self, port: int, key: str) -> None:
        self._port, self._key = port, key
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def submit(self, entry: Entry, *, again: bool = False) -> Answered:
        body = json.dumps(entry.body).encode()
        head = (
            f"POST /api/v1/deal-registrations HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer {self._key}\r\n"
            f"Idempotency-Key: {entry.key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        begin = time.perf_counter()
        async with asyncio.timeout(_PATIENCE):
            status, answer = await self._exchange(head.encode() + body)
            while status == 503:
                await asyncio.sleep(1)
                status, answer = await self._exchange(head.encode() + body)
        return Answered(entry, status, json.loads(answer), time.perf_counter() - begin, again)

    def close(self) -> None:
        if self._open:
            self._open[1].close()

    async def _exchange(self, request: bytes) -> tuple[int, bytes]:
        while True:
            try:
                return await self._send(request)
            except (asyncio.IncompleteReadError, ConnectionError):  # the server lets go of idle connections
                self._open = None

    async def _send(self, request: bytes) -> tuple[int, bytes]:
        if self._open is None:
            self._open = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._open
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        length = next(int(line[15:]) for line in head if line.lower().startswith("content-length:"))
        return int(head[0].split()[1]), await reader.readexactly(length)
