"""The folder that the embedded engines live in: its paths, its locks and its sockets."""

import fcntl
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from hub.engines.errors import EngineUnavailable

# A unix socket's path holds 108 bytes with its final zero on Linux, 104 on macOS.
_SOCKET_PATH_BYTES = 103
_LONGEST_SOCKET_NAME = len("/.s.PGSQL.5432")
# Only such paths read the same in a shell, in postgresql.conf and in a URL.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")


@dataclass(frozen=True)
class Home:
    """An existing folder of the current user; all its files belong to one pair of engines."""

    path: Path

    @classmethod
    def open(cls, path: Path) -> "Home":
        """Create the folder when it is missing; refuse one that belongs to somebody else."""
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as exc:
            raise EngineUnavailable(
                f"The folder {path} cannot be created ({exc.strerror}): set PARTNERHUB_HOME to a folder of yours."
            ) from exc
        if path.stat().st_uid != os.geteuid():
            raise EngineUnavailable(
                f"The folder {path} belongs to user id {path.stat().st_uid}, and you are {os.geteuid()}: "
                "run as that user or set PARTNERHUB_HOME to a folder of yours."
            )
        return cls(path.resolve())

    def folder(self, name: str) -> Path:
        """A private folder of the home, created on first use."""
        folder = self.path / name
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the one lock under which engines are started and stopped; the kernel drops it at a crash."""
        with (self.path / "engines.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def join(self) -> IO[str]:
        """Count this caller among the users of the engines until the returned file is closed."""
        file = (self.path / "engines.users").open("a")
        fcntl.flock(file, fcntl.LOCK_SH)
        return file

    def has_users(self) -> bool:
        """True while any living process has joined. Call it under the lock."""
        with (self.path / "engines.users").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def socket_folder(self) -> Path:
        """A private folder whose path is short and plain enough for sockets.

        It is `run` in the home; where that path is too long or too odd, `run` is a link to a folder of ours
        among the temporary ones.
        """
        run = self.path / "run"
        if _fits(run):
            return self.folder("run")
        if run.is_symlink() and _is_private(run.readlink()):
            return run.readlink()
        run.unlink(missing_ok=True)
        root = next((p for p in (Path(tempfile.gettempdir()), Path("/tmp")) if _fits(p / "partnerhub-12345678")), None)  # noqa: S108
        if root is None:
            raise EngineUnavailable("The temporary folder's path is too long for a socket: set TMPDIR to /tmp.")
        folder = Path(tempfile.mkdtemp(prefix="partnerhub-", dir=root))
        run.symlink_to(folder)
        return folder

    def remove_socket_folder(self) -> None:
        """Take away the temporary folder that `socket_folder` made, if it made one and it is empty."""
        run = self.path / "run"
        if run.is_symlink():
            with suppress(OSError):
                run.readlink().rmdir()
                run.unlink()


def _fits(folder: Path) -> bool:
    text = str(folder)
    return len(text.encode()) + _LONGEST_SOCKET_NAME <= _SOCKET_PATH_BYTES and bool(_PLAIN_PATH.fullmatch(text))


def _is_private(folder: Path) -> bool:
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return False
    return (
        folder.is_dir() and not folder.is_symlink() and (status.st_uid, status.st_mode & 0o777) == (os.geteuid(), 0o700)
    )
