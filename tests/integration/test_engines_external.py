"""External servers: used as they are, or refused with one sentence that says what to do."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from hub.engines import Engines, EngineUnavailable, start_engines, stop_engines
from hub.engines import postgres as postgres_engine
from hub.engines import redis as redis_engine
from hub.engines.postgres import check_postgres
from hub.engines.redis import check_redis

SECRET = "the-secret-word"


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    """Servers of another home, which stand for a customer's: with accounts, passwords and rights."""
    engines = start_engines(home=tmp_path_factory.mktemp("external"), durable=False)
    with psycopg.connect(engines.database_url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE writer LOGIN PASSWORD '{SECRET}'".encode())
        connection.execute(f"CREATE ROLE reader LOGIN PASSWORD '{SECRET}'".encode())
        connection.execute("GRANT CREATE ON SCHEMA public TO writer")
        connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        connection.execute("GRANT USAGE ON SCHEMA public TO reader, writer")
        access = Path(_text(connection, "SHOW hba_file"))
        access.write_text("local all reader,writer scram-sha-256\n" + access.read_text())
        connection.execute("SELECT pg_reload_conf()")
    with redis.Redis.from_url(engines.redis_url) as client:
        client.execute_command("ACL", "SETUSER", "writer", "on", f">{SECRET}", "~*", "+@all")
        client.execute_command("ACL", "SETUSER", "reader", "on", f">{SECRET}", "~*", "+@read", "+info", "+@connection")
    yield engines
    stop_engines(engines)


def test_external_servers_are_used_and_none_is_started_or_stopped(servers: Engines, tmp_path: Path) -> None:
    database_url, redis_url = _as_user(servers, "writer")

    engines = start_engines(home=tmp_path / "home", database_url=database_url, redis_url=redis_url)
    stop_engines(engines)

    assert (engines.database_url, engines.redis_url) == (database_url, redis_url)
    assert not engines.embedded_postgres
    assert not engines.embedded_redis
    assert not (tmp_path / "home" / "postgres").exists()
    assert not (tmp_path / "home" / "redis").exists()
    check_postgres(database_url)
    check_redis(redis_url)


def test_one_engine_may_be_external_and_the_other_embedded(servers: Engines, tmp_path: Path) -> None:
    database_url, _ = _as_user(servers, "writer")

    engines = start_engines(home=tmp_path / "home", database_url=database_url, durable=False)

    assert engines.embedded_redis
    assert not engines.embedded_postgres
    assert stop_engines(engines) is True
    check_postgres(database_url)


@pytest.mark.parametrize(
    ("server_version", "major"), [(90624, 9), (100023, 10), (140013, 14), (150000, 15), (180004, 18)]
)
def test_a_server_version_number_is_read_as_its_major_version(server_version: int, major: int) -> None:
    postgres_engine._check_version(server_version, minimum=major, shown="postgresql://db/hub")
    with pytest.raises(EngineUnavailable, match=f"is version {major}, and Partner Hub needs {major + 1} or newer"):
        postgres_engine._check_version(server_version, minimum=major + 1, shown="postgresql://db/hub")


@pytest.mark.parametrize("version", ["5.0.7", "6.0.16", "6.1.240"])
def test_a_redis_older_than_6_2_is_refused(version: str) -> None:
    with pytest.raises(EngineUnavailable, match=f"is version {version}, and Partner Hub needs 6.2 or newer"):
        redis_engine._check_version(version, minimum=(6, 2), shown="redis://cache")


@pytest.mark.parametrize("version", ["6.2.0", "6.10.1", "7.2.4", "8.0.0"])
def test_a_redis_from_6_2_on_is_accepted(version: str) -> None:
    redis_engine._check_version(version, minimum=(6, 2), shown="redis://cache")


def test_the_version_of_a_running_server_is_what_it_says_itself(servers: Engines) -> None:
    with pytest.raises(EngineUnavailable, match="is version 18, and Partner Hub needs 99"):
        check_postgres(servers.database_url, minimum=99)
    with pytest.raises(EngineUnavailable, match=r"is version 6\.2\.\d+, and Partner Hub needs 99\.0"):
        check_redis(servers.redis_url, minimum=(99, 0))


def test_a_user_who_may_not_create_tables_is_told_the_grant_that_is_missing(servers: Engines) -> None:
    database_url, _ = _as_user(servers, "reader")
    with pytest.raises(EngineUnavailable, match="GRANT CREATE, USAGE ON SCHEMA public TO reader") as caught:
        check_postgres(database_url)
    assert SECRET not in caught.value.operator_text


def test_a_redis_user_who_may_not_write_is_refused(servers: Engines) -> None:
    _, redis_url = _as_user(servers, "reader")
    with pytest.raises(EngineUnavailable, match=r"cannot be used .*permission.*check PARTNERHUB_REDIS_URL") as caught:
        check_redis(redis_url)
    assert SECRET not in caught.value.operator_text


def test_a_wrong_password_is_one_sentence_without_the_password(servers: Engines) -> None:
    database_url, redis_url = (url.replace(SECRET, "wrong-word") for url in _as_user(servers, "writer"))

    with pytest.raises(EngineUnavailable, match="password authentication failed") as postgres_refusal:
        check_postgres(database_url)
    with pytest.raises(EngineUnavailable, match="check PARTNERHUB_REDIS_URL") as redis_refusal:
        check_redis(redis_url)

    for text in (postgres_refusal.value.operator_text, redis_refusal.value.operator_text):
        assert "wrong-word" not in text
        assert "\n" not in text


@pytest.mark.parametrize(
    ("check", "url"),
    [
        (check_postgres, f"postgresql://hub:{SECRET}@127.0.0.1:1/hub?password={SECRET}&sslmode=disable"),
        (check_redis, f"redis://:{SECRET}@127.0.0.1:1/0"),
    ],
)
def test_an_unreachable_server_is_one_sentence_without_the_password(check: Callable[[str], None], url: str) -> None:
    with pytest.raises(EngineUnavailable, match=r"127\.0\.0\.1.*refused") as caught:
        check(url)
    assert SECRET not in caught.value.operator_text
    assert "\n" not in caught.value.operator_text


def _as_user(servers: Engines, user: str) -> tuple[str, str]:
    database_url = servers.database_url.replace("partnerhub@", f"{user}:{SECRET}@", 1)
    return database_url, servers.redis_url.replace("unix://", f"unix://{user}:{SECRET}@", 1)


def _text(connection: psycopg.Connection[tuple[object, ...]], query: str) -> str:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return str(row[0])
