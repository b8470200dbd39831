"""Where a connection may lead: the address is checked after the name is resolved, and the checked address is dialled.

A connection's URL is typed by an operator and may come from a vendor's answer; without this guard the hub could be
sent to its own neighbours (metadata services, databases, admin pages).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import httpcore
import httpx

from hub.sdk.errors import AuthFailed


def guarded_transport(*, allow_private: bool, ca_file: Path | None, max_connections: int) -> httpx.AsyncHTTPTransport:
    """A transport that refuses private addresses unless allowed, and trusts `ca_file` besides the public authorities.

    It takes nothing from the environment (no proxies, no certificates).
    """
    return _GuardedTransport(allow_private, tls_context(ca_file), max_connections)


@lru_cache(maxsize=64)
def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """The public authorities, and those in `ca_file` (PEM)."""
    context = httpx.create_ssl_context(trust_env=False)
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    return context


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet, also when it is wrapped in an IPv6 one."""
    ip = ip_address(address)
    if isinstance(ip, IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo or (None, None))[1]
        if inner is not None:
            return _is_public(inner)
    return _is_public(ip)


def _is_public(ip: IPv4Address | IPv6Address) -> bool:
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


class _GuardedTransport(httpx.AsyncHTTPTransport):
    """httpx's transport over a pool that dials through the guard; httpx has no argument for the network backend."""

    def __init__(self, allow_private: bool, context: ssl.SSLContext, max_connections: int) -> None:
        super().__init__(verify=context, trust_env=False)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=max_connections,
            keepalive_expiry=30,
            network_backend=_GuardedBackend(allow_private),
        )


class _GuardedBackend(httpcore.AsyncNetworkBackend):
    def __init__(self, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._dialler = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await _resolve(host, port)
        if not self._allow_private:
            _refuse_private(host, addresses)
        for address in addresses[:-1]:
            try:
                return await self._dialler.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._dialler.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        await self._dialler.sleep(seconds)


async def _resolve(host: str, port: int) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as exc:
        raise httpcore.ConnectError(f"{host} has no address") from exc
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _refuse_private(host: str, addresses: list[str]) -> None:
    for address in addresses:
        if not is_public(address.partition("%")[0]):
            raise AuthFailed(
                f"{host} leads to {address}, which is not a public address. Correct the connection's address, or "
                "allow private addresses for this connection if the system really is in your own network."
            )
