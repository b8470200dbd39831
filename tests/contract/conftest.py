"""Every connector that can be found, each with every object it offers for trial."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack

import pytest

from hub.registry import connectors
from hub.sdk.auth import MemoryTokenStore
from hub.sdk.connector import ConnectorSpec
from hub.sdk.sample import CONNECTOR as SAMPLE
from hub.sdk.sandbox import ContractObject, SandboxClock
from hub.sdk.sandbox.serve import SandboxServer
from hub.sdk.sandbox.transport import TRANSPORT_FAULTS
from hub.sdk.testing import open_sandboxed
from tests.contract.trial import START, Trial

Subject = tuple[ConnectorSpec, ContractObject]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`trial` runs once for every object of every connector, `system` once for every connector."""
    if "trial" in metafunc.fixturenames and "misbehaviour" not in metafunc.fixturenames:
        first_only = "system" in metafunc.fixturenames
        subjects = _subjects(first_only=first_only)
        ids = [spec.name if first_only else f"{spec.name}-{thing.name}" for spec, thing in subjects]
        metafunc.parametrize("subject", subjects, ids=ids)
    if "misbehaviour" in metafunc.fixturenames:
        pairs = [(subject, each) for subject in _subjects(first_only=True) for each in _misbehaviours(subject[0])]
        metafunc.parametrize(("subject", "misbehaviour"), pairs, ids=[f"{s[0].name}-{each}" for s, each in pairs])


def _subjects(*, first_only: bool) -> list[Subject]:
    found: list[Subject] = []
    for spec in [SAMPLE, *connectors().values()]:
        things = spec.load_sandbox().contract_objects
        found += [(spec, thing) for thing in (things[:1] if first_only else things)]
    return found


def _misbehaviours(spec: ConnectorSpec) -> list[str]:
    """Every counted fault of the kit and of the sandbox, and every switch that can be turned over."""
    sandbox = spec.load_sandbox().make()
    switches = [name for name, value in sandbox.switches.items() if isinstance(value, bool)]
    return [*TRANSPORT_FAULTS, *sandbox.faults_known, *(f"switch:{name}" for name in switches)]


@pytest.fixture(scope="session")
def server_of() -> Iterator[Callable[[ConnectorSpec], SandboxServer]]:
    """One server a connector, behind which every test puts a fresh emulator."""
    servers: dict[str, SandboxServer] = {}
    with ExitStack() as stack:

        def serve(spec: ConnectorSpec) -> SandboxServer:
            if spec.name not in servers:
                servers[spec.name] = stack.enter_context(SandboxServer(spec.load_sandbox().make()))
            return servers[spec.name]

        yield serve


@pytest.fixture
async def trial(subject: Subject, server_of: Callable[[ConnectorSpec], SandboxServer]) -> AsyncIterator[Trial]:
    """The connector over real HTTP, on an empty emulator whose clock stands still."""
    spec, thing = subject
    server = server_of(spec)
    server.sandbox = spec.load_sandbox().make(clock=SandboxClock(START, frozen=True))
    tokens = MemoryTokenStore()
    async with open_sandboxed(spec, server, tokens=tokens, max_response_bytes=16_000_000) as connector:
        yield Trial(spec, server, tokens, connector, thing)


@pytest.fixture
def system(trial: Trial) -> Trial:
    """The same, for promises that do not depend on the object."""
    return trial
