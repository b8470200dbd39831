"""What the environment may say, and what the hub answers when it is wrong."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from config.secret_keys import secret_keys
from config.settings import Settings, SettingsInvalid, load_settings


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(f"PARTNERHUB_{field.upper()}", raising=False)


def test_without_any_setting_the_engines_are_embedded_and_the_api_is_local() -> None:
    settings = load_settings()

    assert (settings.database_url, settings.redis_url) == (None, None)
    assert settings.home == Path(".partnerhub")
    assert settings.base_url == f"http://127.0.0.1:{settings.port}"


def test_every_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_a_setting_is_read_from_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARTNERHUB_DATABASE_URL", "postgresql://hub@db/hub")
    monkeypatch.setenv("PARTNERHUB_PUBLIC_URL", "https://hub.example.com/")

    settings = load_settings()

    assert settings.database_url == "postgresql://hub@db/hub"
    assert settings.base_url == "https://hub.example.com"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("PARTNERHUB_DATABASE_URL", "mysql://hub:hush@db/hub", "must start with postgresql://"),
        ("PARTNERHUB_REDIS_URL", "http://hub:hush@cache", "must start with redis://"),
        ("PARTNERHUB_PORT", "hush", "valid integer"),
        ("PARTNERHUB_LOG_LEVEL", "hush", "'debug'"),
        ("PARTNERHUB_SECRET_KEYS", "hush", "32 url-safe base64"),
    ],
)
def test_a_bad_value_is_told_with_its_variable_and_without_the_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsInvalid) as caught:
        load_settings()

    assert name in str(caught.value)
    assert told in str(caught.value)
    assert "hush" not in str(caught.value)


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARTNERHUB_DATABASE_URL", "")
    monkeypatch.setenv("PARTNERHUB_PORT", "")

    assert load_settings().database_url is None


def test_neither_passwords_nor_keys_are_in_the_printed_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    key = Fernet.generate_key().decode()
    monkeypatch.setenv("PARTNERHUB_DATABASE_URL", "postgresql://hub:hush@db/hub")
    monkeypatch.setenv("PARTNERHUB_REDIS_URL", "redis://:hush@cache")
    monkeypatch.setenv("PARTNERHUB_SECRET_KEYS", key)

    printed = repr(load_settings())

    assert "hush" not in printed
    assert key not in printed


def test_given_keys_are_used_in_their_order() -> None:
    first, second = (Fernet.generate_key().decode() for _ in range(2))

    assert secret_keys(Settings.model_validate({"secret_keys": f"{first}, {second}"})) == (first, second)


def test_without_given_keys_one_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")

    made = secret_keys(settings)

    assert len(made) == 1
    assert Fernet(made[0])
    assert secret_keys(settings) == made
    assert stat.S_IMODE((settings.home / "secret.keys").stat().st_mode) == 0o600
    assert [path.name for path in settings.home.iterdir()] == ["secret.keys"]


def test_processes_that_need_a_key_at_once_get_the_same_one(tmp_path: Path) -> None:
    program = "from config.secret_keys import *; from config.settings import *; print(*secret_keys(load_settings()))"
    command = [sys.executable, "-c", program]
    environment = {"PARTNERHUB_HOME": str(tmp_path)}
    pair = [subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) for _ in range(2)]

    keys = {process.communicate()[0] for process in pair}

    assert len(keys) == 1
    assert Fernet(keys.pop().strip())


def test_two_homes_never_share_a_key(tmp_path: Path) -> None:
    assert secret_keys(Settings(home=tmp_path / "a")) != secret_keys(Settings(home=tmp_path / "b"))
