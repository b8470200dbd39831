"""Looking at server processes through the pid files that they leave."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from signal import SIGTERM


def living_pid(pid_file: Path, *, program: str) -> int | None:
    """The pid in the file's first line if that process runs `program`.

    After a crash the number may belong to another program by now; in containers it often does.
    """
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
    return pid if program in _command(pid) else None


def end_process(pid: int, *, seconds: float) -> bool:
    """Ask the process to end; True when it is gone in time."""
    with suppress(ProcessLookupError):
        os.kill(pid, SIGTERM)
    return wait_until(lambda: not _command(pid), seconds=seconds)


def wait_until(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Poll another process's state; False when the time is over."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _command(pid: int) -> str:
    """The program that the process runs; empty for one that has ended, also while nobody has collected its status."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0", 1)[0].decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
