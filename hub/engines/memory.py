"""A place in memory for engines that nobody will miss."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108
_ROOM = 4 * 1024**3


def memory_folder() -> str | None:
    """The file system in memory, where there is one with room; None: the usual folder for temporary files has to do.

    A database is a thousand files, and creating one takes more than a millisecond on some disks.
    """
    usable = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM
    return str(_MEMORY) if usable else None
