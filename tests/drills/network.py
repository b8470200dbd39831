"""Hosts of their own on one machine: network namespaces on a bridge, between which packets can be dropped."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.drills.missing import Missing

_NOBODY = "02:00:00:00:00:01"  # a hardware address that no host has: what is sent there is dropped, not refused


@dataclass
class Network:
    """Named hosts at `address(name)`; this machine itself is at `here`."""

    name: str
    subnet: str
    hosts: list[str] = field(default_factory=list)

    @property
    def here(self) -> str:
        return f"{self.subnet}.1"

    def address(self, host: str) -> str:
        return f"{self.subnet}.{2 + self.hosts.index(host)}"

    def enter(self, host: str) -> tuple[str, ...]:
        """What to put before a command to run it on that host."""
        return ("ip", "netns", "exec", f"{self.name}-{host}")

    def part(self, one: str, other: str) -> None:
        """From now on nothing that one of them sends arrives at the other; neither is told."""
        for here, there in ((one, other), (other, one)):
            self._neighbour(here, "replace", self.address(there), "lladdr", _NOBODY, "nud", "permanent")

    def heal(self, one: str, other: str) -> None:
        for here, there in ((one, other), (other, one)):
            self._neighbour(here, "del", self.address(there))

    def _neighbour(self, host: str, *what: str) -> None:
        _ip("-n", f"{self.name}-{host}", "neigh", *what, "dev", "eth0")


@contextmanager
def open_network(*hosts: str) -> Iterator[Network]:
    """These hosts, for as long as the context is open. Raises Missing where that cannot be had."""
    if os.geteuid() != 0:
        raise Missing("only root can make network namespaces")
    if shutil.which("ip") is None:
        raise Missing("the command ip is not there (Debian: apt-get install iproute2)")
    # A subnet of this process's own: what a killed drill left behind is in nobody's way.
    network = Network(f"drill{os.getpid()}", f"10.213.{os.getpid() % 255}", hosts=list(hosts))
    try:
        _build(network)
        yield network
    finally:
        for number, host in enumerate(hosts):
            _ip("link", "del", f"{network.name}p{number}", check=False)  # at once; with its host it would go later
            _ip("netns", "del", f"{network.name}-{host}", check=False)
        _ip("link", "del", network.name, check=False)


def _build(network: Network) -> None:
    try:
        _ip("link", "add", network.name, "type", "bridge")
        _ip("addr", "add", f"{network.here}/24", "dev", network.name)
        _ip("link", "set", network.name, "up")
        for number, host in enumerate(network.hosts):
            space, port = f"{network.name}-{host}", f"{network.name}p{number}"
            _ip("netns", "add", space)
            _ip("link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", space)
            _ip("link", "set", port, "master", network.name, "up")
            _ip("-n", space, "link", "set", "lo", "up")
            _ip("-n", space, "addr", "add", f"{network.address(host)}/24", "dev", "eth0")
            _ip("-n", space, "link", "set", "eth0", "up")
    except subprocess.CalledProcessError as exc:
        raise Missing(f"network namespaces cannot be made here ({exc.stderr.strip()})") from exc


def _ip(*arguments: str, check: bool = True) -> None:
    subprocess.run(["ip", *arguments], check=check, capture_output=True, text=True)
