"""One API process as the hub runs it, without a worker beside it; its settings are in the environment."""

from __future__ import annotations

import asyncio
import sys
from signal import SIGTERM
from socket import IPPROTO_TCP, TCP_NODELAY, create_server

import uvicorn
import uvloop

from config.logging import configure_logging
from config.settings import load_settings
from hub.api import build_api
from hub.app import open_app
from hub.garbage import collect_rarely


async def _main() -> None:
    settings = load_settings()
    configure_logging(level="warning", form="json")
    with create_server(("127.0.0.1", settings.port), backlog=512) as listener:
        listener.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        async with open_app(settings) as app:
            server = uvicorn.Server(
                uvicorn.Config(build_api(app), log_config=None, access_log=False, lifespan="off", server_header=False)
            )
            asyncio.get_running_loop().add_signal_handler(SIGTERM, lambda: setattr(server, "should_exit", True))
            sys.stdout.write(f"{listener.getsockname()[1]}\n")
            sys.stdout.flush()
            collect_rarely()
            await server._serve([listener])


if __name__ == "__main__":
    uvloop.run(_main())
