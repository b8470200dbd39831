"""Finds the connectors by folder name: a folder under `connectors` is all there is to add."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from hub.sdk.connector import ConnectorSpec


class ConnectorMissing(LookupError):
    """There is no usable connector of that name; the message says why and which there are."""


def connectors(package: str = "connectors") -> dict[str, ConnectorSpec]:
    """Every connector that can be loaded, by name."""
    return {name: found for name, found in _load_all(package).items() if isinstance(found, ConnectorSpec)}


def broken_connectors(package: str = "connectors") -> dict[str, str]:
    """Why each of the other folders could not be loaded, by name."""
    return {name: found for name, found in _load_all(package).items() if isinstance(found, str)}


def connector(name: str, package: str = "connectors") -> ConnectorSpec:
    """The connector called `name`; ConnectorMissing otherwise."""
    found = _load_all(package)
    match found.get(name):
        case ConnectorSpec() as spec:
            return spec
        case str() as problem:
            raise ConnectorMissing(f"The connector {name!r} cannot be loaded: {problem}")
        case _:
            usable = [known for known, spec in found.items() if isinstance(spec, ConnectorSpec)]
            raise ConnectorMissing(f"There is no connector {name!r}. There are: {', '.join(usable) or 'none'}.")


def _load_all(package: str) -> dict[str, ConnectorSpec | str]:
    folders = sorted(module.name for module in iter_modules(import_module(package).__path__) if module.ispkg)
    return {name: _load(package, name) for name in folders}


def _load(package: str, name: str) -> ConnectorSpec | str:
    try:
        spec = getattr(import_module(f"{package}.{name}"), "CONNECTOR", None)
    except Exception as exc:  # noqa: BLE001, RUF100 - a folder of somebody else's code must not stop the others
        return " ".join(f"{type(exc).__name__}: {exc}".split())
    if not isinstance(spec, ConnectorSpec):
        return f"{package}/{name}/__init__.py defines no CONNECTOR = ConnectorSpec(...)"
    if spec.name != name:
        return f"its CONNECTOR is called {spec.name!r}, but its folder {name!r}"
    return spec
