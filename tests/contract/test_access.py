"""Getting in: credentials, tokens, TLS, and secrets that stay secret."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from pydantic import SecretStr

from hub.sdk.capabilities import Checks
from hub.sdk.errors import AuthFailed, RemoteError
from hub.sdk.sandbox import SandboxClock
from hub.sdk.sandbox.serve import SandboxServer
from hub.sdk.testing import open_sandboxed
from tests.contract.trial import START, Trial


async def test_check_names_the_account(system: Trial) -> None:
    account = await system.checks.check()

    assert account.id
    assert account.name


async def test_wrong_credentials_are_auth_failed(system: Trial) -> None:
    async with open_sandboxed(system.spec, system.server, settings=_wrong_secrets(system)) as stranger:
        assert isinstance(stranger, Checks)

        with pytest.raises(AuthFailed):
            await stranger.check()


async def test_connector_works_over_tls(system: Trial) -> None:
    sandbox = system.spec.load_sandbox().make(clock=SandboxClock(START, frozen=True))
    with SandboxServer(sandbox, tls=True) as server:
        async with open_sandboxed(system.spec, server) as connector:
            assert isinstance(connector, Checks)

            assert (await connector.check()).id


async def test_expired_token_is_renewed_once_and_the_read_goes_on(system: Trial) -> None:
    system.needs_fault("expire_token")
    expected = system.seed(3)
    await system.warm_up()
    before = dict(system.tokens.token or {})
    if not before:
        pytest.skip(f"{system.spec.name} has no tokens that expire")
    system.sandbox.faults.arm("expire_token")

    reading = await system.read()

    assert set(expected) <= set(reading.ids)
    assert system.tokens.token != before


async def test_many_callers_with_an_expired_token_make_one_refresh(system: Trial) -> None:
    [seeded] = system.seed(1)
    await system.warm_up()
    if system.tokens.token is None:
        pytest.skip(f"{system.spec.name} has no tokens that expire")
    system.later(minutes=24 * 60)
    before = _token_requests(system)

    answers = await asyncio.gather(
        *(system.reads.read_many(system.object.name, [seeded], system.query.fields) for _ in range(20))
    )

    assert all(answer.records for answer in answers)
    assert _token_requests(system) - before <= 1


async def test_persistent_401_stops_after_one_refresh(system: Trial) -> None:
    system.needs_fault("persistent_401")
    await system.warm_up()
    system.sandbox.faults.arm("persistent_401", times=50)
    calls = system.sandbox.calls.total()

    with pytest.raises(AuthFailed):
        await system.reads.read_page(system.query, None)

    assert system.sandbox.calls.total() - calls <= 4


@pytest.mark.parametrize(
    "fault", ["persistent_401", "throttle", "html_error", "empty_error", "unavailable", "malformed_json"]
)
async def test_no_secret_appears_in_errors_or_logs(system: Trial, fault: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    failures: list[RemoteError] = []
    wrong = _wrong_secrets(system)
    await system.checks.check()
    for settings, times in ((None, 50), (wrong, 0)):
        system.sandbox.faults.clear()
        if times:
            system.sandbox.faults.arm(fault, times=times)
        async with open_sandboxed(system.spec, system.server, settings=settings) as connector:
            assert isinstance(connector, Checks)
            try:
                await connector.check()
            except RemoteError as failure:
                failures.append(failure)

    said = "\n".join([caplog.text, *(f"{failure!r} {failure.message} {dict(failure.details)}" for failure in failures)])
    for secret in [*_secrets(system), *wrong.values(), *_token_texts(system)]:
        assert secret not in said
    assert failures


def _token_requests(system: Trial) -> int:
    return sum(amount for name, amount in system.sandbox.calls.items() if "token" in name)


def _typed(system: Trial) -> dict[str, Any]:
    typed = system.sandbox.settings(system.server.url)
    model = system.spec.settings.model_validate(typed)
    return {name: value for name, value in model if isinstance(value, SecretStr)}


def _wrong_secrets(system: Trial) -> dict[str, Any]:
    return {name: f"not-the-{name}-of-this-account" for name in _typed(system)}


def _secrets(system: Trial) -> list[str]:
    return [value.get_secret_value() for value in _typed(system).values()]


def _token_texts(system: Trial) -> list[str]:
    token = system.tokens.token or {}
    return [str(value) for key, value in token.items() if "token" in key and len(str(value)) > 8]
