"""What a connector's folder declares, and what it is given when a connection is opened."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pydantic import BaseModel

from hub.sdk.capabilities import Capabilities
from hub.sdk.clock import Clock

if TYPE_CHECKING:
    from hub.sdk.http import RemoteHttp
    from hub.sdk.sandbox import SandboxSpec


class TokenStore(Protocol):
    """Where one connection's tokens live: encrypted, shared by all processes of the hub.

    A token is a small JSON object of the connector's own shape.
    """

    async def load(self) -> dict[str, object] | None: ...

    async def save(self, token: dict[str, object], *, replaces: dict[str, object] | None) -> bool:
        """Store `token` if `replaces` is still what is stored (compare-and-swap); False when it is not."""
        ...

    def lock(self) -> AbstractAsyncContextManager[None]:
        """At most one holder over all processes: who holds it may refresh."""
        ...


@dataclass(frozen=True, slots=True)
class ConnectorContext:
    """Everything a connector may use besides its settings. `client_id` names the hub in the vendor's logs."""

    http: RemoteHttp
    tokens: TokenStore
    clock: Clock
    client_id: str = "partnerhub"


class OpenConnector(Protocol):
    """An open connection: what every one has. The other capabilities are Protocols of `hub.sdk.capabilities`."""

    @property
    def capabilities(self) -> Capabilities: ...


@dataclass(frozen=True, slots=True)
class ConnectorSpec:
    """A connector folder's one public name, `CONNECTOR`.

    `settings` is what an operator types; secrets in it are SecretStr. `open` does no I/O. `sandbox` is imported
    lazily (a dotted name `package.module:ATTRIBUTE`), so that a production process never loads it.
    """

    name: str
    title: str
    settings: type[BaseModel]
    open: Callable[[BaseModel, ConnectorContext], OpenConnector]
    sandbox: str

    def load_sandbox(self) -> SandboxSpec:
        from importlib import import_module

        module, attribute = self.sandbox.split(":")
        spec: SandboxSpec = getattr(import_module(module), attribute)
        return spec
