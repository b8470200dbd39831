"""The faults that need no special rights: processes that are killed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from hub.engines.processes import living_pid
from tests.drills.stage import Stage


async def kill_worker(stage: Stage) -> None:
    """SIGKILL to one of several workers, again and again; the service manager starts it anew."""
    for _ in range(stage.rounds):
        await stage.any_moment()
        victim = stage.chance.choice(stage.processes)
        victim.kill()
        stage.restart(victim)
        await stage.recover()


async def kill_api(stage: Stage) -> None:
    """SIGKILL to the process that answers the API while people use it."""
    for _ in range(stage.rounds):
        await stage.any_moment()
        victim = next(process for process in stage.processes if process.command == "up")
        victim.kill()
        stage.restart(victim)
        await stage.recover()


async def kill_postgres(stage: Stage) -> None:
    """SIGKILL to the embedded PostgreSQL: once the whole server, once one of its sessions, which ends all others."""
    for number in range(stage.rounds):
        await stage.any_moment()
        server = _pid(stage.settings.home / "postgres" / "postmaster.pid", "postgres")
        os.kill(stage.chance.choice(_children(server)) if number == 1 else server, signal.SIGKILL)
        await stage.recover()


async def kill_redis(stage: Stage) -> None:
    """SIGKILL to the embedded Redis."""
    for _ in range(stage.rounds):
        await stage.any_moment()
        os.kill(_pid(stage.settings.home / "redis" / "redis.pid", "redis-server"), signal.SIGKILL)
        await stage.recover()


def _pid(pid_file: Path, program: str) -> int:
    pid = living_pid(pid_file, program=program)
    assert pid is not None, f"{program} does not run"
    return pid


def _children(pid: int) -> list[int]:
    """Sessions of the server: those of its children that serve the hub."""
    found = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        title = Path(f"/proc/{child}/cmdline").read_bytes().decode(errors="replace")
        if "partnerhub partnerhub" in title:
            found.append(int(child))
    return found
