"""Opens the application for one command and closes it again."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import TypeVar

import uvloop

from config.logging import configure_logging
from config.settings import Settings, load_settings
from hub.app import App, open_app
from hub.cli.output import waiting
from hub.garbage import collect_rarely

T = TypeVar("T")


def with_app(work: Callable[[App], Awaitable[T]]) -> T:
    """Start or reach the engines, do the work, and stop what this process started and nobody else uses."""
    settings = command_settings()
    collect_rarely()

    async def whole() -> T:
        with ExitStack() as shown:
            shown.enter_context(waiting("Starting the engines …"))
            async with open_app(settings) as app:
                shown.close()
                return await work(app)

    return uvloop.run(whole())


def command_settings() -> Settings:
    """The settings; a command says by itself what went wrong, so it logs only when it was asked to."""
    settings = load_settings()
    level = settings.log_level if "log_level" in settings.model_fields_set else "critical"
    configure_logging(level=level, form=settings.log_format)
    return settings


def actor() -> str:
    """Who types, as changes and the audit trail name it."""
    try:
        return f"{getpass.getuser()} (command line)"
    except (KeyError, OSError):
        return f"user {os.geteuid()} (command line)"


def owner() -> str:
    """Under which name this process holds leases."""
    return f"command:{socket.gethostname()}:{os.getpid()}"
