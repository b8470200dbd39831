"""Serves a sandbox over real HTTP or TLS, in a thread beside tests and demos, or as a program of its own."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from pathlib import Path
from socket import IPPROTO_TCP, TCP_NODELAY, create_server, socket
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Any

import trustme
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from hub.sdk.sandbox.app import build_app
from hub.sdk.sandbox.base import Sandbox
from hub.sdk.sandbox.courier import keep_delivering
from hub.sdk.sandbox.transport import BREAK_EXTENSION


class SandboxServer:
    """A sandbox at a TCP port while the context is open; any number side by side.

    `url` is its base address (also set as `sandbox.base_url`), `ca_file` the certificate of the throwaway authority
    that signed it (TLS only). `port=0` takes a free one. Assigning `sandbox` puts a fresh emulator behind the address.
    """

    def __init__(self, sandbox: Sandbox, *, host: str = "127.0.0.1", port: int = 0, tls: bool = False) -> None:
        self._host, self._port = host, port
        self._folder = TemporaryDirectory(prefix="sandbox-ca-") if tls else None
        self._authority = trustme.CA() if tls else None
        self.ca_file: Path | None = None
        self.url = ""
        self.sandbox = sandbox

    @property
    def sandbox(self) -> Sandbox:
        return self._sandbox

    @sandbox.setter
    def sandbox(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._app = build_app(sandbox)
        sandbox.base_url = self.url

    def __enter__(self) -> SandboxServer:
        listener = self._listen()
        self._server = _Server(self._config(), self)
        self._thread = Thread(target=self._server.run, args=([listener],), name=f"sandbox-{self.url}", daemon=True)
        self._thread.start()
        self._server.answering.wait()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        if self._folder is not None:
            self._folder.cleanup()

    def run(self) -> None:
        """Serve until the process is told to stop (SIGINT, SIGTERM)."""
        listener = self._listen()
        _Server(self._config(), self).run([listener])

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application of whichever sandbox is behind the address now."""
        await self._app(scope, receive, send)

    def _listen(self) -> socket:
        listener = create_server((self._host, self._port), backlog=512)
        # asyncio does this only for sockets that name their protocol; without it every answer waits 40 ms for an ACK.
        listener.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        self._port = listener.getsockname()[1]
        self.url = f"{'https' if self._authority else 'http'}://{self._host}:{self._port}"
        self._sandbox.base_url = self.url
        return listener

    def _config(self) -> uvicorn.Config:
        return uvicorn.Config(
            self.answer,
            http=_BreakableProtocol,
            interface="asgi3",
            proxy_headers=False,
            server_header=False,
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            date_header=False,  # a sandbox says its own time
            timeout_keep_alive=60,
            timeout_graceful_shutdown=2,
            ssl_context_factory=(lambda _config, _default: self._tls_context()) if self._authority else None,
        )

    def _tls_context(self) -> ssl.SSLContext:
        assert self._authority is not None
        assert self._folder is not None
        self.ca_file = Path(self._folder.name) / "ca.pem"
        self._authority.cert_pem.write_to_path(str(self.ca_file))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._authority.issue_cert(self._host, "localhost").configure_cert(context)
        return context


class _Server(uvicorn.Server):
    """uvicorn that says when it answers, delivers webhooks meanwhile, and lets go of idle clients when it stops."""

    def __init__(self, config: uvicorn.Config, owner: SandboxServer) -> None:
        super().__init__(config)
        self.answering = Event()
        self._owner = owner

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        self._courier = asyncio.create_task(keep_delivering(lambda: self._owner.sandbox))
        self.answering.set()

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        self._courier.cancel()
        with suppress(asyncio.CancelledError):
            await self._courier
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await super().shutdown(sockets)


class _BreakableProtocol(H11Protocol):
    """HTTP/1.1 whose application may cut the connection: real clients must see a real break."""

    def __init__(self, config: uvicorn.Config, *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        self.access_log = False
        served = self.app

        async def breakable(scope: Scope, receive: Receive, send: Send) -> None:
            scope["extensions"] = {**scope.get("extensions", {}), BREAK_EXTENSION: self.transport.abort}
            await served(scope, receive, send)

        self.app: ASGIApp = breakable
