"""The processes of Partner Hub: everything in one, or a worker alone, each with a clean start and a clean end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from signal import SIGINT, SIGTERM
from socket import AF_INET, AF_INET6, IPPROTO_TCP, TCP_NODELAY, create_server, socket

import structlog
import uvicorn
import uvloop

from config.settings import Settings
from hub.api import build_api
from hub.app import App, open_app
from hub.engines import keep_engines
from hub.garbage import collect_rarely
from sync_jobs.worker import work_until

log = structlog.get_logger()

Ready = Callable[[App, str], Awaitable[None]]


class AddressTaken(Exception):
    """The API cannot listen where it was told to; the message says what to do."""


def run_up(settings: Settings, *, ready: Ready | None = None) -> None:
    """Serve the API, do the jobs and keep the schedule in this process, until SIGTERM or SIGINT.

    `ready` is called once with the application and its address. Raises EngineUnavailable, AddressTaken.
    """
    collect_rarely()
    uvloop.run(_until_signalled(lambda stop: up(settings, stop=stop, ready=ready)))


def run_worker(settings: Settings) -> None:
    """Do the jobs and keep the schedule, until SIGTERM or SIGINT; any number of these, on any host."""
    collect_rarely()
    uvloop.run(_until_signalled(lambda stop: work(settings, stop=stop)))


async def up(settings: Settings, *, stop: asyncio.Event, ready: Ready | None = None) -> None:
    """`run_up` inside a running loop: ends when `stop` is set."""
    with _listening(settings) as listener:
        async with open_app(settings) as app, asyncio.TaskGroup() as group:
            server = _server(app)
            group.create_task(_serve(server, listener, stop))
            group.create_task(work_until(app, stop=stop))
            group.create_task(keep_engines(app.engines, stop=stop))
            await server.answering.wait()
            address = _address(listener)
            log.info("hub_started", address=address)
            if ready:
                await ready(app, address)


async def work(settings: Settings, *, stop: asyncio.Event) -> None:
    """`run_worker` inside a running loop: ends when `stop` is set."""
    async with open_app(settings) as app, asyncio.TaskGroup() as group:
        group.create_task(work_until(app, stop=stop))
        group.create_task(keep_engines(app.engines, stop=stop))


async def _until_signalled(main: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for sign in (SIGTERM, SIGINT):
        loop.add_signal_handler(sign, stop.set)
    try:
        await main(stop)
    finally:
        for sign in (SIGTERM, SIGINT):
            loop.remove_signal_handler(sign)


class _Server(uvicorn.Server):
    """uvicorn that says when it answers and leaves the signals to us."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answering = asyncio.Event()

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        self.answering.set()


def _server(app: App) -> _Server:
    return _Server(
        uvicorn.Config(
            build_api(app),
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=5,
        )
    )


async def _serve(server: _Server, listener: socket, stop: asyncio.Event) -> None:
    serving = asyncio.create_task(server.serve([listener]))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    await serving
    stopped.cancel()


@contextmanager
def _listening(settings: Settings) -> Iterator[socket]:
    family = AF_INET6 if ":" in settings.host else AF_INET
    try:
        listener = create_server((settings.host, settings.port), family=family, backlog=512)
    except OSError as exc:
        raise AddressTaken(
            f"The API cannot listen on {settings.host}:{settings.port} ({exc.strerror}): "
            "end the program that does, or set PARTNERHUB_PORT to another number."
        ) from exc
    with listener:
        # asyncio does this only for sockets that name their protocol; without it every answer waits 40 ms for an ACK.
        listener.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        yield listener


def _address(listener: socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
