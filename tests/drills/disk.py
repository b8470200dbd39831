"""A disk that runs full under the embedded engines: their home is a small file system of its own."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.drills.missing import Missing
from tests.drills.stage import Stage, Unkept, open_stage, until

_SIZE = "400m"
_HELD_SECONDS = 15.0
_CHUNK = bytes(1 << 20)


@asynccontextmanager
async def small_disk(folder: Path, seed: int) -> AsyncIterator[Stage]:
    """A hub whose home is a small disk. Raises Missing where none can be mounted."""
    if os.geteuid() != 0:
        raise Missing("only root can mount a small disk")
    home = folder / "home"
    home.mkdir(mode=0o700)
    mounted = _run("mount", "-t", "tmpfs", "-o", f"size={_SIZE},mode=0700", "tmpfs", str(home))
    if mounted.returncode != 0:
        raise Missing(f"a small disk cannot be mounted here ({mounted.stderr.strip()})")
    try:
        async with open_stage(folder, seed=seed, commands=(("up", ()),)) as stage:
            yield stage
    finally:
        _run("umount", "--lazy", str(home))


async def fill_disk(stage: Stage) -> None:
    """Not one byte more fits, for a while; then somebody makes room."""
    for _ in range(stage.rounds):
        await stage.any_moment()
        await _fill_for_a_while(stage)
        await stage.recover()


async def _fill_for_a_while(stage: Stage) -> None:
    before, ballast = _refusals(stage), stage.settings.home / "ballast"
    filling = asyncio.create_task(_keep_full(ballast))
    try:
        await until(lambda: _refused(stage, before), seconds=120, what="the full disk is noticed")
        await asyncio.sleep(_HELD_SECONDS)  # this is the fault: it has a length
    finally:
        filling.cancel()
        with suppress(asyncio.CancelledError):
            await filling
        ballast.unlink()


async def _keep_full(ballast: Path) -> None:
    """Take every free byte, also those that come free."""
    while True:
        with suppress(OSError), ballast.open("ab", buffering=0) as file:
            while file.write(_CHUNK):
                pass
        await asyncio.sleep(0.2)


async def _refused(stage: Stage, before: int) -> bool:
    if not any(process.lives() for process in stage.processes):
        raise Unkept("the hub ended when the disk was full")
    return _refusals(stage) > before


def _refusals(stage: Stage) -> int:
    """How often the hub was told that the disk is full."""
    return sum(process.log.read_text(errors="replace").count("No space left") for process in stage.processes)


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=False, capture_output=True, text=True)
