"""Everything in one process: it answers, works, and ends cleanly when it is told to."""

from __future__ import annotations

import asyncio
import signal
import socket

import httpx
import pytest

from config.settings import Settings
from hub.app import App
from hub.main import AddressTaken, up
from tests.integration.jobs.conftest import Hub, until


async def test_up_answers_at_its_address_until_it_is_stopped(settings: Settings) -> None:
    stop, answers = asyncio.Event(), []

    async def ready(_: App, address: str) -> None:
        async with httpx.AsyncClient() as client:
            answers.append((await client.get(f"{address}/healthz")).status_code)
        stop.set()

    await asyncio.wait_for(up(settings, stop=stop, ready=ready), 60)
    assert answers == [200]


async def test_up_works_while_it_serves(hub: Hub) -> None:
    hub.left.create(1)
    await hub.connect()
    stop = asyncio.Event()
    running = asyncio.create_task(up(hub.settings, stop=stop))
    await hub.settle(seconds=40)
    stop.set()
    await running
    assert len(hub.right.rows()) == 1


async def test_a_taken_port_is_one_sentence_that_says_what_to_do(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(AddressTaken, match="PARTNERHUB_PORT"):
            await up(settings.model_copy(update={"port": port}), stop=asyncio.Event())


async def test_a_worker_process_ends_cleanly_on_sigterm(hub: Hub) -> None:
    process = hub.start_process()
    await until(lambda: "worker_started" in hub.log(), seconds=60)
    process.send_signal(signal.SIGTERM)
    await asyncio.wait_for(asyncio.to_thread(process.wait), 30)
    assert process.returncode == 0
    assert "worker_stopped" in hub.log()
    assert '"level": "error"' not in hub.log()
    assert "Traceback" not in hub.log()
    assert "Warning" not in hub.log()
